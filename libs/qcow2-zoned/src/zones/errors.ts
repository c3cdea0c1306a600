/** Constructors of the refusals of a zoned device: one line each, always with the zone and the request. */

import { ImageError, type ZoneErrorCode } from '../errors.ts';
import type { Zone } from './zone.ts';

/** The bytes that a request names. For a management command: the zone's own. */
export interface Span {
  readonly offset: number;
  readonly length: number;
}

export type DataCommand = 'read' | 'write' | 'append';

/** Undefined where the request names no zone of this device. */
type NamedZone = Zone | undefined;

function zoneError(
  code: ZoneErrorCode,
  zone: NamedZone,
  span: Span,
  what: string,
  limit: { field?: string; given?: number; allowed?: string } = {},
): ImageError {
  const { offset, length } = span;
  const subject = zone === undefined ? '' : `zone ${zone.index}: `;
  const condition = zone === undefined ? '' : `, condition ${zone.condition}`;
  return new ImageError(code, `${subject}${what} (length ${length}${condition})`, {
    ...limit,
    ...(zone && {
      zoneIndex: zone.index,
      zoneCondition: zone.condition,
      writePointer: zone.writePointer,
    }),
    offset,
    length,
  });
}

function hex(value: number): string {
  return value < 0 ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
}

export function misaligned(
  zone: NamedZone,
  span: Span,
  command: string,
  field: 'offset' | 'length',
  unitBytes: number,
): ImageError {
  const given = span[field];
  const allowed = `${field === 'length' ? 'a positive multiple' : 'a multiple'} of ${unitBytes}`;
  const what = `${command} at ${hex(span.offset)}: ${field} ${given} is not ${allowed}`;
  return zoneError('invalid_field', zone, span, what, { field, given, allowed });
}

export function outOfRange(
  zone: NamedZone,
  span: Span,
  command: string,
  sizeBytes: number,
): ImageError {
  const what = `${command} at ${hex(span.offset)} is not within the device's ${hex(sizeBytes)} bytes`;
  return zoneError('lba_out_of_range', zone, span, what);
}

export function noSuchZone(zoneIndex: number, zoneCount: number): ImageError {
  const allowed = `an integer from 0 to ${zoneCount - 1}`;
  return new ImageError('lba_out_of_range', `zone index ${zoneIndex} is not ${allowed}`, {
    field: 'zoneIndex',
    given: zoneIndex,
    allowed,
    zoneIndex,
  });
}

/** The zone's condition forbids a read, write or append. */
export function unusable(
  code: 'zone_full' | 'zone_read_only' | 'zone_offline',
  zone: Zone,
  span: Span,
  command: DataCommand,
): ImageError {
  const what = `${command} at ${hex(span.offset)} refused, the zone is ${zone.condition}`;
  return zoneError(code, zone, span, what);
}

export function notAtWritePointer(zone: Zone, span: Span): ImageError {
  const what = `write at ${hex(span.offset)} is not at the write pointer ${hex(zone.writePointer)}`;
  return zoneError('zone_invalid_write', zone, span, what);
}

/** `boundary` is the first byte that the request may not touch. */
export function crossesBoundary(
  zone: Zone,
  span: Span,
  command: DataCommand,
  boundary: number,
): ImageError {
  const what = `${command} at ${hex(span.offset)} crosses the boundary at ${hex(boundary)}`;
  return zoneError('zone_boundary_error', zone, span, what);
}

export function beyondWritePointer(zone: Zone, span: Span): ImageError {
  const what = `read at ${hex(span.offset)} reaches past the write pointer ${hex(zone.writePointer)}`;
  return zoneError('read_beyond_write_pointer', zone, span, what);
}

export function tooManyActive(zone: Zone, span: Span, command: string, limit: number): ImageError {
  const what = `${command} needs an active zone, and the limit of ${limit} is reached`;
  return zoneError('too_many_active_zones', zone, span, what);
}

export function tooManyOpen(zone: Zone, span: Span, command: string, limit: number): ImageError {
  const what = `${command} needs an open zone, and the limit of ${limit} is reached`;
  return zoneError('too_many_open_zones', zone, span, what);
}

export function appendUnsupported(zone: Zone, span: Span): ImageError {
  const what = `append at ${hex(span.offset)} refused, the device has no append`;
  return zoneError('invalid_zone_operation', zone, span, what);
}

export function appendNotAtStart(zone: Zone, span: Span): ImageError {
  const allowed = `the zone's start ${hex(zone.start)}`;
  const what = `append at ${hex(span.offset)} is not addressed to ${allowed}`;
  return zoneError('invalid_field', zone, span, what, {
    field: 'offset',
    given: span.offset,
    allowed,
  });
}

export function appendTooLong(zone: Zone, span: Span, maxBytes: number): ImageError {
  const what = `append at ${hex(span.offset)} is longer than the largest append, ${maxBytes}`;
  return zoneError('invalid_field', zone, span, what, {
    field: 'length',
    given: span.length,
    allowed: `at most ${maxBytes}`,
  });
}

export function appendToArea(zone: Zone, span: Span): ImageError {
  const what = `append at ${hex(span.offset)} refused, the zone has a random write area`;
  return zoneError('invalid_zone_operation', zone, span, what);
}

export function notInArea(zone: Zone, span: Span, areaBytes: number): ImageError {
  const { writePointer } = zone;
  const what =
    `write at ${hex(span.offset)} is not within twice the random write area of ${areaBytes} bytes ` +
    `from the write pointer ${hex(writePointer)}`;
  return zoneError('zone_invalid_write', zone, span, what);
}

export function noFreeArea(zone: Zone, span: Span, limit: number): ImageError {
  const what = `open needs a random write area, and all ${limit} are taken`;
  return zoneError('zrwa_unavailable', zone, span, what);
}

/** What the command needs, the disk or the zone does not have. */
export function lacks(what: string, zone: Zone, span: Span): ImageError {
  const subject = what.startsWith('a ') ? 'the zone' : 'the disk';
  return zoneError(
    'invalid_field',
    zone,
    span,
    `refused, ${subject} has no ${what.replace(/^a /, '')}`,
  );
}

export function notCommittable(zone: Zone, span: Span, end: number, unit: number): ImageError {
  const allowed = `in the random write area, a multiple of ${unit} from the write pointer`;
  const what = `commit up to ${hex(end)}: the end must be ${allowed}`;
  return zoneError('invalid_field', zone, span, what, { field: 'end', given: end, allowed });
}

/** A command for sequential zones, given to a conventional one. */
export function conventional(zone: Zone, span: Span, command: string): ImageError {
  return zoneError('invalid_field', zone, span, `${command} refused, the zone is conventional`);
}

/** `code` is the rule book's name for an action that the zone's condition does not allow. */
export function notManageable(code: ZoneErrorCode, zone: Zone, action: string): ImageError {
  const span = { offset: zone.start, length: zone.size };
  return zoneError(code, zone, span, `${action} refused, the zone is ${zone.condition}`);
}

/** A zone as read from an image that no sequence of commands leads to. */
export function impossibleZone(
  zoneIndex: number,
  state: number,
  writePointer: number,
  start: number,
  end: number,
): ImageError {
  return new ImageError(
    'image_corrupt',
    `zone ${zoneIndex}: condition ${state} with write pointer ${hex(writePointer)} cannot be ` +
      `(the zone's data lies from ${hex(start)} to ${hex(end)})`,
    { zoneIndex, zoneCondition: String(state), writePointer },
  );
}
