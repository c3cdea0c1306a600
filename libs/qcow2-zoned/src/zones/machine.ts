/**
 * The zone state machine: which commands a zoned device accepts, and what they do to its zones. No I/O, so
 * that images and simulated devices share it. Every command is checked whole before it changes anything.
 */

import { Admission, limitsOf, type ZoneMachineOptions } from './admission.ts';
import * as errors from './errors.ts';
import { validateGeometry } from './geometry.ts';
import { LruList } from './lru.ts';
import { RULE_BOOKS, type RuleBook } from './rules.ts';
import { ZoneTable } from './table.ts';
import {
  type Zone,
  type ZoneAction,
  ZoneAttribute,
  type ZonedGeometry,
  ZoneState,
  type ZoneTransition,
} from './zone.ts';

/** What is done to one zone by name. */
export type ManagedAction = ZoneAction | 'commit' | 'set-extension';

/** A sequential zone's condition. */
type SequentialState = Exclude<ZoneState, typeof ZoneState.NotWritePointer>;

/** All offsets and lengths are bytes. Refusals are `ImageError`s with the codes of `ZoneErrorCode`. */
export class ZoneMachine {
  /** Condition of each zone, a `ZoneState`. Read only: commands change it. */
  readonly states: Uint8Array;
  /** Absolute; a full zone keeps the end of its written data, a conventional one its start. Read only. */
  readonly writePointers: Float64Array;
  /** Resets that moved a write pointer or emptied a full zone. Read only. */
  readonly resetCounts: Uint32Array;
  /** Bits of `ZoneAttribute` of each zone. Read only. */
  readonly attributes: Uint8Array;
  /** Told of every change of condition, in order, once it has happened. Must not throw, nor give commands. */
  onTransition?: ((transition: ZoneTransition) => void) | undefined;

  private readonly rules: RuleBook;
  private readonly admission: Admission;

  /** Throws `invalid_option` for a geometry that cannot be. `table` is for `clone`: else all zones are empty. */
  constructor(
    readonly geometry: ZonedGeometry,
    private readonly options: ZoneMachineOptions = {},
    private readonly table: ZoneTable = newTable(geometry, options),
  ) {
    this.states = table.states;
    this.writePointers = table.writePointers;
    this.resetCounts = table.resetCounts;
    this.attributes = table.attributes;
    this.rules = RULE_BOOKS[geometry.profile];
    this.admission = new Admission(table, this.rules, options);
  }

  /** Zones in an open condition. */
  get openCount(): number {
    return this.table.openCount;
  }

  /**
   * Zones in an open condition or closed. `restore` and `retract` may lift it above the limit: no zone becomes
   * active then until it is below again.
   */
  get activeCount(): number {
    return this.table.activeCount;
  }

  /** Throws what a read would be refused with. */
  checkRead(offset: number, length: number): void {
    this.admission.read(offset, length);
  }

  /** Throws what a write would be refused with, and changes nothing. */
  checkWrite(offset: number, length: number): void {
    this.admission.write(offset, length);
  }

  /** Accepts a write, or a write of zeroes: the write pointer advances now, whenever the data follows. */
  write(offset: number, length: number): void {
    const index = this.admission.write(offset, length);
    if (this.table.isConventional(index)) return;
    if (this.attributes[index] !== 0 && this.table.has(index, ZoneAttribute.zrwa))
      this.writeInArea(index, offset + length);
    else this.advance(index, length, 'write');
  }

  /** Where the bytes of a sequential zone end that can be read: its write pointer, or its random write area's end. */
  readableEnd(index: number): number {
    return this.table.readableEnd(index);
  }

  /**
   * Opens an empty zone with a zone random write area (NVMe ZNS 1.1, Open Zone with ZRWAA). A zone that has one is
   * opened as `open` does. Throws `zrwa_unavailable` where all areas are taken.
   */
  openWithZrwa(index: number): void {
    const state = this.sequentialState('open', index);
    if (this.table.has(index, ZoneAttribute.zrwa)) {
      this.open(index);
      return;
    }
    const span = this.spanOf(index);
    this.admission.randomWriteArea(index, span);
    if (state !== ZoneState.Empty) throw this.admission.notManageable('open', index);
    this.admission.activeSlot('open', index, span.offset, span.length);
    this.admission.openSlots(1, 'open', index, span.offset, span.length);
    this.admission.freeArea(index, span);
    this.makeRoom();
    this.table.grant(index, ZoneAttribute.zrwa);
    this.enter(index, ZoneState.ExplicitOpen, 'open');
  }

  /** Where the write pointer of a zone with a random write area is after a write that ends at `end`. */
  committedBy(index: number, end: number): number {
    const { zrwaSize = 0, zrwaFlushGranularity = 1 } = this.geometry;
    const pointer = this.table.pointer(index);
    const units = Math.max(0, Math.ceil((end - pointer - zrwaSize) / zrwaFlushGranularity));
    return Math.min(pointer + units * zrwaFlushGranularity, this.table.capacityEnd(index));
  }

  /** Throws what `commit` would be refused with. */
  checkCommit(index: number, end: number): void {
    this.sequentialState('commit', index);
    this.admission.commit(index, end, this.spanOf(index));
  }

  /**
   * Commits a zone's random write area up to `end` (absolute, bytes; whole units from the write pointer, or the end
   * of the capacity): the write pointer moves there. Throws `invalid_field`.
   */
  commit(index: number, end: number): void {
    this.checkCommit(index, end);
    this.moveCommitted(index, end, 'commit');
  }

  /** An empty zone gets a descriptor extension, and is closed. Throws `invalid_zone_transition` for any other. */
  setExtension(index: number): void {
    const state = this.sequentialState('set-extension', index);
    const span = this.spanOf(index);
    this.admission.extensions(index, span);
    if (state !== ZoneState.Empty) throw this.admission.notManageable('set-extension', index);
    this.admission.activeSlot('set-extension', index, span.offset, span.length);
    this.table.grant(index, ZoneAttribute.extension);
    this.enter(index, ZoneState.Closed, 'set-extension');
  }

  /** Accepts an append to the zone that starts at `zoneStart`; returns the address of its data. */
  append(zoneStart: number, length: number): number {
    const index = this.admission.append(zoneStart, length);
    const address = this.table.pointer(index);
    this.advance(index, length, 'append');
    return address;
  }

  /**
   * An accepted write failed: the write pointer falls back to `goodEnd`, the end of the zone's good data, and
   * never rises. A zone that writes had filled is full no longer, and keeps its descriptor extension; one that was
   * finished stays full.
   */
  retract(index: number, goodEnd: number): void {
    this.table.checkIndex(index);
    const end = this.table.pointer(index);
    if (this.table.isConventional(index) || !(goodEnd < end)) return;
    const start = this.table.start(index);
    const state = this.table.state(index);
    this.writePointers[index] = Math.max(goodEnd, start);
    if (state === ZoneState.Full && end === this.table.capacityEnd(index)) {
      const idle = goodEnd <= start && this.attributes[index] === 0;
      this.enter(index, idle ? ZoneState.Empty : ZoneState.Closed, 'fault');
    } else if (state === ZoneState.Closed) {
      this.enterClosed(index, 'fault');
    }
  }

  open(index: number): void {
    const state = this.sequentialState('open', index);
    switch (state) {
      case ZoneState.Empty:
      case ZoneState.Closed: {
        const { offset, length } = this.spanOf(index);
        if (state === ZoneState.Empty) this.admission.activeSlot('open', index, offset, length);
        this.admission.openSlots(1, 'open', index, offset, length);
        this.makeRoom();
        this.enter(index, ZoneState.ExplicitOpen, 'open');
        break;
      }
      case ZoneState.ImplicitOpen:
        this.enter(index, ZoneState.ExplicitOpen, 'open');
        break;
      case ZoneState.ExplicitOpen:
        return;
      case ZoneState.Full:
        this.ignoreOrRefuse('open', index);
        break;
      case ZoneState.ReadOnly:
      case ZoneState.Offline:
        throw this.admission.notManageable('open', index);
    }
  }

  close(index: number): void {
    const state = this.sequentialState('close', index);
    switch (state) {
      case ZoneState.ImplicitOpen:
      case ZoneState.ExplicitOpen:
        this.enterClosed(index, 'close');
        break;
      case ZoneState.Closed:
        return;
      case ZoneState.Empty:
      case ZoneState.Full:
        this.ignoreOrRefuse('close', index);
        break;
      case ZoneState.ReadOnly:
      case ZoneState.Offline:
        throw this.admission.notManageable('close', index);
    }
  }

  finish(index: number): void {
    const state = this.sequentialState('finish', index);
    switch (state) {
      case ZoneState.Empty:
      case ZoneState.Closed:
        if (this.rules.finishNeedsOpenSlot) {
          const { offset, length } = this.spanOf(index);
          this.admission.openSlots(1, 'finish', index, offset, length);
          this.makeRoom();
        }
        this.enter(index, ZoneState.Full, 'finish');
        break;
      case ZoneState.ImplicitOpen:
      case ZoneState.ExplicitOpen:
        this.enter(index, ZoneState.Full, 'finish');
        break;
      case ZoneState.Full:
        return;
      case ZoneState.ReadOnly:
      case ZoneState.Offline:
        throw this.admission.notManageable('finish', index);
    }
  }

  reset(index: number): void {
    const state = this.sequentialState('reset', index);
    switch (state) {
      case ZoneState.Empty:
        return;
      case ZoneState.ImplicitOpen:
      case ZoneState.ExplicitOpen:
      case ZoneState.Closed:
      case ZoneState.Full: {
        const start = this.table.start(index);
        if (state === ZoneState.Full || this.table.pointer(index) !== start) {
          this.resetCounts[index] = (this.resetCounts[index] as number) + 1;
        }
        this.writePointers[index] = start;
        this.enter(index, ZoneState.Empty, 'reset');
        break;
      }
      case ZoneState.ReadOnly:
      case ZoneState.Offline:
        throw this.admission.notManageable('reset', index);
    }
  }

  /** Gives up a read-only zone for good. Both rule books: ZBC has no such command, and it is of use there too. */
  offline(index: number): void {
    const state = this.sequentialState('offline', index);
    if (state === ZoneState.Offline) return;
    if (state !== ZoneState.ReadOnly) throw this.admission.notManageable('offline', index);
    this.enter(index, ZoneState.Offline, 'offline');
  }

  /** One action on one zone, for callers that have the action as data. */
  manage(action: ZoneAction, index: number): void {
    this[action](index);
  }

  /** Opens all closed zones, or none. */
  openAll(): void {
    this.manageAll('open');
  }

  /** Closes all open zones. */
  closeAll(): void {
    this.manageAll('close');
  }

  /** Finishes all open and closed zones; empty ones stay empty. */
  finishAll(): void {
    this.manageAll('finish');
  }

  /** Resets all sequential zones that are neither read-only nor offline. */
  resetAll(): void {
    this.manageAll('reset');
  }

  /** "Select all": acts on the zones that the action is meant for, never on a conventional one. */
  manageAll(action: ZoneAction): void {
    this.manageSelected(action, 0, this.geometry.zoneCount);
  }

  /**
   * The range starts at a zone's start and ends at a zone's end. One zone long, it is the action on that zone,
   * with its refusals; longer, it selects among its zones as `manageAll` does.
   */
  manageRange(action: ZoneAction, offset: number, length: number): void {
    this.admission.span(action, offset, length);
    const { zoneSize, size } = this.geometry;
    const zone = this.zone(this.zoneIndexOf(offset));
    const end = offset + length;
    if (offset !== zone.start) {
      throw errors.misaligned(zone, { offset, length }, action, 'offset', zoneSize);
    }
    if (end % zoneSize !== 0 && end !== size) {
      throw errors.misaligned(zone, { offset, length }, action, 'length', zoneSize);
    }
    if (length === zone.size) this.manage(action, zone.index);
    else this.manageSelected(action, zone.index, Math.ceil(end / zoneSize));
  }

  /** Fault injection: any zone, in any condition, becomes read-only. */
  setReadOnly(index: number): void {
    this.table.checkIndex(index);
    this.enter(index, ZoneState.ReadOnly, 'fault');
  }

  /** Fault injection: any zone, in any condition, becomes offline. */
  setOffline(index: number): void {
    this.table.checkIndex(index);
    this.enter(index, ZoneState.Offline, 'fault');
  }

  /**
   * Loads a zone as a zone table holds it; reports no transition. No zone stays open without power: open and
   * closed zones become closed, or empty where nothing was written. Throws `image_corrupt` for a zone that no
   * sequence of commands leads to.
   */
  restore(
    index: number,
    state: ZoneState,
    writePointer: number,
    resetCount: number,
    attributes = 0,
  ): void {
    this.table.checkIndex(index);
    this.table.restore(index, state, writePointer, resetCount, attributes);
  }

  /** An independent copy, without the listener: to rehearse commands before any takes effect. */
  clone(): ZoneMachine {
    return new ZoneMachine(this.geometry, this.options, this.table.clone());
  }

  /** The zone as reports show it. Throws `lba_out_of_range`. */
  zone(index: number): Zone {
    return this.table.zone(index);
  }

  /** Up to `count` zones from index `from`, fewer at the end of the device. Throws `lba_out_of_range`. */
  report(from: number, count: number): Zone[] {
    const end = Math.min(from + count, this.geometry.zoneCount);
    const zones: Zone[] = [];
    for (let index = from; index < end; index++) zones.push(this.table.zone(index));
    return zones;
  }

  /** Throws `lba_out_of_range`. */
  zoneIndexOf(offset: number): number {
    const { size, zoneSize } = this.geometry;
    if (!(offset >= 0 && offset < size)) {
      throw errors.outOfRange(undefined, { offset, length: 0 }, 'look-up', size);
    }
    return Math.floor(offset / zoneSize);
  }

  /** For tests: throws where the counts or the order of implicitly open zones contradict the conditions. */
  assertConsistent(): void {
    this.table.assertConsistent();
  }

  private sequentialState(action: ManagedAction, index: number): SequentialState {
    this.table.checkIndex(index);
    if (this.table.isConventional(index)) {
      throw errors.conventional(this.zone(index), this.spanOf(index), action);
    }
    return this.table.state(index) as SequentialState;
  }

  private spanOf(index: number): errors.Span {
    const offset = this.table.start(index);
    return { offset, length: this.table.end(index) - offset };
  }

  private ignoreOrRefuse(action: ZoneAction, index: number): void {
    if (!this.rules.ignoresIdleCommands) throw this.admission.notManageable(action, index);
  }

  private manageSelected(action: ZoneAction, first: number, end: number): void {
    const selected: number[] = [];
    for (let index = first; index < end; index++) {
      const selects = SELECTS[action] & (1 << this.table.state(index));
      if (selects && !this.table.isConventional(index)) selected.push(index);
    }
    const [leader] = selected;
    if (leader === undefined) return;
    if (action === 'open') {
      const { offset, length } = this.spanOf(leader);
      this.admission.openSlots(selected.length, action, leader, offset, length);
    }
    // Open zones finish first (their conditions are numbered below closed), so that closed ones find a slot.
    if (action === 'finish') selected.sort((a, b) => this.table.state(a) - this.table.state(b));
    for (const index of selected) this.manage(action, index);
  }

  /** The command was admitted: takes the slots that it needs, and moves the write pointer. */
  private advance(index: number, length: number, cause: 'write' | 'append'): void {
    const state = this.table.state(index);
    if (state === ZoneState.Empty || state === ZoneState.Closed) this.makeRoom();
    const end = this.table.pointer(index) + length;
    this.writePointers[index] = end;
    if (state === ZoneState.ImplicitOpen) this.table.implicit.touch(index);
    else if (state !== ZoneState.ExplicitOpen) this.enter(index, ZoneState.ImplicitOpen, cause);
    if (end === this.table.capacityEnd(index)) this.enter(index, ZoneState.Full, cause);
  }

  /** A write in a random write area leaves the write pointer, unless it ends past the area: units are committed then. */
  private writeInArea(index: number, end: number): void {
    const state = this.table.state(index);
    if (state === ZoneState.Closed) {
      this.makeRoom();
      this.enter(index, ZoneState.ImplicitOpen, 'write');
    } else if (state === ZoneState.ImplicitOpen) this.table.implicit.touch(index);
    this.moveCommitted(index, this.committedBy(index, end), 'write');
  }

  private moveCommitted(index: number, end: number, cause: ZoneTransition['cause']): void {
    this.writePointers[index] = end;
    if (end === this.table.capacityEnd(index)) this.enter(index, ZoneState.Full, cause);
  }

  /** At the open limit, closes the least recently written of the implicitly open zones. */
  private makeRoom(): void {
    if (this.table.openCount < this.admission.openLimit) return;
    this.enterClosed(this.table.implicit.oldest(), 'auto-close');
  }

  private enterClosed(index: number, cause: ZoneTransition['cause']): void {
    const unwritten = this.table.pointer(index) === this.table.start(index);
    const toEmpty = unwritten && this.rules.closesUnwrittenToEmpty;
    this.enter(index, toEmpty ? ZoneState.Empty : ZoneState.Closed, cause);
  }

  private enter(index: number, to: ZoneState, cause: ZoneTransition['cause']): void {
    const from = this.table.state(index);
    if (from === to) return;
    // What a random write area holds stays to be read where no reset takes it.
    if (to !== ZoneState.Empty && to > ZoneState.Closed && this.attributes[index] !== 0)
      this.writePointers[index] = this.table.readableEnd(index);
    this.table.enter(index, to);
    this.onTransition?.({ zoneIndex: index, from, to, cause });
  }
}

function bits(...states: ZoneState[]): number {
  return states.reduce<number>((mask, state) => mask | (1 << state), 0);
}

/** Bit n: select-all and ranges of this action take in zones of condition n. */
const SELECTS: Readonly<Record<ZoneAction, number>> = {
  open: bits(ZoneState.Closed),
  close: bits(ZoneState.ImplicitOpen, ZoneState.ExplicitOpen),
  finish: bits(ZoneState.ImplicitOpen, ZoneState.ExplicitOpen, ZoneState.Closed),
  reset: bits(ZoneState.ImplicitOpen, ZoneState.ExplicitOpen, ZoneState.Closed, ZoneState.Full),
  offline: bits(ZoneState.ReadOnly),
};

function newTable(geometry: ZonedGeometry, options: ZoneMachineOptions): ZoneTable {
  validateGeometry(geometry);
  const evicts = Number.isFinite(limitsOf(geometry, options).open);
  return new ZoneTable(geometry, new LruList(geometry.zoneCount, evicts));
}
