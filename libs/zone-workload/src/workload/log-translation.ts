/**
 * A log-structured translation on the host: random writes of blocks become sequential writes to zones. Host data and
 * relocated data go to zones of their own; when free zones run short, the full zone with the fewest valid blocks is
 * collected: its valid blocks are read and written again, and it is reset. Nothing is assumed of write
 * amplification; it is what this does.
 */
import { ZoneState } from '@zonelab/qcow2-zoned';
import { type Command, Op } from '../device/command.ts';
import { type Span, zoneCapacity, zoneStart } from '../device/zone-layout.ts';
import { MAX_TRANSLATED_BYTES } from '../limits.ts';
import type { HostView } from './generator.ts';

const NONE = -1;
/** Free zones below which collection begins: one for the host, one to relocate into, one in hand. */
const LOW_WATER = 3;

export class LogTranslation {
  /** Bytes of blocks that collection has written again. */
  relocatedBytes = 0;
  /** Zones collected. */
  collections = 0;
  /** Whether the command given out last is collection's. */
  overhead = false;
  private readonly blocksPerZone: number;
  /** Where a logical block is, and which logical block is where; physical blocks are counted over the span. */
  private readonly map: Int32Array;
  private readonly owners: Int32Array;
  private readonly valid: Int32Array;
  private readonly free: number[] = [];
  private hostZone = NONE;
  private copyZone = NONE;
  private victim = NONE;
  /** Block of the victim that collection looks at next. */
  private scanned = 0;
  /** Blocks of the victim that were read and not written yet: first and how many. */
  private copyFrom = 0;
  private copyCount = 0;
  private readonly maxBlocks: number;

  constructor(
    private readonly view: HostView,
    private readonly span: Span,
    private readonly blockSize: number,
    readonly logicalBlocks: number,
  ) {
    const { geometry } = view.device;
    this.blocksPerZone = Math.floor(geometry.zoneCapacity / blockSize);
    this.map = new Int32Array(logicalBlocks).fill(NONE);
    this.owners = new Int32Array(span.count * this.blocksPerZone).fill(NONE);
    this.valid = new Int32Array(span.count);
    this.maxBlocks = Math.max(1, Math.floor(MAX_TRANSLATED_BYTES / blockSize));
    // zones that hold something else are collected when they are needed: nothing in them is valid
    for (let place = span.count - 1; place >= 0; place--) {
      if (view.device.occupied(span.first + place) === 0) this.free.push(place);
    }
  }

  /**
   * The next command for a write of `count` blocks from `logical` on: fills it in and returns how many of the blocks
   * it covers. 0: it is collection's command, or (`waits`) nothing can be submitted yet.
   */
  write(logical: number, count: number, command: Command): { blocks: number; waits: boolean } {
    this.overhead = false;
    const collecting = this.collect(command);
    if (collecting !== 'idle') return { blocks: 0, waits: collecting === 'waits' };
    if (this.hostZone === NONE || this.leftIn(this.hostZone) === 0) {
      const next = this.takeFree();
      if (next === NONE) return { blocks: 0, waits: true };
      this.hostZone = next;
    }
    const blocks = Math.min(count, this.leftIn(this.hostZone), this.maxBlocks);
    const at = this.put(this.hostZone, blocks, command);
    for (let n = 0; n < blocks; n++) this.assign(logical + n, at + n);
    return { blocks, waits: false };
  }

  /**
   * The next command for a read: how many blocks it covers, and whether they are anywhere: blocks never written need
   * no command.
   */
  read(logical: number, count: number, command: Command): { blocks: number; mapped: boolean } {
    this.overhead = false;
    const at = this.map[logical] as number;
    const limit = Math.min(count, this.maxBlocks);
    let blocks = 1;
    if (at === NONE) {
      while (blocks < limit && this.map[logical + blocks] === NONE) blocks++;
      return { blocks, mapped: false };
    }
    const zoneEnd = (Math.floor(at / this.blocksPerZone) + 1) * this.blocksPerZone;
    while (blocks < limit && at + blocks < zoneEnd && this.map[logical + blocks] === at + blocks) {
      blocks++;
    }
    this.address(command, Op.Read, at, blocks);
    return { blocks, mapped: true };
  }

  trim(logical: number, count: number): void {
    for (let n = 0; n < count; n++) {
      this.release(logical + n);
      this.map[logical + n] = NONE;
    }
  }

  /** Goes on with collection where free zones are short. `filled`: the command is to be submitted. */
  private collect(command: Command): 'filled' | 'waits' | 'idle' {
    if (this.victim === NONE) {
      if (this.free.length >= LOW_WATER) return 'idle';
      this.victim = this.choose();
      if (this.victim === NONE) return 'idle';
      this.scanned = 0;
      this.collections++;
    }
    this.overhead = true;
    if (this.copyCount > 0) return this.copy(command);
    const { start, count } = this.nextValid();
    if (count === 0) return this.erase(command);
    [this.copyFrom, this.copyCount] = [start, count];
    this.address(command, Op.Read, this.victim * this.blocksPerZone + start, count);
    return 'filled';
  }

  private copy(command: Command): 'filled' | 'waits' {
    if (this.copyZone === NONE || this.leftIn(this.copyZone) === 0) {
      this.copyZone = this.takeFree();
      if (this.copyZone === NONE) return 'waits';
    }
    const blocks = Math.min(this.copyCount, this.leftIn(this.copyZone));
    const from = this.victim * this.blocksPerZone + this.copyFrom;
    const at = this.put(this.copyZone, blocks, command);
    for (let n = 0; n < blocks; n++) {
      const logical = this.owners[from + n] as number;
      // the host may have written the block anew since it was read
      if (logical !== NONE) this.assign(logical, at + n);
    }
    this.copyFrom += blocks;
    this.copyCount -= blocks;
    this.relocatedBytes += blocks * this.blockSize;
    return 'filled';
  }

  /** The next run of valid blocks of the victim. */
  private nextValid(): { start: number; count: number } {
    const base = this.victim * this.blocksPerZone;
    while (this.scanned < this.blocksPerZone && this.owners[base + this.scanned] === NONE) {
      this.scanned++;
    }
    const start = this.scanned;
    while (
      this.scanned < this.blocksPerZone &&
      this.scanned - start < this.maxBlocks &&
      this.owners[base + this.scanned] !== NONE
    ) {
      this.scanned++;
    }
    return { start, count: this.scanned - start };
  }

  /** Resets the victim, once everything that was copied out of it is written. */
  private erase(command: Command): 'filled' | 'waits' {
    const { writesInFlight, managed, device } = this.view;
    const zone = this.span.first + this.victim;
    const copies = this.copyZone === NONE ? 0 : writesInFlight[this.span.first + this.copyZone];
    if (copies !== 0 || writesInFlight[zone] !== 0 || managed[zone] === 1) return 'waits';
    command.op = Op.Reset;
    command.zoneIndex = zone;
    command.offset = zoneStart(device.geometry, zone);
    command.length = 0;
    this.free.unshift(this.victim);
    this.victim = NONE;
    return 'filled';
  }

  /** The written zone with the fewest valid blocks; none where no zone would give anything. */
  private choose(): number {
    let best = NONE;
    for (let place = 0; place < this.span.count; place++) {
      if (place === this.hostZone || place === this.copyZone) continue;
      if (this.view.device.occupied(this.span.first + place) === 0) continue; // it is free
      if (best === NONE || (this.valid[place] as number) < (this.valid[best] as number)) {
        best = place;
      }
    }
    return best !== NONE && (this.valid[best] as number) < this.blocksPerZone ? best : NONE;
  }

  private takeFree(): number {
    const place = this.free[this.free.length - 1];
    if (place === undefined || this.view.managed[this.span.first + place] === 1) return NONE;
    this.free.length--;
    return place;
  }

  private leftIn(place: number): number {
    const zone = this.span.first + place;
    const { device } = this.view;
    if (device.state(zone) === ZoneState.Full) return 0;
    const left = zoneCapacity(device.geometry, zone) - device.occupied(zone);
    return Math.floor(left / this.blockSize);
  }

  /** A write of blocks at the zone's write pointer. Returns its first physical block. */
  private put(place: number, blocks: number, command: Command): number {
    const at =
      place * this.blocksPerZone +
      this.view.device.occupied(this.span.first + place) / this.blockSize;
    this.address(command, Op.Write, at, blocks);
    return at;
  }

  private address(command: Command, op: Op, at: number, blocks: number): void {
    const place = Math.floor(at / this.blocksPerZone);
    const zone = this.span.first + place;
    command.op = op;
    command.zoneIndex = zone;
    command.offset =
      zoneStart(this.view.device.geometry, zone) +
      (at - place * this.blocksPerZone) * this.blockSize;
    command.length = blocks * this.blockSize;
  }

  private assign(logical: number, at: number): void {
    this.release(logical);
    this.map[logical] = at;
    this.owners[at] = logical;
    const place = Math.floor(at / this.blocksPerZone);
    this.valid[place] = (this.valid[place] as number) + 1;
  }

  private release(logical: number): void {
    const at = this.map[logical] as number;
    if (at === NONE) return;
    this.owners[at] = NONE;
    const place = Math.floor(at / this.blocksPerZone);
    this.valid[place] = (this.valid[place] as number) - 1;
  }
}
