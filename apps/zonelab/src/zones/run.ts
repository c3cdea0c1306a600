/** `zonelab zones`: the zones of an image, as a report, as JSON or as a map. */
import { CONDITION_NAMES, type Zone } from '@zonelab/qcow2-zoned';
import { usageError } from '../errors.ts';
import { jsonText, type Output, type OutputForm } from '../output.ts';
import { drawZoneMap } from './map.ts';
import { reportLine } from './report.ts';
import { openZones, type ZoneSource } from './source.ts';

export interface ZonesOptions {
  /** Index of the first zone. */
  readonly from: number;
  /** Zones to show at most, counted after the filter. */
  readonly count?: number;
  readonly state?: Zone['condition'];
  readonly map: boolean;
  readonly form: OutputForm;
}

/** A zone condition from the command line, or a usage error. */
export function conditionArgument(text: string): Zone['condition'] {
  const names = Object.values(CONDITION_NAMES);
  const found = names.find((name) => name === text);
  if (found) return found;
  throw usageError('--state', text, names.join(', '));
}

/** @param place an image file or the URI of an NBD export */
export async function showZones(place: string, options: ZonesOptions, out: Output): Promise<void> {
  const source = await openZones(place);
  try {
    const zones: Zone[] = [];
    for await (const zone of selectZones(source, options)) zones.push(zone);
    if (options.form === 'json') out.write(jsonText(zones));
    else if (options.map) {
      out.write(drawZoneMap(zones, { colours: out.isTerminal, columns: out.columns }));
    } else for (const zone of zones) out.write(reportLine(zone));
  } finally {
    await source.close();
  }
}

async function* selectZones(
  source: ZoneSource,
  { from, count = Number.POSITIVE_INFINITY, state }: ZonesOptions,
): AsyncGenerator<Zone> {
  const { zoneCount } = source;
  if (from >= zoneCount) throw usageError('--from', from, `a zone index below ${zoneCount}`);
  let left = count;
  if (left <= 0) return;
  for await (const zone of source.zones(from)) {
    if (state !== undefined && zone.condition !== state) continue;
    yield zone;
    left -= 1;
    if (left <= 0) return;
  }
}
