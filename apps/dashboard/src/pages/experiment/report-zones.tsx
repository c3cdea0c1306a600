/** The zones at the end of a run, on the same map as those of images. */

import { useMemo } from 'react';
import type { Report } from '../../api/report.ts';
import { ZonePanel } from '../../zonemap/zone-panel.tsx';
import { ZoneTable } from '../../zonemap/zone-table.ts';

export function ReportZones({ report }: { report: Report }) {
  const table = useMemo(() => tableOf(report), [report]);
  const zones = { table, error: undefined, reload: () => undefined };
  return <ZonePanel zones={zones} title="Zones at the end" />;
}

/** The report lists the zones that are not as new; the others are empty, or conventional. */
function tableOf({ zones, zoneCount, definition }: Report): ZoneTable {
  const { geometry } = definition.device;
  const zoneSize = Number(geometry.zoneSize);
  const table = new ZoneTable(zoneCount, zoneSize);
  const used = new Map(zones.map((zone) => [zone.index, zone]));
  const all = Array.from({ length: zoneCount }, (_, index) => {
    const start = index * zoneSize;
    const conventional = index < Number(geometry.conventionalZones);
    const zone = used.get(index);
    return {
      index,
      start,
      type: conventional ? ('conventional' as const) : ('sequential' as const),
      condition: zone?.condition ?? (conventional ? ('not-wp' as const) : ('empty' as const)),
      size: Math.min(zoneSize, Number(geometry.size) - start),
      capacity: Number(geometry.zoneCapacity),
      writePointer: zone?.writePointer ?? start,
      resetCount: zone?.resets ?? 0,
    };
  });
  table.take(all);
  return table;
}
