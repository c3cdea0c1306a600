/** Zone reports with a filter, from a device that is open here. */

import type { ZoneReport, ZoneReportQuery } from '@zonelab/contracts';
import type { Zone, ZonedDevice } from '@zonelab/qcow2-zoned';

/** Zones looked at in one go while searching for a condition. */
const CHUNK_ZONES = 16_384;

export function reportZones(
  device: Pick<ZonedDevice, 'geometry' | 'report'>,
  { from, count, state }: ZoneReportQuery,
): ZoneReport {
  const zoneCount = device.geometry?.zoneCount ?? 0;
  const items: Zone[] = [];
  let at = from;
  do {
    for (const zone of device.report(at, state === undefined ? count : CHUNK_ZONES)) {
      at = zone.index + 1;
      if (state === undefined || zone.condition === state) items.push(zone);
      if (items.length === count) break;
    }
  } while (items.length < count && at < zoneCount);
  return { items, nextCursor: at < zoneCount ? String(at) : null };
}
