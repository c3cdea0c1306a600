/** Where zones come from: an image file, or an NBD server that tells of its zones. */
import { NbdClient } from '@zonelab/nbd';
import { type Zone, ZonedDevice } from '@zonelab/qcow2-zoned';
import { ZONE_CONTEXTS, ZoneReader } from '@zonelab/zoned-export';
import { CliError } from '../errors.ts';
import { REPORT_BATCH_ZONES } from '../limits.ts';

export interface ZoneSource {
  readonly zoneCount: number;
  zones(from: number): AsyncIterable<Zone> | Iterable<Zone>;
  close(): Promise<void>;
}

export function isNbdUri(place: string): boolean {
  return /^nbds?(\+unix)?:/.test(place);
}

export function openZones(place: string): Promise<ZoneSource> {
  return isNbdUri(place) ? openRemote(place) : openFile(place);
}

async function openFile(path: string): Promise<ZoneSource> {
  const device = await ZonedDevice.open(path, { readOnly: true });
  const zoneCount = device.geometry?.zoneCount;
  if (zoneCount === undefined) {
    await device.close();
    throw new CliError('failed', `${path}: not a zoned image`);
  }
  return {
    zoneCount,
    *zones(from) {
      for (let at = from; at < zoneCount; at += REPORT_BATCH_ZONES) {
        yield* device.report(at, REPORT_BATCH_ZONES);
      }
    },
    close: () => device.close(),
  };
}

async function openRemote(uri: string): Promise<ZoneSource> {
  const client = await NbdClient.connect(uri, { contexts: ZONE_CONTEXTS });
  try {
    const reader = await ZoneReader.open(client);
    return {
      zoneCount: reader.zoneCount,
      zones: (from) => reader.zones(from),
      close: () => client.disconnect(),
    };
  } catch (error) {
    await client.disconnect();
    throw error;
  }
}
