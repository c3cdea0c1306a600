/**
 * The dialects of the zoned header extension, which share its magic. They are told apart by the extension's length and
 * by incompatible feature bit 5; the two of 48 bytes without the bit, by byte 1. All fields are big-endian.
 *
 * | dialect  | length | bit 5 | byte 1 | write pointers                                          |
 * |----------|--------|-------|--------|---------------------------------------------------------|
 * | `native` | 32     | clear |        | the zone table that extension "zmtb" names; bare without it |
 * | `v2`     | 48     | clear | not 0  | an array in the file, with conditions                   |
 * | `v3-v4`  | 48     | clear | 0      | an array in the file, without conditions                |
 * | `v5-v7`  | 48     | set   | 0      | the same                                                |
 * | `v9`     | 56     | set   | 0      | the same                                                |
 *
 * `v2` is the native extension followed by the array's offset and its size (u64 each). The others:
 *
 * | byte in v3-v7 | byte in v9 | field                                      |
 * |---------------|------------|--------------------------------------------|
 * | 0             | 0          | zoned: 1 = host-managed (u8); 3 bytes zero |
 * | 4, u32        | 4, u64     | zone_size, bytes                           |
 * | 8, u32        | 12, u64    | zone_capacity, bytes                       |
 * | 12            | 20         | conventional_zones (u32)                   |
 * | 16            | 24         | nr_zones (u32)                             |
 * | 20            | 28         | max_active_zones (u32)                     |
 * | 24            | 32         | max_open_zones (u32)                       |
 * | 28            | 36         | max_append_bytes (u32)                     |
 * | 32            | 40         | zonedmeta_size, bytes (u64)                |
 * | 40            | 48         | zonedmeta_offset, bytes of the file (u64)  |
 *
 * The array has a word of 64 bits per zone in the byte order of the host that wrote it, little-endian on every one
 * known: bit 59 conventional, bits 0-58 the write pointer (absolute, bytes), and in `v2` bits 60-63 the condition.
 */
import { ImageError, invalidOption } from '../errors.ts';
import { validateGeometry } from '../zones/geometry.ts';
import { type ZonedGeometry, ZoneState } from '../zones/zone.ts';
import { readU64, writeU64 } from './bytes.ts';
import { INCOMPATIBLE } from './feature-bits.ts';
import { EXTENSION, findExtension, type Qcow2Header } from './header.ts';
import type { ZoneRecord } from './zone-table.ts';
import {
  decodeZonedExtension,
  decodeZoneTableExtension,
  geometryExtras,
  ZONED_EXTENSION_BYTES,
  type ZoneTableInfo,
} from './zoned-extension.ts';

export type ZonedDialect = 'native' | 'v2' | 'v3-v4' | 'v5-v7' | 'v9';

/** Where the later dialects keep their write pointers: host-file bytes. */
export interface ZoneArray {
  readonly offset: number;
  readonly length: number;
}

/** What a header says of zones. */
export interface ZonedDescription {
  readonly dialect: ZonedDialect;
  readonly geometry: ZonedGeometry;
  /** The zoned extension's data. */
  readonly extension: Buffer;
  /** Where the native zone table is; undefined in other dialects, and in a bare image of the first series. */
  readonly info: ZoneTableInfo | undefined;
  /** In other dialects. */
  readonly array: ZoneArray | undefined;
}

const WORD_BYTES = 8;
const HOST_MANAGED = 1;
const DEFAULT_BLOCK_BYTES = 512;
/** The field has 32 bits, the limit is a multiple of 512. */
const MAX_V9_APPEND_BYTES = 0xffff_fe00;

/** Places of the fields, by the width of zone_size and zone_capacity. */
function fieldsAt(width: 4 | 8) {
  const counts = 4 + 2 * width;
  return {
    zoneSize: 4,
    zoneCapacity: 4 + width,
    conventionalZones: counts,
    zoneCount: counts + 4,
    maxActiveZones: counts + 8,
    maxOpenZones: counts + 12,
    maxAppendBytes: counts + 16,
    arrayLength: counts + 20,
    arrayOffset: counts + 28,
    length: counts + 36,
  };
}

interface DialectRow {
  readonly dialect: ZonedDialect;
  readonly length: number;
  readonly featureBit: boolean;
  /** Whether byte 1 is zero; undefined: it does not tell. */
  readonly zeroByte1?: boolean;
  decode(bytes: Buffer, header: Qcow2Header): ZonedDescription;
}

const DIALECTS: readonly DialectRow[] = [
  {
    ...{ dialect: 'native', length: ZONED_EXTENSION_BYTES, featureBit: false },
    decode: decodeNative,
  },
  { dialect: 'v2', length: 48, featureBit: false, zeroByte1: false, decode: decodeV2 },
  {
    ...{ dialect: 'v3-v4', length: 48, featureBit: false, zeroByte1: true },
    decode: (bytes, header) => decodeLater('v3-v4', 4, bytes, header),
  },
  {
    ...{ dialect: 'v5-v7', length: 48, featureBit: true },
    decode: (bytes, header) => decodeLater('v5-v7', 4, bytes, header),
  },
  {
    ...{ dialect: 'v9', length: fieldsAt(8).length, featureBit: true },
    decode: (bytes, header) => decodeLater('v9', 8, bytes, header),
  },
];

/**
 * Undefined for an image without zones. Throws `invalid_image` naming the field and both values, and
 * `unsupported_feature` for a dialect that is not in the table.
 */
export function describeZoned(header: Qcow2Header): ZonedDescription | undefined {
  const bytes = findExtension(header, EXTENSION.zoned);
  const featureBit = (header.incompatibleFeatures & INCOMPATIBLE.zonedFormat) !== 0n;
  if (bytes === undefined) {
    if (featureBit)
      refuse('incompatible feature bit 5', 'set', 'clear without a zoned header extension');
    return undefined;
  }
  const row = DIALECTS.find(
    (candidate) =>
      candidate.length === bytes.length &&
      candidate.featureBit === featureBit &&
      (candidate.zeroByte1 === undefined || candidate.zeroByte1 === (bytes[1] === 0)),
  );
  if (row !== undefined) return row.decode(bytes, header);
  const known = DIALECTS.map(
    ({ dialect, length, featureBit: bit }) =>
      `${length} ${bit ? 'with' : 'without'} it (${dialect})`,
  );
  throw new ImageError(
    'unsupported_feature',
    `zoned extension, length: ${bytes.length} ${featureBit ? 'with' : 'without'} incompatible ` +
      `feature bit 5, known is ${known.join(', ')}`,
    { field: 'zoned extension length', given: bytes.length, allowed: known.join(', ') },
  );
}

function refuse(field: string, given: number | string, allowed: number | string): never {
  const message = `zoned extension, ${field}: ${given}, allowed is ${allowed}`;
  throw new ImageError('invalid_image', message, { field, given, allowed: String(allowed) });
}

function decodeNative(extension: Buffer, header: Qcow2Header): ZonedDescription {
  const place = findExtension(header, EXTENSION.zoneTable);
  const info = place && decodeZoneTableExtension(place);
  const geometry = decodeZonedExtension(
    extension,
    header.size,
    2 ** header.clusterBits,
    geometryExtras(info),
  );
  return { dialect: 'native', geometry, extension, info, array: undefined };
}

function decodeV2(extension: Buffer, header: Qcow2Header): ZonedDescription {
  const native = extension.subarray(0, ZONED_EXTENSION_BYTES);
  const geometry = decodeZonedExtension(
    native,
    header.size,
    DEFAULT_BLOCK_BYTES,
    geometryExtras(undefined),
  );
  const offset = readU64(extension, ZONED_EXTENSION_BYTES, 'zonedmeta_offset');
  const length = readU64(extension, ZONED_EXTENSION_BYTES + 8, 'zonedmeta_size');
  const array = checkedArray({ offset, length }, geometry, header);
  return { dialect: 'v2', geometry, extension, info: undefined, array };
}

function decodeLater(
  dialect: ZonedDialect,
  width: 4 | 8,
  extension: Buffer,
  header: Qcow2Header,
): ZonedDescription {
  const at = fieldsAt(width);
  const bytes = (from: number, name: string) =>
    width === 4 ? extension.readUInt32BE(from) : readU64(extension, from, name);
  const count = (from: number) => extension.readUInt32BE(from);
  if (extension[0] !== HOST_MANAGED) refuse('zoned', extension[0] ?? 0, '1 (host-managed)');
  const reserved = extension.readUIntBE(1, 3);
  if (reserved !== 0) refuse('reserved', reserved, 0);
  const zoneSize = bytes(at.zoneSize, 'zone_size');
  if (zoneSize === 0) refuse('zone_size', 0, 'above 0');
  const zoneCapacity = bytes(at.zoneCapacity, 'zone_capacity') || zoneSize;
  const zoneCount = Math.ceil(header.size / zoneSize);
  const stored = count(at.zoneCount);
  if (stored !== 0 && stored !== zoneCount)
    refuse('nr_zones', stored, `${zoneCount} (disk size ${header.size} / zone_size ${zoneSize})`);
  const geometry: ZonedGeometry = {
    // The extension does not say. A capacity below the zone size is for ZNS alone.
    profile: zoneCapacity === zoneSize ? 'zbc' : 'zns',
    size: header.size,
    zoneSize,
    zoneCapacity,
    zoneCount,
    conventionalZones: count(at.conventionalZones),
    maxActiveZones: count(at.maxActiveZones),
    maxOpenZones: count(at.maxOpenZones),
    maxAppendBytes: count(at.maxAppendBytes),
    logicalBlockSize: DEFAULT_BLOCK_BYTES,
  };
  checkGeometry(geometry);
  const length = readU64(extension, at.arrayLength, 'zonedmeta_size');
  const offset = readU64(extension, at.arrayOffset, 'zonedmeta_offset');
  const array = checkedArray({ offset, length }, geometry, header);
  return { dialect, geometry, extension, info: undefined, array };
}

function checkGeometry(geometry: ZonedGeometry): void {
  try {
    validateGeometry(geometry);
  } catch (cause) {
    if (!(cause instanceof ImageError)) throw cause;
    throw new ImageError('invalid_image', `zoned extension, ${cause.message}`, cause.context, {
      cause,
    });
  }
}

/** What the header alone tells of the array's place; `loadForeign` asks the rest of the file. */
function checkedArray(array: ZoneArray, geometry: ZonedGeometry, header: Qcow2Header): ZoneArray {
  const length = geometry.zoneCount * WORD_BYTES;
  if (array.length !== length)
    refuse('zonedmeta_size', array.length, `${length} (${geometry.zoneCount} zones x 8)`);
  const clusterSize = 2 ** header.clusterBits;
  if (array.offset === 0 || array.offset % clusterSize !== 0)
    refuse('zonedmeta_offset', array.offset, `a multiple of the cluster size ${clusterSize}`);
  return array;
}

/** The `v9` extension of a disk of this geometry. Throws `invalid_option` where a field has no room. */
export function encodeV9Extension(geometry: ZonedGeometry, arrayOffset: number): Buffer {
  if (geometry.maxAppendBytes > MAX_V9_APPEND_BYTES)
    throw invalidOption(
      'maxAppendBytes',
      geometry.maxAppendBytes,
      `at most ${MAX_V9_APPEND_BYTES} in dialect v9`,
    );
  const at = fieldsAt(8);
  const bytes = Buffer.alloc(at.length);
  bytes.writeUInt8(HOST_MANAGED, 0);
  writeU64(bytes, geometry.zoneSize, at.zoneSize);
  writeU64(bytes, geometry.zoneCapacity, at.zoneCapacity);
  bytes.writeUInt32BE(geometry.conventionalZones, at.conventionalZones);
  bytes.writeUInt32BE(geometry.zoneCount, at.zoneCount);
  bytes.writeUInt32BE(geometry.maxActiveZones, at.maxActiveZones);
  bytes.writeUInt32BE(geometry.maxOpenZones, at.maxOpenZones);
  bytes.writeUInt32BE(geometry.maxAppendBytes, at.maxAppendBytes);
  writeU64(bytes, geometry.zoneCount * WORD_BYTES, at.arrayLength);
  writeU64(bytes, arrayOffset, at.arrayOffset);
  return bytes;
}

/** Bit 59, and what lies below it. */
const CONVENTIONAL = 1n << 59n;
const POINTER_MASK = CONVENTIONAL - 1n;
const CONDITION_SHIFT = 60n;

/** One zone of the array. `end`: where the zone's capacity ends. */
export function decodeZoneWord(
  dialect: ZonedDialect,
  array: Buffer,
  zoneIndex: number,
  zone: { start: number; end: number },
): ZoneRecord {
  const word = array.readBigUInt64LE(zoneIndex * WORD_BYTES);
  const conventional = (word & CONVENTIONAL) !== 0n;
  const writePointer = Number(word & POINTER_MASK);
  const state =
    dialect === 'v2'
      ? (Number(word >> CONDITION_SHIFT) as ZoneState)
      : inferred(conventional, writePointer, zone);
  const pointer = state === ZoneState.Full ? Math.min(writePointer, zone.end) : writePointer;
  return { state, conventional, writePointer: pointer, resetCount: 0, attributes: 0 };
}

function inferred(
  conventional: boolean,
  writePointer: number,
  { start, end }: { start: number; end: number },
): ZoneState {
  if (conventional) return ZoneState.NotWritePointer;
  if (writePointer === start) return ZoneState.Empty;
  return writePointer >= end ? ZoneState.Full : ZoneState.Closed;
}

/** The array of a `v9` image. What has no place in it is lost: conditions beyond empty, written and full. */
export function encodeV9Array(records: readonly ZoneRecord[], capacityEnd: (i: number) => number) {
  const array = Buffer.alloc(records.length * WORD_BYTES);
  records.forEach(({ conventional, state, writePointer }, index) => {
    const pointer = state === ZoneState.Full ? capacityEnd(index) : writePointer;
    const flag = conventional ? CONVENTIONAL : 0n;
    array.writeBigUInt64LE(flag | BigInt(pointer), index * WORD_BYTES);
  });
  return array;
}
