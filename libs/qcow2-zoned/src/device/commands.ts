/** What a device can be told in one go, and the refusals that need no zone state of their own. */
import { ImageError } from '../errors.ts';
import type { ZoneMachine } from '../zones/machine.ts';

/** Offsets and lengths are bytes, multiples of the logical block size. */
export type DeviceCommand =
  | { readonly kind: 'write'; readonly offset: number; readonly data: Uint8Array }
  | { readonly kind: 'zeroes'; readonly offset: number; readonly length: number }
  | { readonly kind: 'discard'; readonly offset: number; readonly length: number }
  | { readonly kind: 'reset'; readonly zoneIndex: number }
  /** Bytes below the write pointer become zeroes; the write pointer stays. */
  | { readonly kind: 'scrub'; readonly offset: number; readonly length: number };

/** Nothing reaches past the end of the disk. */
export function refuseOutside(size: number, offset: number, length: number): void {
  if (offset >= 0 && length >= 0 && offset + length <= size) return;
  throw new ImageError(
    'lba_out_of_range',
    `${length} bytes at ${offset} reach past the end of the disk (${size} bytes)`,
    { offset, length },
  );
}

/** Discards are for conventional zones: a sequential zone is reset instead. */
export function refuseSequential(machine: ZoneMachine, offset: number, length: number): void {
  const { conventionalZones, zoneSize } = machine.geometry;
  if (offset + length <= conventionalZones * zoneSize) return;
  const zone = machine.zone(machine.zoneIndexOf(offset + length - 1));
  throw new ImageError(
    'invalid_zone_operation',
    `zone ${zone.index}: discard of ${length} bytes at ${offset}; sequential zones are reset instead`,
    { zoneIndex: zone.index, zoneCondition: zone.condition, offset, length },
  );
}

/** Only what lies below a write pointer can be scrubbed. */
export function refuseUnwritten(machine: ZoneMachine, offset: number, length: number): void {
  const zone = machine.zone(machine.zoneIndexOf(offset));
  const writtenTo = machine.writePointers[zone.index] as number;
  if (zone.type === 'sequential' && offset + length <= writtenTo) return;
  throw new ImageError(
    'invalid_field',
    `zone ${zone.index}: ${length} bytes at ${offset} are not all below the write pointer ${writtenTo}`,
    {
      zoneIndex: zone.index,
      zoneCondition: zone.condition,
      writePointer: writtenTo,
      offset,
      length,
    },
  );
}
