/**
 * The two header extensions that make a qcow2 image a zoned disk (native dialect; docs/format.md).
 *
 * "Zoned", magic 0x007a6264, 32 bytes, is the geometry as the first public series defined it:
 *
 * | byte | size | field              |
 * |------|------|--------------------|
 * | 0    | 1    | zoned_profile: 1 = zbc, 2 = zns |
 * | 1    | 1    | zoned: 1 = host-managed |
 * | 2    | 2    | reserved, zero     |
 * | 4    | 4    | zone_size, bytes   |
 * | 8    | 4    | zone_capacity, bytes; 0 = zone_size |
 * | 12   | 4    | nr_zones; 0 = to be derived |
 * | 16   | 4    | zone_nr_conv       |
 * | 20   | 4    | max_active_zones; 0 = no limit |
 * | 24   | 4    | max_open_zones; 0 = no limit |
 * | 28   | 4    | max_append_sectors, of 512 bytes |
 *
 * "Zone table", magic 0x7a6d7462, 64 bytes, is ours: where the write pointers live, and how the image was left.
 *
 * | byte | size | field              |
 * |------|------|--------------------|
 * | 0    | 2    | version, 1         |
 * | 2    | 2    | entry size in bytes, 16 |
 * | 4    | 4    | flags; bit 0 = opened for writing and not closed |
 * | 8    | 8    | guest offset of the zone table |
 * | 16   | 8    | length of the zone table, bytes |
 * | 24   | 4    | logical block size |
 * | 28   | 4    | zrwa_size          |
 * | 32   | 4    | zrwa_flush_granularity |
 * | 36   | 4    | zrwa_zones         |
 * | 40   | 4    | descriptor_extension_size |
 * | 44   | 4    | device flags       |
 * | 48   | 8    | virtual size at the last clean close |
 * | 56   | 8    | length of the file at the last clean close |
 */
import { ImageError } from '../errors.ts';
import { validateGeometry } from '../zones/geometry.ts';
import type { ZonedGeometry } from '../zones/zone.ts';
import { readU64, roundUp, writeU64 } from './bytes.ts';
import { extensionBlocks, ZONE_BLOCK_BYTES, zoneTableBytes } from './zone-table.ts';

export const ZONED_EXTENSION_BYTES = 32;
export const ZONE_TABLE_EXTENSION_BYTES = 64;

const SECTOR_BYTES = 512;
const HOST_MANAGED = 1;
const PROFILES = { 1: 'zbc', 2: 'zns' } as const;
const PROFILE_CODES = { zbc: 1, zns: 2 } as const;
const ZONE_TABLE_VERSION = 1;
export const ZONE_ENTRY_BYTES = 16;
const FLAG_UNCLEAN = 1;

/** Where the zone table lies, and how the image was left. Offsets, lengths and sizes are bytes. */
export interface ZoneTableInfo {
  readonly offset: number;
  readonly length: number;
  readonly logicalBlockSize: number;
  readonly zrwaSize: number;
  readonly zrwaFlushGranularity: number;
  readonly zrwaZones: number;
  readonly descriptorExtensionSize: number;
  /** True from the first write of an opening until its clean close. */
  readonly unclean: boolean;
  readonly cleanSize: number;
  readonly cleanFileLength: number;
}

function refuse(field: string, given: number, allowed: string): never {
  throw new ImageError(
    'invalid_image',
    `zoned extension, ${field}: ${given}, allowed is ${allowed}`,
    {
      field,
      given,
      allowed,
    },
  );
}

export function encodeZonedExtension(geometry: ZonedGeometry): Buffer {
  const bytes = Buffer.alloc(ZONED_EXTENSION_BYTES);
  bytes.writeUInt8(PROFILE_CODES[geometry.profile], 0);
  bytes.writeUInt8(HOST_MANAGED, 1);
  bytes.writeUInt32BE(geometry.zoneSize, 4);
  bytes.writeUInt32BE(geometry.zoneCapacity, 8);
  bytes.writeUInt32BE(geometry.zoneCount, 12);
  bytes.writeUInt32BE(geometry.conventionalZones, 16);
  bytes.writeUInt32BE(geometry.maxActiveZones, 20);
  bytes.writeUInt32BE(geometry.maxOpenZones, 24);
  bytes.writeUInt32BE(geometry.maxAppendBytes / SECTOR_BYTES, 28);
  return bytes;
}

/** What the zone table extension adds to the geometry. */
export type GeometryExtras = Pick<
  ZonedGeometry,
  'logicalBlockSize' | 'zrwaSize' | 'zrwaFlushGranularity' | 'zrwaZones' | 'descriptorExtensionSize'
>;

/** Only what is there: most disks have neither. */
export function geometryExtras(info: ZoneTableInfo | undefined): GeometryExtras {
  if (info === undefined) return { logicalBlockSize: SECTOR_BYTES };
  const { logicalBlockSize, zrwaSize, zrwaFlushGranularity, zrwaZones } = info;
  const { descriptorExtensionSize } = info;
  return {
    logicalBlockSize,
    ...((zrwaSize || zrwaFlushGranularity || zrwaZones) && {
      zrwaSize,
      zrwaFlushGranularity,
      zrwaZones,
    }),
    ...(descriptorExtensionSize && { descriptorExtensionSize }),
  };
}

/** The same for an image about to be made. */
export function zoneTableInfo(
  geometry: ZonedGeometry,
  place: Pick<ZoneTableInfo, 'offset' | 'length' | 'cleanSize' | 'cleanFileLength'>,
): ZoneTableInfo {
  return {
    ...place,
    unclean: false,
    logicalBlockSize: geometry.logicalBlockSize,
    zrwaSize: geometry.zrwaSize ?? 0,
    zrwaFlushGranularity: geometry.zrwaFlushGranularity ?? 0,
    zrwaZones: geometry.zrwaZones ?? 0,
    descriptorExtensionSize: geometry.descriptorExtensionSize ?? 0,
  };
}

/**
 * Geometry from the zoned extension of an image of `size` bytes. Throws `invalid_image` or
 * `unsupported_feature`, naming the field, the value and what is allowed.
 */
export function decodeZonedExtension(
  bytes: Buffer,
  size: number,
  clusterSize: number,
  extras: GeometryExtras,
): ZonedGeometry {
  if (bytes.length !== ZONED_EXTENSION_BYTES)
    refuse('length', bytes.length, `${ZONED_EXTENSION_BYTES} (the native dialect)`);
  const profile = PROFILES[bytes.readUInt8(0) as 1 | 2];
  if (profile === undefined) refuse('zoned_profile', bytes.readUInt8(0), '1 (zbc) or 2 (zns)');
  if (bytes.readUInt8(1) !== HOST_MANAGED) refuse('zoned', bytes.readUInt8(1), '1 (host-managed)');
  if (bytes.readUInt16BE(2) !== 0) refuse('reserved', bytes.readUInt16BE(2), '0');
  const zoneSize = bytes.readUInt32BE(4);
  if (zoneSize === 0 || zoneSize % clusterSize !== 0)
    refuse('zone_size', zoneSize, `a multiple of the cluster size ${clusterSize}, above 0`);
  const zoneCount = Math.ceil(size / zoneSize);
  const storedCount = bytes.readUInt32BE(12);
  if (storedCount !== 0 && storedCount !== zoneCount)
    refuse('nr_zones', storedCount, `${zoneCount} (disk size ${size} / zone_size ${zoneSize})`);
  const geometry: ZonedGeometry = {
    profile,
    size,
    zoneSize,
    zoneCapacity: bytes.readUInt32BE(8) || zoneSize,
    zoneCount,
    conventionalZones: bytes.readUInt32BE(16),
    maxActiveZones: bytes.readUInt32BE(20),
    maxOpenZones: bytes.readUInt32BE(24),
    maxAppendBytes: bytes.readUInt32BE(28) * SECTOR_BYTES,
    ...extras,
  };
  try {
    validateGeometry(geometry);
  } catch (cause) {
    if (!(cause instanceof ImageError)) throw cause;
    throw new ImageError('invalid_image', `zoned extension, ${cause.message}`, cause.context, {
      cause,
    });
  }
  return geometry;
}

export function encodeZoneTableExtension(info: ZoneTableInfo): Buffer {
  const bytes = Buffer.alloc(ZONE_TABLE_EXTENSION_BYTES);
  bytes.writeUInt16BE(ZONE_TABLE_VERSION, 0);
  bytes.writeUInt16BE(ZONE_ENTRY_BYTES, 2);
  bytes.writeUInt32BE(info.unclean ? FLAG_UNCLEAN : 0, 4);
  writeU64(bytes, info.offset, 8);
  writeU64(bytes, info.length, 16);
  bytes.writeUInt32BE(info.logicalBlockSize, 24);
  bytes.writeUInt32BE(info.zrwaSize, 28);
  bytes.writeUInt32BE(info.zrwaFlushGranularity, 32);
  bytes.writeUInt32BE(info.zrwaZones, 36);
  bytes.writeUInt32BE(info.descriptorExtensionSize, 40);
  writeU64(bytes, info.cleanSize, 48);
  writeU64(bytes, info.cleanFileLength, 56);
  return bytes;
}

/** Throws `invalid_image` or `unsupported_feature` where the extension is not one that we write. */
export function decodeZoneTableExtension(bytes: Buffer): ZoneTableInfo {
  if (bytes.length !== ZONE_TABLE_EXTENSION_BYTES)
    refuse('zone table length', bytes.length, `${ZONE_TABLE_EXTENSION_BYTES}`);
  if (bytes.readUInt16BE(0) !== ZONE_TABLE_VERSION)
    refuse('zone table version', bytes.readUInt16BE(0), `${ZONE_TABLE_VERSION}`);
  if (bytes.readUInt16BE(2) !== ZONE_ENTRY_BYTES)
    refuse('zone table entry size', bytes.readUInt16BE(2), `${ZONE_ENTRY_BYTES}`);
  if (bytes.readUInt32BE(44) !== 0)
    throw new ImageError(
      'unsupported_feature',
      `zone table extension, device flags: ${bytes.readUInt32BE(44)}, allowed is 0`,
      { field: 'zone table device flags', given: bytes.readUInt32BE(44), allowed: '0' },
    );
  return {
    unclean: (bytes.readUInt32BE(4) & FLAG_UNCLEAN) !== 0,
    offset: readU64(bytes, 8, 'zone table offset'),
    length: readU64(bytes, 16, 'zone table length'),
    logicalBlockSize: bytes.readUInt32BE(24),
    zrwaSize: bytes.readUInt32BE(28),
    zrwaFlushGranularity: bytes.readUInt32BE(32),
    zrwaZones: bytes.readUInt32BE(36),
    descriptorExtensionSize: bytes.readUInt32BE(40),
    cleanSize: readU64(bytes, 48, 'clean size'),
    cleanFileLength: readU64(bytes, 56, 'clean file length'),
  };
}

/** L1 entries between the end of the disk and the zone table: room for VM state and for a stock grow. */
const GAP_L1_ENTRIES = 128;

/** Guest bytes that one L1 entry maps. L2 entries have `l2EntryBytes` bytes. */
export function bytesPerL1Entry(clusterSize: number, entryBytes: number): number {
  return clusterSize * (clusterSize / entryBytes);
}

/** Guest offset and padded length of the zone table of a disk of this geometry. Both in bytes. */
export function zoneTablePlace(
  geometry: ZonedGeometry,
  clusterSize: number,
  entryBytes: number,
): { offset: number; length: number } {
  const span = bytesPerL1Entry(clusterSize, entryBytes);
  const { descriptorExtensionSize = 0, zoneCount } = geometry;
  const tableBytes =
    zoneTableBytes(zoneCount) +
    ZONE_BLOCK_BYTES * extensionBlocks(zoneCount, descriptorExtensionSize);
  return {
    offset: roundUp(geometry.size, span) + GAP_L1_ENTRIES * span,
    length: roundUp(tableBytes, clusterSize),
  };
}
