/** Zones of images that are changed as plain disks, below the zoned device. */
import { ZonedDevice } from '../device/zoned-device.ts';
import { ImageError } from '../errors.ts';
import { EXTENSION, findExtension } from '../format/header.ts';
import { decodeZoneTableExtension, type ZoneTableInfo } from '../format/zoned-extension.ts';
import type { Qcow2Image } from '../image/image.ts';
import type { OpenedDisk } from '../open.ts';
import { hasZones } from './convert-zoned.ts';

/** Brings a zoned image that was not closed cleanly into order, and has it vouched for again. */
export async function settleZones(path: string): Promise<void> {
  const device = await ZonedDevice.open(path);
  await device.close();
}

/** Throws `unsupported_feature` where one of the two has zones and the other has none, or not of our dialect. */
export function refuseMixedZones(top: OpenedDisk, base: OpenedDisk): void {
  if (!hasZones(top) && !hasZones(base)) return;
  for (const disk of [top, base])
    if (!hasZones(disk) || placeOf(disk.image) === undefined)
      throw new ImageError(
        'unsupported_feature',
        `${disk.path}: it has no zones of the native dialect, while the other image has zones`,
        { path: disk.path, field: 'zoned' },
      );
}

/** Copies the zone table of one image over that of another of the same shape. Not durable yet. */
export function copyZoneTable(from: OpenedDisk, to: OpenedDisk): void {
  const [source, target] = [placeOf(from.image), placeOf(to.image)];
  if (source === undefined || target === undefined) return;
  const table = Buffer.alloc(Math.max(source.length, target.length));
  from.image?.read(source.offset, table.subarray(0, source.length));
  to.image?.write(target.offset, table.subarray(0, target.length));
}

/** Where the zone table lies in the address space of an image: extension "zone table" of docs/format.md. */
function placeOf(image: Qcow2Image | undefined): ZoneTableInfo | undefined {
  const extension = image && findExtension(image.header, EXTENSION.zoneTable);
  return extension && decodeZoneTableExtension(extension);
}
