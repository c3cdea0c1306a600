/** Zones of a device by condition. */

import { setImmediate } from 'node:timers/promises';
import type { ZoneCounts } from '@zonelab/contracts';
import { ImageError, type ZonedDevice } from '@zonelab/qcow2-zoned';
import { REPORT_CHUNK_ZONES } from './limits.ts';

/** Undefined where the device closes while its zones are counted: it has nothing more to tell. */
export async function countZones(device: ZonedDevice): Promise<ZoneCounts | undefined> {
  try {
    return await countLiveZones(device);
  } catch (error) {
    if (error instanceof ImageError && error.code === 'image_closed') return undefined;
    throw error;
  }
}

async function countLiveZones(device: ZonedDevice): Promise<ZoneCounts> {
  const conditions: Record<string, number> = {};
  let firstUsed: number | null = null;
  const zoneCount = device.geometry?.zoneCount ?? 0;
  for (let at = 0; at < zoneCount; at += REPORT_CHUNK_ZONES) {
    for (const { condition, index } of device.report(at, REPORT_CHUNK_ZONES)) {
      conditions[condition] = (conditions[condition] ?? 0) + 1;
      if (condition !== 'empty') firstUsed ??= index;
    }
    if (zoneCount > REPORT_CHUNK_ZONES) await setImmediate();
  }
  return { conditions, firstUsed };
}
