/** What is known of every zone, as a struct of arrays, with the count of resources that zones hold. */

import { impossibleZone, noSuchZone } from './errors.ts';
import { LruList } from './lru.ts';
import {
  CONDITION_NAMES,
  type Zone,
  ZoneAttribute,
  type ZonedGeometry,
  ZoneState,
} from './zone.ts';

/** 1 for the conditions that hold an open slot. Indexed by condition. */
const OPEN_SLOTS = slots(ZoneState.ImplicitOpen, ZoneState.ExplicitOpen);
/** 1 for the conditions that hold an active slot. Indexed by condition. */
const ACTIVE_SLOTS = slots(ZoneState.ImplicitOpen, ZoneState.ExplicitOpen, ZoneState.Closed);

function slots(...holders: ZoneState[]): Uint8Array {
  const table = new Uint8Array(16);
  for (const state of holders) table[state] = 1;
  return table;
}

/** All positions are absolute and in bytes. Indexes are trusted, except where a method says otherwise. */
export class ZoneTable {
  readonly states: Uint8Array;
  /** A full zone keeps the end of its written data, a conventional zone its start. */
  readonly writePointers: Float64Array;
  readonly resetCounts: Uint32Array;
  /** Bits of `ZoneAttribute`. */
  readonly attributes: Uint8Array;
  openCount = 0;
  activeCount = 0;
  zrwaCount = 0;

  /** Every zone empty, conventional ones without a write pointer; `implicit` is to list the implicitly open ones. */
  constructor(
    readonly geometry: ZonedGeometry,
    readonly implicit: LruList,
  ) {
    const { zoneCount, conventionalZones } = geometry;
    this.states = new Uint8Array(zoneCount).fill(ZoneState.Empty, conventionalZones);
    this.writePointers = new Float64Array(zoneCount);
    this.resetCounts = new Uint32Array(zoneCount);
    this.attributes = new Uint8Array(zoneCount);
    for (let index = 0; index < zoneCount; index++) this.writePointers[index] = this.start(index);
  }

  state(index: number): ZoneState {
    return this.states[index] as ZoneState;
  }

  pointer(index: number): number {
    return this.writePointers[index] as number;
  }

  start(index: number): number {
    return index * this.geometry.zoneSize;
  }

  /** The zone's end; the last zone may be short. */
  end(index: number): number {
    return Math.min((index + 1) * this.geometry.zoneSize, this.geometry.size);
  }

  /** Where the zone's writable bytes end. */
  capacityEnd(index: number): number {
    return Math.min(this.start(index) + this.geometry.zoneCapacity, this.geometry.size);
  }

  has(index: number, attribute: number): boolean {
    return ((this.attributes[index] as number) & attribute) !== 0;
  }

  /** Gives a zone an attribute; conditions that end it take it back. */
  grant(index: number, attribute: number): void {
    if (this.has(index, attribute)) return;
    this.attributes[index] = (this.attributes[index] as number) | attribute;
    if (attribute === ZoneAttribute.zrwa) this.zrwaCount++;
  }

  /** Where the bytes end that can be read: the write pointer, or the end of the zone's random write area. */
  readableEnd(index: number): number {
    const pointer = this.pointer(index);
    if (!this.has(index, ZoneAttribute.zrwa)) return pointer;
    return Math.min(pointer + (this.geometry.zrwaSize ?? 0), this.capacityEnd(index));
  }

  isConventional(index: number): boolean {
    return index < this.geometry.conventionalZones;
  }

  /** Throws `lba_out_of_range` for an index that is not a zone's. */
  checkIndex(index: number): void {
    const { zoneCount } = this.geometry;
    if (!Number.isInteger(index) || index < 0 || index >= zoneCount) {
      throw noSuchZone(index, zoneCount);
    }
  }

  /** The zone as reports show it. Throws `lba_out_of_range`. */
  zone(index: number): Zone {
    this.checkIndex(index);
    const state = this.state(index);
    const start = this.start(index);
    const end = this.end(index);
    const zone: Zone = {
      index,
      type: this.isConventional(index) ? 'conventional' : 'sequential',
      condition: CONDITION_NAMES[state],
      start,
      size: end - start,
      capacity: this.capacityEnd(index) - start,
      writePointer: state === ZoneState.Full ? end : this.pointer(index),
      resetCount: this.resetCounts[index] as number,
    };
    return this.attributes[index] === 0 ? zone : { ...zone, ...this.marks(index) };
  }

  private marks(index: number): Pick<Zone, 'zrwa' | 'extension'> {
    return {
      ...(this.has(index, ZoneAttribute.zrwa) && { zrwa: true }),
      ...(this.has(index, ZoneAttribute.extension) && { extension: true }),
    };
  }

  /** The only way to another condition: takes and gives back what the two conditions hold. */
  enter(index: number, to: ZoneState): void {
    const from = this.state(index);
    this.openCount += (OPEN_SLOTS[to] as number) - (OPEN_SLOTS[from] as number);
    this.activeCount += (ACTIVE_SLOTS[to] as number) - (ACTIVE_SLOTS[from] as number);
    if (from === ZoneState.ImplicitOpen) this.implicit.remove(index);
    if (to === ZoneState.ImplicitOpen) this.implicit.add(index);
    this.states[index] = to;
    if (this.attributes[index] !== 0 && !ACTIVE_SLOTS[to]) this.endAttributes(index, to);
  }

  /** A random write area is for active zones; a descriptor extension stays until the zone is empty. */
  private endAttributes(index: number, state: ZoneState): void {
    if (this.has(index, ZoneAttribute.zrwa)) this.zrwaCount--;
    const kept = state === ZoneState.Empty ? 0 : ZoneAttribute.extension;
    this.attributes[index] = (this.attributes[index] as number) & kept;
  }

  /** Loads a zone as an image holds it: see `ZoneMachine.restore`. Throws `image_corrupt`. */
  restore(
    index: number,
    state: ZoneState,
    writePointer: number,
    resetCount: number,
    attributes: number,
  ): void {
    const start = this.start(index);
    const pointer = this.isConventional(index) ? start : writePointer;
    if (!this.isPossible(index, state, pointer)) {
      throw impossibleZone(index, state, pointer, start, this.capacityEnd(index));
    }
    const settled = pointer === start && attributes === 0 ? ZoneState.Empty : ZoneState.Closed;
    this.writePointers[index] = pointer;
    this.resetCounts[index] = resetCount;
    this.endAttributes(index, ZoneState.Empty);
    this.enter(index, ACTIVE_SLOTS[state] === 1 ? settled : state);
    for (const attribute of Object.values(ZoneAttribute))
      if (attributes & attribute) this.grant(index, attribute);
  }

  private isPossible(index: number, state: ZoneState, pointer: number): boolean {
    const end = this.capacityEnd(index);
    const { logicalBlockSize } = this.geometry;
    if (!(pointer >= this.start(index) && pointer <= end && pointer % logicalBlockSize === 0)) {
      return false;
    }
    switch (state) {
      case ZoneState.ReadOnly:
      case ZoneState.Offline:
        return true;
      case ZoneState.NotWritePointer:
        return this.isConventional(index);
      case ZoneState.Full:
        return !this.isConventional(index);
      case ZoneState.Empty:
        return !this.isConventional(index) && pointer === this.start(index);
      case ZoneState.ImplicitOpen:
      case ZoneState.ExplicitOpen:
      case ZoneState.Closed:
        return !this.isConventional(index) && pointer < end;
      default:
        return false;
    }
  }

  clone(): ZoneTable {
    const copy = new ZoneTable(this.geometry, this.implicit.clone());
    copy.states.set(this.states);
    copy.writePointers.set(this.writePointers);
    copy.resetCounts.set(this.resetCounts);
    copy.attributes.set(this.attributes);
    copy.zrwaCount = this.zrwaCount;
    copy.openCount = this.openCount;
    copy.activeCount = this.activeCount;
    return copy;
  }

  /** For tests: counts again from the conditions, and throws where the running counts or the list differ. */
  assertConsistent(): void {
    const implicit = [...this.states.keys()].filter(
      (i) => this.states[i] === ZoneState.ImplicitOpen,
    );
    const counted = {
      openCount: this.states.reduce((sum, state) => sum + (OPEN_SLOTS[state] as number), 0),
      activeCount: this.states.reduce((sum, state) => sum + (ACTIVE_SLOTS[state] as number), 0),
      zrwaCount: this.attributes.filter((bits) => bits & ZoneAttribute.zrwa).length,
      implicitCount: implicit.length,
      implicit: this.implicit.ordered ? implicit : [],
    };
    const kept = {
      openCount: this.openCount,
      activeCount: this.activeCount,
      zrwaCount: this.zrwaCount,
      implicitCount: this.implicit.size,
      implicit: this.implicit.ordered ? [...this.implicit].sort((a, b) => a - b) : [],
    };
    if (JSON.stringify(counted) !== JSON.stringify(kept)) {
      throw new Error(`zones say ${JSON.stringify(counted)}, kept is ${JSON.stringify(kept)}`);
    }
  }
}
