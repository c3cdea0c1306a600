/**
 * Which requests are accepted. Nothing here changes a zone. Order of the checks: alignment, range, and then,
 * zone by zone, condition, write pointer, capacity, active limit, open limit.
 */

import { type ImageError, invalidOption, type ZoneErrorCode } from '../errors.ts';
import * as errors from './errors.ts';
import type { ManagedAction } from './machine.ts';
import type { RuleBook } from './rules.ts';
import type { ZoneTable } from './table.ts';
import { type Zone, ZoneAttribute, type ZonedGeometry, ZoneState } from './zone.ts';

export interface ZoneMachineOptions {
  /** false: open and active limits are left to whoever stands above; write pointers hold. Default true. */
  readonly enforceLimits?: boolean | undefined;
  /** What a read past a write pointer answers; `error` exists under `zbc` only. Default `zeroes`. */
  readonly readBeyondWritePointer?: 'zeroes' | 'error' | undefined;
  /** false: a read may not cross from one zone into the next. Default true. */
  readonly readAcrossZones?: boolean | undefined;
}

/** The limits that hold; a limit that all zones together cannot reach is none. */
export function limitsOf(
  { conventionalZones, maxActiveZones, maxOpenZones, zoneCount }: ZonedGeometry,
  { enforceLimits = true }: ZoneMachineOptions,
): { open: number; active: number } {
  const limit = (given: number) =>
    enforceLimits && given > 0 && given < zoneCount - conventionalZones
      ? given
      : Number.POSITIVE_INFINITY;
  return { open: limit(maxOpenZones), active: limit(maxActiveZones) };
}

/** All offsets and lengths are bytes. A refusal is an `ImageError` with a `ZoneErrorCode`. */
export class Admission {
  readonly openLimit: number;
  readonly activeLimit: number;

  /** Throws `invalid_option`. */
  constructor(
    private readonly table: ZoneTable,
    private readonly rules: RuleBook,
    private readonly options: ZoneMachineOptions,
  ) {
    const { profile } = table.geometry;
    if (profile === 'zns' && options.readBeyondWritePointer === 'error') {
      throw invalidOption('readBeyondWritePointer', 'error', 'zeroes under zns');
    }
    const limits = limitsOf(table.geometry, options);
    this.openLimit = limits.open;
    this.activeLimit = limits.active;
  }

  read(offset: number, length: number): void {
    this.span('read', offset, length);
    const { zoneSize } = this.table.geometry;
    const first = Math.floor(offset / zoneSize);
    const last = Math.floor((offset + length - 1) / zoneSize);
    if (last > first && this.options.readAcrossZones === false) {
      const boundary = this.table.end(first);
      throw errors.crossesBoundary(this.table.zone(first), { offset, length }, 'read', boundary);
    }
    for (let index = first; index <= last; index++) this.readOfZone(index, offset, length);
  }

  private readOfZone(index: number, offset: number, length: number): void {
    const state = this.table.state(index);
    if (state === ZoneState.Offline) {
      throw errors.unusable('zone_offline', this.table.zone(index), { offset, length }, 'read');
    }
    if (this.options.readBeyondWritePointer !== 'error') return;
    const hasPointer =
      state === ZoneState.Empty ||
      state === ZoneState.ImplicitOpen ||
      state === ZoneState.ExplicitOpen ||
      state === ZoneState.Closed;
    const end = Math.min(offset + length, this.table.end(index));
    if (hasPointer && end > this.table.pointer(index)) {
      throw errors.beyondWritePointer(this.table.zone(index), { offset, length });
    }
  }

  /** Returns the index of the zone in which the write begins. */
  write(offset: number, length: number): number {
    this.span('write', offset, length);
    const index = Math.floor(offset / this.table.geometry.zoneSize);
    if (this.table.isConventional(index)) this.conventionalWrite(index, offset, length);
    else if (this.table.has(index, ZoneAttribute.zrwa)) this.areaWrite(index, offset, length);
    else this.sequentialWrite('write', index, offset, offset, length);
    return index;
  }

  /** Returns the index of the zone appended to. */
  append(zoneStart: number, length: number): number {
    this.span('append', zoneStart, length);
    const { zoneSize, maxAppendBytes } = this.table.geometry;
    const index = Math.floor(zoneStart / zoneSize);
    const span = { offset: zoneStart, length };
    if (this.table.isConventional(index)) {
      throw errors.conventional(this.table.zone(index), span, 'append');
    }
    if (maxAppendBytes === 0) throw errors.appendUnsupported(this.table.zone(index), span);
    if (zoneStart !== this.table.start(index)) {
      throw errors.appendNotAtStart(this.table.zone(index), span);
    }
    if (length > maxAppendBytes) {
      throw errors.appendTooLong(this.table.zone(index), span, maxAppendBytes);
    }
    if (this.table.has(index, ZoneAttribute.zrwa)) {
      throw errors.appendToArea(this.table.zone(index), span);
    }
    this.sequentialWrite('append', index, zoneStart, this.table.pointer(index), length);
    return index;
  }

  /** A conventional zone may be written anywhere, and into the next, but never into a sequential one. */
  private conventionalWrite(first: number, offset: number, length: number): void {
    const { zoneSize, conventionalZones } = this.table.geometry;
    const end = offset + length;
    for (let index = first; index * zoneSize < end; index++) {
      if (index >= conventionalZones) {
        const boundary = this.table.start(index);
        throw errors.crossesBoundary(this.table.zone(first), { offset, length }, 'write', boundary);
      }
      this.writable('write', index, offset, length);
    }
  }

  /** `offset` is what the request names, `address` where the data goes. */
  private sequentialWrite(
    command: 'write' | 'append',
    index: number,
    offset: number,
    address: number,
    length: number,
  ): void {
    this.writable(command, index, offset, length);
    if (address !== this.table.pointer(index)) {
      throw errors.notAtWritePointer(this.table.zone(index), { offset, length });
    }
    const boundary = this.table.capacityEnd(index);
    if (address + length > boundary) {
      throw errors.crossesBoundary(this.table.zone(index), { offset, length }, command, boundary);
    }
    const state = this.table.state(index);
    if (state === ZoneState.Empty) this.activeSlot(command, index, offset, length);
    if (state === ZoneState.Empty || state === ZoneState.Closed) {
      this.openSlots(1, command, index, offset, length);
    }
  }

  /** Anywhere in the random write area, and as far again past its end: what lies before is committed then. */
  private areaWrite(index: number, offset: number, length: number): void {
    const pointer = this.table.pointer(index);
    const { zrwaSize = 0 } = this.table.geometry;
    if (offset < pointer || offset + length > pointer + 2 * zrwaSize) {
      throw errors.notInArea(this.table.zone(index), { offset, length }, zrwaSize);
    }
    const boundary = this.table.capacityEnd(index);
    if (offset + length > boundary) {
      throw errors.crossesBoundary(this.table.zone(index), { offset, length }, 'write', boundary);
    }
    if (this.table.state(index) === ZoneState.Closed) {
      this.openSlots(1, 'write', index, offset, length);
    }
  }

  /** Throws `invalid_field` where the disk has no random write areas. */
  randomWriteArea(index: number, span: errors.Span): void {
    if (!this.table.geometry.zrwaSize) {
      throw errors.lacks('random write areas', this.table.zone(index), span);
    }
  }

  freeArea(index: number, span: errors.Span): void {
    const { zrwaZones = 0 } = this.table.geometry;
    if (this.table.zrwaCount >= zrwaZones) {
      throw errors.noFreeArea(this.table.zone(index), span, zrwaZones);
    }
  }

  /** Throws `invalid_field` where the disk has no descriptor extensions. */
  extensions(index: number, span: errors.Span): void {
    if (!this.table.geometry.descriptorExtensionSize) {
      throw errors.lacks('descriptor extensions', this.table.zone(index), span);
    }
  }

  commit(index: number, end: number, span: errors.Span): void {
    if (!this.table.has(index, ZoneAttribute.zrwa)) {
      throw errors.lacks('a random write area', this.table.zone(index), span);
    }
    const { zrwaFlushGranularity = 1 } = this.table.geometry;
    const pointer = this.table.pointer(index);
    const whole = (end - pointer) % zrwaFlushGranularity === 0;
    const reachable = end > pointer && end <= this.table.readableEnd(index);
    if (reachable && (whole || end === this.table.capacityEnd(index))) return;
    throw errors.notCommittable(this.table.zone(index), span, end, zrwaFlushGranularity);
  }

  private writable(
    command: 'write' | 'append',
    index: number,
    offset: number,
    length: number,
  ): void {
    const state = this.table.state(index);
    if (state < ZoneState.ReadOnly) return;
    const code =
      state === ZoneState.Full
        ? 'zone_full'
        : state === ZoneState.Offline
          ? 'zone_offline'
          : 'zone_read_only';
    throw errors.unusable(code, this.table.zone(index), { offset, length }, command);
  }

  activeSlot(command: string, index: number, offset: number, length: number): void {
    if (this.table.activeCount < this.activeLimit) return;
    const zone = this.table.zone(index);
    throw errors.tooManyActive(zone, { offset, length }, command, this.activeLimit);
  }

  /** Implicitly open zones count as room: the device closes them when it needs their slots. */
  openSlots(count: number, command: string, index: number, offset: number, length: number): void {
    const explicitCount = this.table.openCount - this.table.implicit.size;
    if (explicitCount + count <= this.openLimit) return;
    throw errors.tooManyOpen(this.table.zone(index), { offset, length }, command, this.openLimit);
  }

  /** Any request for bytes: whole logical blocks, at least one, within the device. */
  span(command: string, offset: number, length: number): void {
    const { size, logicalBlockSize } = this.table.geometry;
    // Division by a power of two is exact, and much faster than % where numbers exceed 32 bits.
    const alignedOffset = Number.isInteger(offset / logicalBlockSize);
    const alignedLength = Number.isInteger(length / logicalBlockSize) && length > 0;
    if (!alignedOffset || !alignedLength) {
      const field = alignedOffset ? 'length' : 'offset';
      throw errors.misaligned(
        this.zoneAt(offset),
        { offset, length },
        command,
        field,
        logicalBlockSize,
      );
    }
    if (offset < 0 || offset + length > size) {
      throw errors.outOfRange(this.zoneAt(offset), { offset, length }, command, size);
    }
  }

  /** The refusal of an action by the zone's condition, in the words of the rule book. */
  notManageable(action: ManagedAction, index: number): ImageError {
    const state = this.table.state(index);
    let code: ZoneErrorCode = 'invalid_zone_transition';
    if (state === ZoneState.ReadOnly) code = this.rules.manageReadOnly;
    if (state === ZoneState.Offline) code = this.rules.manageOffline;
    return errors.notManageable(code, this.table.zone(index), action);
  }

  private zoneAt(offset: number): Zone | undefined {
    const { size, zoneSize } = this.table.geometry;
    return offset >= 0 && offset < size
      ? this.table.zone(Math.floor(offset / zoneSize))
      : undefined;
  }
}
