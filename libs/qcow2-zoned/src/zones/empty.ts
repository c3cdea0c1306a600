/** The zones of a new disk. */
import type { ZoneRecord } from '../format/zone-table.ts';
import { type ZonedGeometry, ZoneState } from './zone.ts';

export function emptyZones({
  conventionalZones,
  zoneCount,
  zoneSize,
}: ZonedGeometry): ZoneRecord[] {
  return Array.from({ length: zoneCount }, (_, index) => ({
    conventional: index < conventionalZones,
    state: index < conventionalZones ? ZoneState.NotWritePointer : ZoneState.Empty,
    writePointer: index * zoneSize,
    resetCount: 0,
    attributes: 0,
  }));
}
