/**
 * Moves what an overlay of a zoned disk holds into its base, zones and data. The base is a zoned disk with the rules of
 * one at every moment: written at its write pointers, reset where the overlay was. Run again after a crash it goes on
 * where it was: the overlay is emptied only when everything is durable in the base.
 */

import { loadZones } from './device/load.ts';
import { ZonedDevice } from './device/zoned-device.ts';
import { ImageError } from './errors.ts';
import { type BlockFile, HostFile } from './file.ts';
import { backingPath } from './file-name.ts';
import { AUTOCLEAR } from './format/feature-bits.ts';
import { readHeader } from './format/header.ts';
import { describeZoned } from './format/zoned-dialects.ts';
import type { Disk, Extent } from './image/disk.ts';
import { Qcow2Image } from './image/image.ts';
import { COPY_BYTES, ZEROED_STEP_BYTES } from './limits.ts';
import type { Zone } from './zones/zone.ts';

export interface CommitZonesOptions {
  /** The overlay stays as it is. Default false: it is emptied, and shows the base. */
  readonly keep?: boolean;
  /** Stands between the engine and both files. */
  readonly wrap?: ((file: BlockFile) => BlockFile) | undefined;
}

/** True where the image `path` has zones, and so has the base that it names. */
export function isZonedOverlay(path: string): boolean {
  const base = zonedBase(path);
  return base !== undefined && headerOf(base, describeZoned) !== undefined;
}

/**
 * Errors: `invalid_option` where `path` is no overlay of a zoned disk of its geometry, `invalid_zone_operation` for zones
 * with a random write area, and those of opening and writing both.
 */
export async function commitZones(path: string, options: CommitZonesOptions = {}): Promise<void> {
  await (await ZonedDevice.open(path)).close(); // recovered where it must be
  const below = zonedBase(path);
  if (below === undefined)
    throw new ImageError('invalid_option', `${path}: no overlay of a zoned disk`, { path });
  const { keep = false, wrap } = options;
  const host = HostFile.open(path, { readOnly: keep });
  try {
    host.lock(keep ? 'reader' : 'writer');
    const file = wrap?.(host) ?? host;
    const overlay = new Qcow2Image(file, keep, {
      backing: new Below(),
      maintained: AUTOCLEAR.zoneTableValid,
    });
    const base = await ZonedDevice.open(below, { enforceLimits: false, wrap });
    try {
      await moveZones(overlay, base, path);
      await base.flush();
    } finally {
      await base.close();
    }
    if (!keep) await empty(overlay);
  } finally {
    host.close();
  }
}

/** The backing file of an image with zones. */
function zonedBase(path: string): string | undefined {
  return headerOf(path, (header) =>
    header.backingFile !== undefined && describeZoned(header)?.info !== undefined
      ? backingPath(path, header.backingFile)
      : undefined,
  );
}

function headerOf<T>(path: string, read: (header: ReturnType<typeof readHeader>) => T): T {
  const file = HostFile.open(path, { readOnly: true });
  try {
    return read(readHeader(file));
  } finally {
    file.close();
  }
}

/** Stands for the base, of which nothing is read: what the overlay does not have, the base has already. */
class Below implements Disk {
  readonly size = Number.MAX_SAFE_INTEGER;

  read(offset: number): never {
    throw new Error(`the overlay has nothing of its own at ${offset}`);
  }

  extents(_offset: number, length: number): Extent[] {
    const hole = { depth: 0, present: false, zero: true, data: false, compressed: false };
    return [{ ...hole, length, hostOffset: undefined }];
  }
}

async function moveZones(overlay: Qcow2Image, base: ZonedDevice, path: string): Promise<void> {
  const zones = loadZones(overlay, { enforceLimits: false }, { verify: false });
  const { geometry } = zones?.machine ?? {};
  if (zones === undefined || JSON.stringify(geometry) !== JSON.stringify(base.geometry))
    throw new ImageError('invalid_option', `${path}: its zones are not those of its base`, {
      path,
      field: 'backing',
    });
  const { machine } = zones;
  for (let index = 0; index < machine.geometry.zoneCount; index++) {
    const zone = machine.zone(index);
    if (zone.zrwa)
      throw new ImageError(
        'invalid_zone_operation',
        `zone ${index}: it has a random write area; finish or reset it before a commit`,
        { path, zoneIndex: index, zoneCondition: zone.condition },
      );
  }
  for (let index = 0; index < machine.geometry.zoneCount; index++) {
    const zone = machine.zone(index);
    const end = machine.writePointers[index] as number;
    if (zone.type === 'conventional') await copy(overlay, base, zone.start, zone.start + zone.size);
    else await moveZone(overlay, base, zone, end, zones.extensions.get(index));
  }
}

/** A sequential zone, whose data ends at `end`. */
async function moveZone(
  overlay: Qcow2Image,
  base: ZonedDevice,
  zone: Zone,
  end: number,
  extension: Uint8Array | undefined,
): Promise<void> {
  const { index } = zone;
  const before = base.zone(index);
  const locked = before.condition === 'read-only' || before.condition === 'offline';
  const same = before.resetCount === zone.resetCount && base.writtenEnd(index) <= end;
  if (locked && same && before.condition === zone.condition) return;
  if (!same || (zone.extension && !before.extension)) await base.manage('reset', index);
  if (zone.extension && extension !== undefined && !base.zone(index).extension)
    await base.setExtension(index, extension);
  if (base.zone(index).condition !== 'full') await copy(overlay, base, base.writtenEnd(index), end);
  await base.importZone(index, zone);
}

/** Writes what the overlay has of its own in a range to the base. */
async function copy(
  overlay: Qcow2Image,
  base: ZonedDevice,
  from: number,
  to: number,
): Promise<void> {
  for (let start = from; start < to; start += ZEROED_STEP_BYTES) {
    let at = start;
    for (const extent of overlay.extents(at, Math.min(ZEROED_STEP_BYTES, to - at))) {
      const end = at + extent.length;
      if (extent.present && extent.zero) await base.writeZeroes(at, extent.length);
      for (; extent.present && !extent.zero && at < end; at += COPY_BYTES) {
        const bytes = Buffer.alloc(Math.min(COPY_BYTES, end - at));
        overlay.read(at, bytes);
        await base.write(at, bytes);
      }
      at = end;
    }
  }
}

async function empty(overlay: Qcow2Image): Promise<void> {
  for (let at = 0; at < overlay.size; at += ZEROED_STEP_BYTES) {
    overlay.drop(at, Math.min(ZEROED_STEP_BYTES, overlay.size - at));
    await overlay.flush();
  }
  await overlay.settle();
}
