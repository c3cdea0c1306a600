/**
 * The records of a trace in order, read a batch at a time between slices of the run: memory is bounded however long
 * the trace is. Compressed input is recognized by its first bytes.
 */
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { WorkloadError } from '../errors.ts';
import { MAX_TRACE_LINE_BYTES, TRACE_BATCH_RECORDS } from '../limits.ts';
import { createLineReader } from './line-readers.ts';
import {
  type LineReader,
  type TraceFormat,
  TraceLineError,
  TraceOp,
  type TraceRecord,
} from './record.ts';

export type TraceSource = AsyncIterable<Uint8Array>;

export class TraceFeed {
  /** Whether every record has been taken. */
  done = false;
  /** Records taken so far, and lines read. */
  taken = 0;
  lines = 0;
  private readonly ops = new Uint8Array(TRACE_BATCH_RECORDS);
  private readonly times = new Float64Array(TRACE_BATCH_RECORDS);
  private readonly offsets = new Float64Array(TRACE_BATCH_RECORDS);
  private readonly lengths = new Float64Array(TRACE_BATCH_RECORDS);
  private first = 0;
  private count = 0;
  private readonly reader: LineReader;
  private readonly record: TraceRecord = { op: TraceOp.Read, timeNs: 0, offset: 0, length: 0 };
  private chunks: AsyncIterator<string> | undefined;
  private rest = '';
  private pending: string[] = [];
  private at = 0;
  private ended = false;
  private lastNs = 0;

  /** @param name of the trace, for messages. */
  constructor(
    private readonly name: string,
    format: TraceFormat,
    private readonly source: TraceSource,
  ) {
    this.reader = createLineReader(format);
  }

  /** Whether `refill` must be called before `take` can say more. */
  get starved(): boolean {
    return this.count === 0 && !this.done;
  }

  /** The next record, without taking it; undefined where there is none, or none yet. */
  peek(): TraceRecord | undefined {
    if (this.count === 0) return undefined;
    const { record, first } = this;
    record.op = this.ops[first] as TraceOp;
    record.timeNs = this.times[first] as number;
    record.offset = this.offsets[first] as number;
    record.length = this.lengths[first] as number;
    return record;
  }

  take(): void {
    this.first++;
    this.count--;
    this.taken++;
    if (this.count === 0 && this.ended) this.done = true;
  }

  /** Reads on until the batch is full or the trace ends. Throws `invalid_trace`. */
  async refill(): Promise<void> {
    if (this.count > 0) return;
    this.first = 0;
    while (this.count < TRACE_BATCH_RECORDS) {
      if (this.at === this.pending.length && !(await this.readLines())) break;
      this.parse(this.pending[this.at++] as string);
    }
    this.ended = this.at === this.pending.length && this.ended;
    if (this.count === 0) this.done = true;
  }

  private parse(line: string): void {
    this.lines++;
    if (line.trim() === '') return;
    try {
      if (!this.reader(line, this.record)) return;
    } catch (error) {
      if (!(error instanceof TraceLineError)) throw error;
      throw new WorkloadError(
        'invalid_trace',
        `${this.name}, line ${this.lines}: ${error.message}`,
      );
    }
    const { op, timeNs, offset, length } = this.record;
    // merged traces step back by a little: a request never goes before one that stands above it
    this.lastNs = Math.max(this.lastNs, timeNs);
    this.ops[this.count] = op;
    this.times[this.count] = this.lastNs;
    this.offsets[this.count] = offset;
    this.lengths[this.count] = length;
    this.count++;
  }

  private async nextChunk(): Promise<IteratorResult<string>> {
    try {
      this.chunks ??= (await openText(this.source))[Symbol.asyncIterator]();
      return await this.chunks.next();
    } catch (cause) {
      const message = `${this.name}: cannot be read: ${(cause as Error).message}`;
      throw new WorkloadError('invalid_trace', message, {}, { cause });
    }
  }

  /** False at the end of the trace. */
  private async readLines(): Promise<boolean> {
    this.pending = [];
    this.at = 0;
    while (this.pending.length === 0) {
      if (this.ended) return false;
      const { value, done } = await this.nextChunk();
      if (done) {
        this.ended = true;
        if (this.rest !== '') this.pending = [this.rest];
        this.rest = '';
        return this.pending.length > 0;
      }
      const parts = (this.rest + value).split('\n');
      this.rest = parts.pop() ?? '';
      if (this.rest.length > MAX_TRACE_LINE_BYTES) {
        const message = `${this.name}, line ${this.lines + parts.length + 1}: longer than ${MAX_TRACE_LINE_BYTES} bytes`;
        throw new WorkloadError('invalid_trace', message);
      }
      this.pending = parts;
    }
    return true;
  }
}

/**
 * Reads the first requests of a trace, some ten thousands, and tells what is wrong with them: whether a file is in the
 * format at all. Throws `invalid_trace`.
 */
export async function checkTraceStart(
  name: string,
  format: TraceFormat,
  source: TraceSource,
): Promise<void> {
  const feed = new TraceFeed(name, format, source);
  await feed.refill();
  if (feed.done) throw new WorkloadError('invalid_trace', `${name}: holds no request`);
}

/** Text of a source, unpacked where it begins as gzip does. */
async function openText(source: TraceSource): Promise<AsyncIterable<string>> {
  const iterator = source[Symbol.asyncIterator]();
  const { value: head, done } = await iterator.next();
  async function* whole() {
    if (done) return;
    yield head as Uint8Array;
    for (;;) {
      const next = await iterator.next();
      if (next.done) return;
      yield next.value;
    }
  }
  const isGzip = !done && head[0] === 0x1f && head[1] === 0x8b;
  const bytes = Readable.from(whole(), { objectMode: false });
  const plain = isGzip ? bytes.pipe(createGunzip()) : bytes;
  if (isGzip) bytes.on('error', (error) => plain.destroy(error));
  plain.setEncoding('utf8');
  return plain;
}
