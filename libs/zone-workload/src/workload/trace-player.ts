/**
 * Plays a trace: at its own times, or one request after another as fast as the queue allows. Addresses go to the
 * device as they are, or through a log-structured translation.
 */
import { type Command, Op } from '../device/command.ts';
import { zoneStart } from '../device/zone-layout.ts';
import type { TraceFeed } from '../trace/feed.ts';
import { TraceOp, type TraceRecord } from '../trace/record.ts';
import type { Generator, HostView } from './generator.ts';
import type { LogTranslation } from './log-translation.ts';

export interface TraceOptions {
  readonly blockSize: number;
  /** 0: as fast as possible; 1: as recorded; 2: twice as fast. */
  readonly speed: number;
}

/** The request in hand, in blocks. */
interface Current {
  op: TraceOp;
  at: number;
  left: number;
}

export class TracePlayer implements Generator {
  overhead = false;
  wakeNs: number | undefined;
  /** Requests that were moved into the device's space, since they began or ended past it. */
  wrapped = 0;
  private readonly current: Current = { op: TraceOp.Read, at: 0, left: 0 };
  private startNs: number | undefined;

  constructor(
    private readonly view: HostView,
    private readonly feed: TraceFeed,
    private readonly translation: LogTranslation | undefined,
    private readonly options: TraceOptions,
  ) {}

  get done(): boolean {
    return this.feed.done && this.current.left === 0;
  }

  get starved(): boolean {
    return this.current.left === 0 && this.feed.starved;
  }

  get relocatedBytes(): number {
    return this.translation?.relocatedBytes ?? 0;
  }

  /** Reads on in the trace. */
  refill(): Promise<void> {
    return this.feed.refill();
  }

  next(_job: number, command: Command, nowNs: number): boolean {
    this.wakeNs = undefined;
    this.startNs ??= nowNs;
    for (;;) {
      if (this.current.left === 0 && !this.takeRecord(nowNs)) return false;
      const given = this.translation
        ? this.translated(this.translation, command)
        : this.direct(command);
      if (given !== 'nothing') return given === 'filled';
    }
  }

  private takeRecord(nowNs: number): boolean {
    const record = this.feed.peek();
    if (!record) return false;
    const { speed } = this.options;
    if (speed > 0) {
      const dueNs = (this.startNs ?? 0) + Math.round(record.timeNs / speed);
      if (dueNs > nowNs) {
        this.wakeNs = dueNs;
        return false;
      }
    }
    this.begin(record);
    this.feed.take();
    return true;
  }

  /** Whole blocks that hold the request, within the space. */
  private begin({ op, offset, length }: TraceRecord): void {
    const { blockSize } = this.options;
    const { geometry } = this.view.device;
    const space = this.translation
      ? this.translation.logicalBlocks
      : Math.floor(geometry.size / blockSize);
    const first = Math.floor(offset / blockSize);
    const end = Math.ceil((offset + length) / blockSize);
    this.current.op = op;
    this.current.at = first % space;
    this.current.left = Math.min(end - first, space - this.current.at);
    if (end > space) this.wrapped++;
  }

  private translated(
    translation: LogTranslation,
    command: Command,
  ): 'filled' | 'waits' | 'nothing' {
    const { current } = this;
    if (current.op === TraceOp.Trim) {
      translation.trim(current.at, current.left);
      current.left = 0;
      return 'nothing';
    }
    if (current.op === TraceOp.Read) {
      const { blocks, mapped } = translation.read(current.at, current.left, command);
      this.advance(blocks);
      this.overhead = false;
      return mapped ? 'filled' : 'nothing';
    }
    const { blocks, waits } = translation.write(current.at, current.left, command);
    this.overhead = translation.overhead;
    this.advance(blocks);
    return waits ? 'waits' : 'filled';
  }

  /** A request goes to the device zone by zone; a trim resets the zones that it covers wholly. */
  private direct(command: Command): 'filled' | 'waits' | 'nothing' {
    const { current } = this;
    const { blockSize } = this.options;
    const { geometry } = this.view.device;
    const blocksPerZone = geometry.zoneSize / blockSize;
    const zone = Math.floor(current.at / blocksPerZone);
    const place = current.at - zone * blocksPerZone;
    const blocks = Math.min(current.left, blocksPerZone - place);
    this.advance(blocks);
    if (current.op === TraceOp.Trim) {
      if (place !== 0 || blocks < blocksPerZone || zone < geometry.conventionalZones) {
        return 'nothing';
      }
      command.op = Op.Reset;
      command.length = 0;
    } else {
      command.op = current.op === TraceOp.Read ? Op.Read : Op.Write;
      command.length = blocks * blockSize;
    }
    command.zoneIndex = zone;
    command.offset = zoneStart(geometry, zone) + place * blockSize;
    return 'filled';
  }

  private advance(blocks: number): void {
    this.current.at += blocks;
    this.current.left -= blocks;
  }
}
