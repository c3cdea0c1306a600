/**
 * Zstandard (RFC 8878) as it arrives. Node 20 has no decoder, and the one used here would take any window and any number
 * of blocks at once: the frames are walked first, and handed on block by block, of which each is 128 KiB at most.
 */

import { Decompress } from 'fzstd';
import { ProblemError } from '../http/problem.ts';
import { MAX_ZSTD_WINDOW_BYTES } from '../limits.ts';

const FRAME_MAGIC = 0xfd2f_b528;
const SKIPPABLE_MAGIC = 0x184d_2a50;
const SKIPPABLE_MASK = 0xffff_fff0;
const MAX_BLOCK_BYTES = 128 * 1024;
const RLE_BLOCK = 1;

/** Decompresses frame after frame. Throws the problem 400 for what is no zstd, or is cut off. */
export async function* unzstd(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const input = new Bytes(body);
  for (let magic = await input.next(4); magic !== undefined; magic = await input.next(4)) {
    const number = magic.readUInt32LE();
    if ((number & SKIPPABLE_MASK) >>> 0 === SKIPPABLE_MAGIC)
      await input.skip((await input.take(4)).readUInt32LE());
    else if (number === FRAME_MAGIC) yield* frame(input, magic);
    else throw broken('no zstd frame where one should begin');
  }
}

async function* frame(input: Bytes, magic: Buffer): AsyncGenerator<Buffer> {
  const { head, hasChecksum } = await readHead(input);
  const decoded: Uint8Array[] = [];
  const decoder = new Decompress((chunk) => decoded.push(chunk));
  const push = (chunk: Buffer, isLast = false): Buffer[] => {
    try {
      decoder.push(chunk, isLast);
    } catch (cause) {
      throw broken('a zstd block cannot be decoded', cause);
    }
    return decoded.splice(0).map((part) => Buffer.from(part)); // it writes over its window later
  };
  yield* push(Buffer.concat([magic, head]));
  for (let isLast = false; !isLast; ) {
    const header = await input.take(3);
    const bits = header.readUIntLE(0, 3);
    isLast = (bits & 1) === 1;
    const size = bits >>> 3;
    if (size > MAX_BLOCK_BYTES) throw broken(`a zstd block of ${size} bytes`);
    const content = await input.take(((bits >>> 1) & 3) === RLE_BLOCK ? 1 : size);
    const checksum = isLast && hasChecksum ? await input.take(4) : Buffer.alloc(0);
    yield* push(Buffer.concat([header, content, checksum]), isLast);
  }
}

/** The frame header after its magic, with a window that may be had. */
async function readHead(input: Bytes): Promise<{ head: Buffer; hasChecksum: boolean }> {
  const descriptor = (await input.take(1)).readUInt8();
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const sizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >>> 6] as number;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] as number;
  const rest = await input.take((isSingleSegment ? 0 : 1) + dictionaryBytes + sizeBytes);
  const window = isSingleSegment
    ? contentSize(rest.subarray(rest.length - sizeBytes))
    : windowSize(rest.readUInt8());
  if (window > MAX_ZSTD_WINDOW_BYTES) {
    const detail = `body: a zstd window of ${window} bytes, allowed are at most ${MAX_ZSTD_WINDOW_BYTES}`;
    throw new ProblemError({ status: 422, code: 'invalid_request', detail });
  }
  return {
    head: Buffer.concat([Buffer.of(descriptor), rest]),
    hasChecksum: (descriptor & 4) !== 0,
  };
}

function windowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >>> 3));
  return base + (base / 8) * (descriptor & 7);
}

function contentSize(field: Buffer): number {
  if (field.length === 8) return Number(field.readBigUInt64LE());
  const value = field.readUIntLE(0, field.length);
  return field.length === 2 ? value + 256 : value;
}

/** Exact pieces of a stream. */
class Bytes {
  private readonly source: AsyncIterator<Buffer>;
  private rest: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.source = source[Symbol.asyncIterator]();
  }

  /** Undefined at the end. */
  async next(length: number): Promise<Buffer | undefined> {
    return (await this.fill(1)) ? this.take(length) : undefined;
  }

  async take(length: number): Promise<Buffer> {
    if (!(await this.fill(length))) throw broken('the zstd stream is cut off');
    const taken = this.rest.subarray(0, length);
    this.rest = this.rest.subarray(length);
    return taken;
  }

  async skip(length: number): Promise<void> {
    for (let left = length; left > 0; ) {
      const step = Math.min(left, MAX_BLOCK_BYTES);
      await this.take(step);
      left -= step;
    }
  }

  private async fill(length: number): Promise<boolean> {
    const parts = [this.rest];
    let present = this.rest.length;
    while (present < length) {
      const { value, done } = await this.source.next();
      if (done) break;
      parts.push(value);
      present += value.length;
    }
    if (parts.length > 1) this.rest = Buffer.concat(parts);
    return present >= length;
  }
}

function broken(what: string, cause?: unknown): ProblemError {
  const detail = `body: ${what}`;
  return new ProblemError({ status: 400, code: 'bad_request', detail }, { cause });
}
