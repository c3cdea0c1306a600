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

/**
 * Throws what a command would be refused with. What it changes in `machine`, it changes: for the state of a
 * rehearsal, or for commands that change no zone. `machine` is undefined for a plain disk of `size` bytes.
 */
export function admit(
  command: DeviceCommand,
  machine: ZoneMachine | undefined,
  size: number,
): void {
  switch (command.kind) {
    case 'write':
    case 'zeroes': {
      const length = command.kind === 'write' ? command.data.length : command.length;
      if (machine === undefined) refuseOutside(size, command.offset, length);
      else machine.write(command.offset, length);
      break;
    }
    case 'discard':
      refuseOutside(size, command.offset, command.length);
      if (machine !== undefined) refuseSequential(machine, command.offset, command.length);
      break;
    case 'reset':
      zonesOf(machine).reset(command.zoneIndex);
      break;
    case 'scrub':
      refuseUnwritten(zonesOf(machine), command.offset, command.length);
      break;
  }
}

/** Zone commands need zones. */
export function zonesOf(machine: ZoneMachine | undefined): ZoneMachine {
  if (machine !== undefined) return machine;
  throw new ImageError('invalid_zone_operation', 'the image has no zones');
}

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
function refuseSequential(machine: ZoneMachine, offset: number, length: number): void {
  const { conventionalZones, zoneSize } = machine.geometry;
  if (offset + length <= conventionalZones * zoneSize) return;
  const zone = machine.zone(machine.zoneIndexOf(offset + length - 1));
  throw new ImageError(
    'invalid_zone_operation',
    `zone ${zone.index}: discard of ${length} bytes at ${offset}; sequential zones are reset instead`,
    { zoneIndex: zone.index, zoneCondition: zone.condition, offset, length },
  );
}

/** Only what lies below the write pointer that a report shows can be scrubbed. */
function refuseUnwritten(machine: ZoneMachine, offset: number, length: number): void {
  const zone = machine.zone(machine.zoneIndexOf(offset));
  const { index, condition, writePointer } = zone;
  if (zone.type === 'sequential' && offset + length <= writePointer) return;
  throw new ImageError(
    'invalid_field',
    `zone ${index}: ${length} bytes at ${offset} are not all below the write pointer ${writePointer}`,
    { zoneIndex: index, zoneCondition: condition, writePointer, offset, length },
  );
}
