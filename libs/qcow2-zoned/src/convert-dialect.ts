/** Copies a zoned image into another dialect: to the native one from any, and to v9. */
import fs from 'node:fs';
import { type CreateOptions, createImage } from './create.ts';
import { ZonedDevice } from './device/zoned-device.ts';
import { ImageError } from './errors.ts';
import { HostFile } from './file.ts';
import { publish, temporaryName } from './file-draft.ts';
import type { ZoneRecord } from './format/zone-table.ts';
import { COPY_BYTES, MIN_CLUSTER_BITS } from './limits.ts';
import { addV9Zones } from './v9.ts';
import type { Zone, ZonedGeometry } from './zones/zone.ts';
import { ZoneState } from './zones/zone.ts';

export interface ConvertDialectOptions {
  /** Default `native`. */
  readonly dialect?: 'native' | 'v9' | undefined;
  /** Default: the source's, or the largest smaller one that the zone size is a multiple of. */
  readonly clusterSize?: number | undefined;
  /** How else the native image is made. */
  readonly create?: Pick<
    CreateOptions,
    'refcountBits' | 'lazyRefcounts' | 'extendedL2' | 'compressionType'
  >;
  /** Limits of the native image, where they are to differ from the source's. */
  readonly limits?: Partial<
    Pick<ZonedGeometry, 'maxOpenZones' | 'maxActiveZones' | 'maxAppendBytes'>
  >;
}

/**
 * Writes a copy of the zoned image `source`, of any dialect, to the new file `target`, which appears whole or not at
 * all. Errors: `invalid_zone_operation` where `source` has no zones; `file_exists`; those of opening and of creating.
 */
export async function convertDialect(
  source: string,
  target: string,
  options: ConvertDialectOptions = {},
): Promise<void> {
  const from = await ZonedDevice.open(source, { readOnly: true });
  const temporary = temporaryName(target);
  try {
    const { geometry } = from;
    if (geometry === undefined)
      throw new ImageError('invalid_zone_operation', `${source}: the image has no zones`);
    if (fs.existsSync(target))
      throw new ImageError('file_exists', `${target}: the file exists already`, { path: target });
    const clusterSize = options.clusterSize ?? clusterFor(geometry, from.clusterSize);
    if (options.dialect === 'v9') await writeV9(from, geometry, temporary, clusterSize);
    else
      await writeNative(from, { ...geometry, ...options.limits }, temporary, {
        ...options.create,
        clusterSize,
      });
    publish(temporary, target);
  } finally {
    fs.rmSync(temporary, { force: true });
    await from.close();
  }
}

/** Native zones never share a cluster. */
function clusterFor({ zoneSize }: ZonedGeometry, wanted: number): number {
  let clusterSize = wanted;
  while (zoneSize % clusterSize !== 0 && clusterSize > 2 ** MIN_CLUSTER_BITS) clusterSize /= 2;
  return clusterSize;
}

async function writeNative(
  from: ZonedDevice,
  geometry: ZonedGeometry,
  path: string,
  create: Omit<CreateOptions, 'size'>,
): Promise<void> {
  await createImage(path, { ...create, size: from.size, zoned: geometry });
  const to = await ZonedDevice.open(path, { enforceLimits: false });
  try {
    for (const zone of allZones(from)) {
      const extension = from.extension(zone.index);
      if (extension !== undefined) await to.setExtension(zone.index, extension);
      if (zone.zrwa) await copyAreaZone(from, zone, to);
      else await copyZoneData(from, zone, to);
      await to.importZone(zone.index, zone);
    }
  } finally {
    await to.close();
  }
}

async function writeV9(
  from: ZonedDevice,
  geometry: ZonedGeometry,
  path: string,
  clusterSize: number,
): Promise<void> {
  await createImage(path, { size: from.size, clusterSize });
  const to = await ZonedDevice.open(path);
  const records: ZoneRecord[] = [];
  try {
    for (const zone of allZones(from)) {
      await copyZoneData(from, zone, to);
      records.push(recordOf(zone, from.writtenEnd(zone.index)));
    }
  } finally {
    await to.close();
  }
  const file = HostFile.open(path, { readOnly: false });
  try {
    await addV9Zones(file, geometry, records);
  } finally {
    file.close();
  }
}

function* allZones(device: ZonedDevice): Iterable<Zone> {
  for (let index = 0; index < (device.geometry?.zoneCount ?? 0); index++) yield device.zone(index);
}

function recordOf({ condition, start, type }: Zone, writtenEnd: number): ZoneRecord {
  if (type === 'conventional')
    return {
      conventional: true,
      state: ZoneState.NotWritePointer,
      writePointer: start,
      resetCount: 0,
      attributes: 0,
    };
  const state = condition === 'full' ? ZoneState.Full : ZoneState.Closed;
  return { conventional: false, state, writePointer: writtenEnd, resetCount: 0, attributes: 0 };
}

/**
 * Writes what a zone holds to the same place of another disk: a sequential zone up to its write pointer, zeroes
 * included, so that the other write pointer follows. An offline zone has nothing to be read.
 */
export async function copyZoneData(from: ZonedDevice, zone: Zone, to: ZonedDevice): Promise<void> {
  const { condition, index, start, type } = zone;
  if (condition === 'offline') return;
  let at = start;
  for (const { length, zero } of from.allocation(start, from.writtenEnd(index) - start)) {
    const end = at + length;
    if (!zero) await copyBytes(from, to, at, end);
    else if (type === 'sequential') await to.writeZeroes(at, length);
    at = end;
  }
}

/** A zone with a random write area: what it holds is committed up to the write pointer, and the rest is in the area. */
async function copyAreaZone(
  from: ZonedDevice,
  { index, start, capacity }: Zone,
  to: ZonedDevice,
): Promise<void> {
  await to.openWithZrwa(index);
  const { zrwaSize = 0 } = from.geometry ?? {};
  const pointer = from.writtenEnd(index);
  const end = Math.min(pointer + zrwaSize, start + capacity);
  for (let at = start; at < end; ) {
    const next = Math.min(at + zrwaSize, at < pointer ? pointer : end);
    await copyBytes(from, to, at, next);
    if (next <= pointer) await to.commitZrwa(index, next);
    at = next;
  }
}

async function copyBytes(
  from: ZonedDevice,
  to: ZonedDevice,
  start: number,
  end: number,
): Promise<void> {
  for (let at = start; at < end; at += COPY_BYTES) {
    const bytes = Buffer.alloc(Math.min(COPY_BYTES, end - at));
    await from.read(at, bytes);
    await to.write(at, bytes);
  }
}
