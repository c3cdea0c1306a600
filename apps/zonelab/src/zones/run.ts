/** `zonelab zones`: the zones of an image, as a report, as JSON or as a map. */
import { CONDITION_NAMES, type Zone, ZonedDevice } from '@zonelab/qcow2-zoned';
import { CliError, usageError } from '../errors.ts';
import { REPORT_BATCH_ZONES } from '../limits.ts';
import { jsonText, type Output, type OutputForm } from '../output.ts';
import { drawZoneMap } from './map.ts';
import { reportLine } from './report.ts';

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

export async function showZones(path: string, options: ZonesOptions, out: Output): Promise<void> {
  const device = await ZonedDevice.open(path, { readOnly: true });
  try {
    const zones = [...selectZones(device, path, options)];
    if (options.form === 'json') out.write(jsonText(zones));
    else if (options.map) {
      out.write(drawZoneMap(zones, { colours: out.isTerminal, columns: out.columns }));
    } else for (const zone of zones) out.write(reportLine(zone));
  } finally {
    await device.close();
  }
}

function* selectZones(
  device: ZonedDevice,
  path: string,
  { from, count = Number.POSITIVE_INFINITY, state }: ZonesOptions,
): Generator<Zone> {
  const zoneCount = device.geometry?.zoneCount;
  if (zoneCount === undefined) throw new CliError('failed', `${path}: not a zoned image`);
  if (from >= zoneCount) throw usageError('--from', from, `a zone index below ${zoneCount}`);
  let left = count;
  for (let at = from; at < zoneCount && left > 0; at += REPORT_BATCH_ZONES) {
    for (const zone of device.report(at, Math.min(REPORT_BATCH_ZONES, zoneCount - at))) {
      if (state !== undefined && zone.condition !== state) continue;
      if (left-- <= 0) return;
      yield zone;
    }
  }
}
