/**
 * A rotating disk as a mechanism: one head that seeks, waits for its sector and transfers, and serves the shortest
 * access of the queue first; a write cache, and read-ahead.
 */
import type { ZonedGeometry } from '@zonelab/qcow2-zoned';
import { type Command, isManagement, Op, writesData } from '../command.ts';
import type { CompletionSink, Effect, TimingModel } from '../timing.ts';
import type { DiskTiming } from './parameters.ts';

const NS_PER_SECOND = 1e9;

/** What the head has to do. `slot` -1: the host has its answer already. */
interface MediaWork {
  readonly slot: number;
  readonly op: Op;
  readonly offset: number;
  readonly length: number;
  readonly askedNs: number;
}

export class DiskTimingModel implements TimingModel {
  nextNs = Number.POSITIVE_INFINITY;
  private sink: CompletionSink | undefined;
  private readonly pending: MediaWork[] = [];
  /** Writes that found the cache full, in order of arrival. */
  private readonly blocked: MediaWork[] = [];
  private current: MediaWork | undefined;
  private cachedBytes = 0;
  /** Where the head is, in bytes from the start of the device, and since when. */
  private headAt = 0;
  private headSinceNs = 0;
  private lastWasRead = false;
  private readonly spent = { electronics: 0, queueWait: 0, seek: 0, rotation: 0, transfer: 0 };

  constructor(
    private readonly timing: DiskTiming,
    private readonly geometry: ZonedGeometry,
  ) {}

  attach(sink: CompletionSink): void {
    this.sink = sink;
  }

  submit(slot: number, command: Command, effect: Effect, nowNs: number): void {
    const { op, offset, length, zoneIndex } = command;
    const { commandNs, writeCacheBytes } = this.timing;
    this.spent.electronics += commandNs;
    const askedNs = nowNs + commandNs;
    if (effect.refused) {
      this.sink?.complete(slot, askedNs);
      return;
    }
    const at =
      op === Op.Append ? zoneIndex * this.geometry.zoneSize + effect.occupiedBefore : offset;
    const work = { slot, op, offset: at, length, askedNs };
    if (writesData(op) && writeCacheBytes > 0) this.cache(work);
    else this.pending.push(work);
    if (!this.current) this.startNext(nowNs);
  }

  tick(): void {
    const nowNs = this.nextNs;
    const { current } = this;
    if (current) {
      this.current = undefined;
      this.headSinceNs = nowNs;
      if (!isManagement(current.op)) {
        this.headAt = current.offset + current.length;
        this.lastWasRead = current.op === Op.Read;
      }
      if (current.slot >= 0) this.sink?.complete(current.slot, nowNs);
      else this.release(current.length, nowNs);
    }
    this.startNext(nowNs);
  }

  breakdownNs(): Readonly<Record<string, number>> {
    return { ...this.spent };
  }

  private cache(work: MediaWork): void {
    const { writeCacheBytes, interfaceRate } = this.timing;
    const fits = this.cachedBytes === 0 || this.cachedBytes + work.length <= writeCacheBytes;
    if (this.blocked.length > 0 || !fits) {
      this.blocked.push(work);
      return;
    }
    const movedNs = work.askedNs + Math.round((work.length / interfaceRate) * NS_PER_SECOND);
    this.cachedBytes += work.length;
    this.pending.push({ ...work, slot: -1, askedNs: movedNs });
    this.sink?.complete(work.slot, movedNs);
  }

  private release(bytes: number, nowNs: number): void {
    this.cachedBytes -= bytes;
    while (this.blocked.length > 0) {
      const [first] = this.blocked as [MediaWork];
      const { writeCacheBytes } = this.timing;
      if (this.cachedBytes > 0 && this.cachedBytes + first.length > writeCacheBytes) return;
      this.blocked.shift();
      this.spent.queueWait += Math.max(0, nowNs - first.askedNs);
      const held = this.blocked.splice(0);
      this.cache({ ...first, askedNs: Math.max(nowNs, first.askedNs) });
      this.blocked.push(...held);
    }
  }

  /** The pending work with the shortest access; of equal ones the first that came. */
  private startNext(nowNs: number): void {
    const { pending } = this;
    this.nextNs = Number.POSITIVE_INFINITY;
    if (pending.length === 0) return;
    let best = 0;
    let bestNs = Number.POSITIVE_INFINITY;
    const visible = Math.min(pending.length, this.timing.queueDepth);
    for (let n = 0; n < visible; n++) {
      const { accessNs } = this.access(pending[n] as MediaWork, nowNs);
      if (accessNs < bestNs) [best, bestNs] = [n, accessNs];
    }
    const [work] = pending.splice(best, 1) as [MediaWork];
    const { seekNs, accessNs, transferNs } = this.access(work, nowNs);
    this.spent.queueWait += Math.max(0, nowNs - work.askedNs);
    this.spent.seek += seekNs;
    this.spent.rotation += Math.max(0, accessNs - seekNs);
    this.spent.transfer += transferNs;
    this.current = work;
    this.nextNs = Math.max(nowNs, Math.round(nowNs + accessNs + transferNs));
  }

  /** What it costs to begin with the work now. Negative access: read-ahead has begun with it already. */
  private access(
    { op, offset, length, askedNs }: MediaWork,
    nowNs: number,
  ): { seekNs: number; accessNs: number; transferNs: number } {
    const { seekNs, strokeNs, revolutionNs, readAheadBytes, manageNs } = this.timing;
    if (isManagement(op)) return { seekNs: 0, accessNs: 0, transferNs: manageNs };
    const rate = this.rateAt(offset);
    const transferNs = (length / rate) * NS_PER_SECOND;
    const startNs = Math.max(nowNs, askedNs);
    const sinceNs = startNs - this.headSinceNs;
    if (offset === this.headAt && op === Op.Read && this.lastWasRead) {
      const ahead = (sinceNs / NS_PER_SECOND) * rate;
      if (ahead <= readAheadBytes) {
        const accessNs = Math.max(this.headSinceNs - nowNs, startNs - nowNs - transferNs);
        return { seekNs: 0, accessNs, transferNs };
      }
    }
    const trackBytes = rate * (revolutionNs / NS_PER_SECOND);
    const distance = Math.abs(offset - this.headAt);
    const moves = distance >= trackBytes;
    const moveNs = moves ? seekNs + strokeNs * Math.sqrt(distance / this.geometry.size) : 0;
    const arriveNs = startNs + moveNs;
    const isNext = offset === this.headAt && sinceNs <= 0;
    const wanted = this.angleOf(offset, trackBytes);
    const turned = (arriveNs / revolutionNs) % 1;
    const waitNs = isNext ? 0 : ((((wanted - turned) % 1) + 1) % 1) * revolutionNs;
    return { seekNs: moveNs, accessNs: startNs - nowNs + moveNs + waitNs, transferNs };
  }

  /** Where on its track a byte lies, in turns. Tracks begin anew in every zone. */
  private angleOf(offset: number, trackBytes: number): number {
    return ((offset % this.geometry.zoneSize) / trackBytes) % 1;
  }

  private rateAt(offset: number): number {
    const { outerRate, innerRate } = this.timing;
    const { zoneSize, size } = this.geometry;
    const share = (Math.floor(offset / zoneSize) * zoneSize) / size;
    return outerRate - (outerRate - innerRate) * share;
  }
}
