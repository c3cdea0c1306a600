/**
 * Zones as NBD metadata contexts, so that a client learns of them by BLOCK_STATUS. docs/nbd.md describes the
 * same for writers of other clients.
 *
 * | context                 | extents                                             | status                   |
 * |-------------------------|-----------------------------------------------------|--------------------------|
 * | x-zonelab:zones         | zones, split at the write pointer and the capacity  | bits of `ZoneStatus`     |
 * | x-zonelab:resets        | zones                                               | times the zone was reset |
 * | x-zonelab:write-pointer | zones; 64 bits, needs extended headers              | absolute address, bytes  |
 */

import type { NbdExtent } from '@zonelab/nbd';
import { CONDITION_NAMES, type Zone, type ZoneCondition, ZoneState } from '@zonelab/qcow2-zoned';
import { MAX_STATUS_ZONES } from './limits.ts';

export const ZONES_CONTEXT = 'x-zonelab:zones';
export const RESETS_CONTEXT = 'x-zonelab:resets';
export const WRITE_POINTER_CONTEXT = 'x-zonelab:write-pointer';
export const ZONE_CONTEXTS = [ZONES_CONTEXT, RESETS_CONTEXT, WRITE_POINTER_CONTEXT] as const;

/**
 * Status of `x-zonelab:zones`.
 *
 * | bits | meaning                                                          |
 * |------|------------------------------------------------------------------|
 * | 0-3  | condition, the Zone State number of NVMe ZNS and ZBC-2           |
 * | 4-7  | type: 1 conventional, 2 sequential write required                |
 * | 8    | the extent lies below the write pointer of a sequential zone     |
 * | 9    | the extent lies past the capacity: it reads as zeroes            |
 * | 10   | the index of the zone is odd, which keeps like neighbours apart  |
 */
export const ZoneStatus = {
  ConditionMask: 0xf,
  Conventional: 1 << 4,
  Sequential: 2 << 4,
  TypeMask: 0xf << 4,
  Written: 1 << 8,
  PastCapacity: 1 << 9,
  OddIndex: 1 << 10,
} as const;

const STATE_NUMBERS = new Map<ZoneCondition, ZoneState>(
  Object.values(ZoneState).map((state) => [CONDITION_NAMES[state], state]),
);

/** Zones by index, as a device has them. */
export interface ZoneTable {
  readonly zoneSize: number;
  zone(index: number): Zone;
}

/** Extents of a range by zones. A range of very many zones is answered in part, as BLOCK_STATUS allows. */
export function zoneExtents(
  context: string,
  table: ZoneTable,
  offset: number,
  length: number,
): NbdExtent[] {
  const end = offset + length;
  const first = Math.floor(offset / table.zoneSize);
  const last = Math.min(Math.ceil(end / table.zoneSize), first + MAX_STATUS_ZONES);
  const extents: NbdExtent[] = [];
  for (let index = first; index < last; index += 1) {
    for (const part of partsOf(context, table.zone(index))) {
      const clipped = Math.min(part.end, end) - Math.max(part.start, offset);
      if (clipped > 0) extents.push({ length: clipped, status: part.status });
    }
  }
  return extents;
}

interface Part {
  readonly start: number;
  readonly end: number;
  readonly status: number;
}

function partsOf(context: string, zone: Zone): readonly Part[] {
  const { start, size, writePointer, resetCount } = zone;
  const end = start + size;
  if (context === ZONES_CONTEXT) return stateParts(zone);
  const status = context === RESETS_CONTEXT ? Math.min(resetCount, 0xffff_ffff) : writePointer;
  return [{ start, end, status }];
}

function stateParts({ index, type, condition, start, size, capacity, writePointer }: Zone): Part[] {
  const end = start + size;
  const common =
    (STATE_NUMBERS.get(condition) ?? 0) |
    (type === 'sequential' ? ZoneStatus.Sequential : ZoneStatus.Conventional) |
    (index % 2 === 1 ? ZoneStatus.OddIndex : 0);
  if (type === 'conventional') return [{ start, end, status: common }];
  const capacityEnd = start + capacity;
  const written = Math.min(writePointer, capacityEnd);
  return [
    { start, end: written, status: common | ZoneStatus.Written },
    { start: written, end: capacityEnd, status: common },
    { start: capacityEnd, end, status: common | ZoneStatus.PastCapacity },
  ];
}
