/**
 * From the write buffer to the dies: data of a zone gathers to whole stripes, stripes become programs on the zone's
 * dies in turn, and a write waits where the buffer has no room for it.
 */
import type { ZonedGeometry } from '@zonelab/qcow2-zoned';
import type { Dies } from './dies.ts';
import type { FlashTiming } from './parameters.ts';

const HOST = -1;
const NS_PER_SECOND = 1e9;

/** A write that waits for room. Lengths are bytes; the data has reached the device at `readyNs`. */
interface Waiting {
  readonly slot: number;
  readonly zone: number;
  readonly length: number;
  readonly readyNs: number;
  readonly fills: boolean;
}

/** Told of a write that has found room. */
export type Admitted = (slot: number, nowNs: number, readyNs: number) => void;

export class WritePath {
  /** Of each zone: data that makes no whole stripe yet, and data in programs that wait or run. */
  private readonly staged: Float64Array;
  private readonly programming: Float64Array;
  /** Of each zone: how many dies after its first the next program goes. */
  private readonly cursor: Uint32Array;
  private readonly diesPerZone: number;
  private readonly transferNs: number;
  private inPrograms = 0;
  private waiting: Waiting[] = [];
  /** When the data of the stripe in hand is there. */
  private readyNs = 0;

  constructor(
    private readonly timing: FlashTiming,
    geometry: ZonedGeometry,
    private readonly dies: Dies,
    private readonly admitted: Admitted,
  ) {
    this.staged = new Float64Array(geometry.zoneCount);
    this.programming = new Float64Array(geometry.zoneCount);
    this.cursor = new Uint32Array(geometry.zoneCount);
    this.diesPerZone = timing.diesPerZone || timing.dies;
    this.transferNs = Math.round((timing.programBytes / timing.channelRate) * NS_PER_SECOND);
  }

  /** The n-th die of a zone, counted round and round. */
  dieOf(zone: number, n: number): number {
    const { dies } = this.timing;
    return (((zone * this.diesPerZone) % dies) + (n % this.diesPerZone)) % dies;
  }

  /** Bytes of the zone that are still in the buffer. */
  buffered(zone: number): number {
    return (this.staged[zone] as number) + (this.programming[zone] as number);
  }

  /** @param fills the write fills the zone, so that what is staged is programmed, whole stripe or not. */
  write(
    slot: number,
    zone: number,
    length: number,
    fills: boolean,
    readyNs: number,
    nowNs: number,
  ): void {
    if (this.waiting.length > 0 || !this.hasRoom(zone, length)) {
      this.waiting.push({ slot, zone, length, readyNs, fills });
      return;
    }
    this.take(zone, length, fills, readyNs, nowNs);
    this.admitted(slot, nowNs, readyNs);
  }

  /** A program of host data has ended. */
  ended(zone: number, bytes: number, nowNs: number): void {
    this.programming[zone] = (this.programming[zone] as number) - bytes;
    this.inPrograms -= bytes;
    if (this.waiting.length > 0) this.admit(nowNs);
  }

  /** The zone is reset: what was staged is void. */
  discard(zone: number): void {
    this.staged[zone] = 0;
    this.cursor[zone] = 0;
  }

  /** Programs what is staged, whole stripe or not. */
  flush(zone: number, nowNs: number): void {
    const staged = this.staged[zone] as number;
    if (staged > 0) this.program(zone, staged, nowNs, nowNs);
    this.staged[zone] = 0;
  }

  /** Where the zone's next program goes. */
  nextDie(zone: number): number {
    const n = this.cursor[zone] as number;
    this.cursor[zone] = n + 1;
    return this.dieOf(zone, n);
  }

  private hasRoom(zone: number, length: number): boolean {
    const { bufferBytes, zoneBufferBytes } = this.timing;
    const ofZone = this.programming[zone] as number;
    const zoneFits =
      zoneBufferBytes === 0 ||
      ofZone === 0 ||
      ofZone + (this.staged[zone] as number) + length <= zoneBufferBytes;
    return (
      zoneFits &&
      (bufferBytes === 0 || this.inPrograms === 0 || this.inPrograms + length <= bufferBytes)
    );
  }

  private take(zone: number, length: number, fills: boolean, readyNs: number, nowNs: number): void {
    const { flushBytes } = this.timing;
    let staged = (this.staged[zone] as number) + length;
    this.readyNs = Math.max(readyNs, nowNs);
    while (staged >= flushBytes) {
      this.program(zone, flushBytes, this.readyNs, nowNs);
      staged -= flushBytes;
    }
    if (fills && staged > 0) {
      this.program(zone, staged, this.readyNs, nowNs);
      staged = 0;
    }
    this.staged[zone] = staged;
  }

  private program(zone: number, bytes: number, readyNs: number, nowNs: number): void {
    const { programBytes, programNs } = this.timing;
    for (let left = bytes; left > 0; left -= programBytes) {
      const part = Math.min(left, programBytes);
      this.programming[zone] = (this.programming[zone] as number) + part;
      this.inPrograms += part;
      const die = this.nextDie(zone);
      this.dies.enqueue(die, zone, part, this.transferNs + programNs, readyNs, HOST, nowNs);
    }
  }

  /** In order of arrival; a write whose own zone has no room lets others pass. */
  private admit(nowNs: number): void {
    const { bufferBytes } = this.timing;
    const left: Waiting[] = [];
    const blocked = new Set<number>();
    const { waiting } = this;
    let n = 0;
    for (; n < waiting.length; n++) {
      if (bufferBytes > 0 && this.inPrograms >= bufferBytes) break;
      const write = waiting[n] as Waiting;
      if (blocked.has(write.zone) || !this.hasRoom(write.zone, write.length)) {
        blocked.add(write.zone);
        left.push(write);
        continue;
      }
      this.take(write.zone, write.length, write.fills, write.readyNs, nowNs);
      this.admitted(write.slot, nowNs, write.readyNs);
    }
    this.waiting = n < waiting.length ? [...left, ...waiting.slice(n)] : left;
  }
}
