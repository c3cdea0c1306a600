/** Makes an image whose zones are those of another drive, as a report tells of them, with its data where there is a dump. */
import { createImage, type UnsizedCreateOptions } from '../create.ts';
import { ZonedDevice } from '../device/zoned-device.ts';
import { ImageError, invalidOption } from '../errors.ts';
import type { Disk } from '../image/disk.ts';
import { COPY_BYTES } from '../limits.ts';
import type { Zone, ZonedGeometry } from '../zones/zone.ts';
import { replaceFile } from './replace-file.ts';
import { walkExtents } from './walk.ts';

/** A zone as a drive reports it. Bytes, absolute. */
export type ReportedZone = Pick<
  Zone,
  'index' | 'type' | 'condition' | 'start' | 'size' | 'capacity' | 'writePointer'
>;

/** What a report does not tell: limits, block size, and how the image is made. What it tells must agree. */
export type CreateFromZonesOptions = Omit<UnsizedCreateOptions, 'zoned' | 'backing' | 'size'> & {
  readonly zoned?: Partial<ZonedGeometry> | undefined;
};

type Shape = Pick<
  ZonedGeometry,
  'profile' | 'size' | 'zoneSize' | 'zoneCapacity' | 'conventionalZones'
>;

/**
 * The shape of a drive with these zones. `zns` where a zone's capacity is below its size, else `zbc`. Throws
 * `invalid_option` naming the first zone that does not fit the others.
 */
export function shapeOf(zones: readonly ReportedZone[]): Shape {
  const [first] = zones;
  const last = zones.at(-1);
  if (first === undefined || last === undefined)
    throw invalidOption('report', 'no zones', 'one zone at least');
  const firstSequential = zones.findIndex(({ type }) => type === 'sequential');
  const conventionalZones = firstSequential < 0 ? zones.length : firstSequential;
  const zoneSize = first.size;
  const zoneCapacity = (zones[conventionalZones] ?? first).capacity;
  const wants = (zone: ReportedZone, field: keyof ReportedZone, allowed: number | string) => {
    if (zone[field] !== allowed)
      throw invalidOption(`zone ${zone.index} ${field}`, zone[field], `${allowed}`);
  };
  zones.forEach((zone, index) => {
    wants(zone, 'index', index);
    wants(zone, 'start', index * zoneSize);
    wants(zone, 'type', index < conventionalZones ? 'conventional' : 'sequential');
    if (zone !== last) wants(zone, 'size', zoneSize);
    else if (zone.size > zoneSize)
      throw invalidOption(`zone ${index} size`, zone.size, `at most ${zoneSize}`);
    if (zone.type === 'sequential') wants(zone, 'capacity', Math.min(zoneCapacity, zone.size));
  });
  const profile = zoneCapacity < zoneSize ? 'zns' : 'zbc';
  return { profile, size: last.start + last.size, zoneSize, zoneCapacity, conventionalZones };
}

/**
 * Writes a new image to `file`; it appears whole or not at all, and replaces what stood there. Zones that the drive had
 * open are closed. `data`: the drive's bytes; without it, what was written reads as zeroes. Errors: `invalid_option`
 * for zones that no image can have, options that contradict them, and a dump that is too short; those of creating.
 */
export async function createFromZones(
  file: string,
  zones: readonly ReportedZone[],
  { zoned, ...create }: CreateFromZonesOptions = {},
  data?: Disk,
): Promise<void> {
  const shape = shapeOf(zones);
  for (const field of ['zoneSize', 'zoneCapacity', 'conventionalZones'] as const)
    if (zoned?.[field] !== undefined && zoned[field] !== shape[field])
      throw invalidOption(field, zoned[field], `${shape[field]}, as the report has it`);
  await replaceFile(file, async (temporary) => {
    const geometry = { ...shape, ...zoned };
    await createImage(temporary, { ...create, size: shape.size, zoned: geometry });
    const device = await ZonedDevice.open(temporary, { enforceLimits: false });
    try {
      for (const zone of zones) await fill(device, zone, data);
    } finally {
      await device.close();
    }
  });
}

async function fill(device: ZonedDevice, zone: ReportedZone, data: Disk | undefined) {
  const { condition, index, start } = zone;
  const end = start + writtenBytes(zone);
  if (data !== undefined && zone.type === 'sequential' && end > data.size)
    throw invalidOption('data', `${data.size} bytes`, `${end} at least, for zone ${index}`);
  if (data === undefined) {
    if (zone.type === 'sequential' && end > start) await device.writeZeroes(start, end - start);
  } else await copy(device, zone, Math.min(end, data.size), data);
  await device.importZone(index, { condition, resetCount: 0 });
}

async function copy(device: ZonedDevice, { start, type }: ReportedZone, end: number, data: Disk) {
  for (const extent of walkExtents(data, start, end)) {
    const to = extent.start + extent.length;
    if (extent.zero) {
      if (type === 'sequential') await device.writeZeroes(extent.start, extent.length);
      continue;
    }
    for (let at = extent.start; at < to; at += COPY_BYTES) {
      const bytes = Buffer.alloc(Math.min(COPY_BYTES, to - at));
      data.read(at, bytes);
      await device.write(at, bytes);
    }
  }
}

/** Full zones hold their whole capacity: a report does not tell those that were finished before. */
function writtenBytes({
  capacity,
  condition,
  index,
  size,
  start,
  type,
  writePointer,
}: ReportedZone) {
  if (type === 'conventional') return size;
  switch (condition) {
    case 'empty':
      return 0;
    case 'full':
      return capacity;
    case 'read-only':
    case 'offline': // drives report any number there
      return Math.min(Math.max(writePointer - start, 0), capacity);
    default:
      if (writePointer >= start && writePointer <= start + capacity) return writePointer - start;
      throw new ImageError(
        'invalid_option',
        `zone ${index} writePointer: got ${writePointer}, allowed is ${start} to ${start + capacity}`,
        { zoneIndex: index, field: 'writePointer', given: writePointer },
      );
  }
}
