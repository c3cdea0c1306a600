/** How other tools number and abbreviate what zone reports show. */
import { type Zone, ZoneState } from '@zonelab/qcow2-zoned';

/** Zone reports count in sectors of this size, whatever the logical block size. */
export const SECTOR_BYTES = 512;

/** Zone State numbers of NVMe ZNS and ZBC-2, as qemu-io and blkzone print them. */
export const CONDITION_NUMBERS: Readonly<Record<Zone['condition'], number>> = {
  'not-wp': ZoneState.NotWritePointer,
  empty: ZoneState.Empty,
  'implicit-open': ZoneState.ImplicitOpen,
  'explicit-open': ZoneState.ExplicitOpen,
  closed: ZoneState.Closed,
  'read-only': ZoneState.ReadOnly,
  full: ZoneState.Full,
  offline: ZoneState.Offline,
};

/** Zone Type numbers: 1 conventional, 2 sequential write required. */
export const TYPE_NUMBERS: Readonly<Record<Zone['type'], number>> = {
  conventional: 1,
  sequential: 2,
};

/** A position or size as a sector number in hex: `0x20000`. */
export function sectors(bytes: number, digits = 0): string {
  return `0x${(bytes / SECTOR_BYTES).toString(16).padStart(digits, '0')}`;
}
