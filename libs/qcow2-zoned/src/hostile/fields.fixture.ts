/** Where the fields of an image lie, and values that a hostile author would put there. */
import { crc32 } from 'node:zlib';
import { metadataPlaces } from '../check/damage.fixture.ts';

export interface Field {
  readonly what: string;
  readonly offset: number;
  readonly width: 1 | 2 | 4 | 8;
}

const OFFSET_MASK = 0x00ff_ffff_ffff_fe00n;
const ZONE_BLOCK_BYTES = 512;
const ZONE_TABLE_MAGIC = 0x7a6d_7462;

const HEADER_FIELDS: readonly Field[] = [
  { what: 'magic', offset: 0, width: 4 },
  { what: 'version', offset: 4, width: 4 },
  { what: 'backing_file_offset', offset: 8, width: 8 },
  { what: 'backing_file_size', offset: 16, width: 4 },
  { what: 'cluster_bits', offset: 20, width: 4 },
  { what: 'size', offset: 24, width: 8 },
  { what: 'crypt_method', offset: 32, width: 4 },
  { what: 'l1_size', offset: 36, width: 4 },
  { what: 'l1_table_offset', offset: 40, width: 8 },
  { what: 'refcount_table_offset', offset: 48, width: 8 },
  { what: 'refcount_table_clusters', offset: 56, width: 4 },
  { what: 'nb_snapshots', offset: 60, width: 4 },
  { what: 'snapshots_offset', offset: 64, width: 8 },
  { what: 'incompatible_features', offset: 72, width: 8 },
  { what: 'compatible_features', offset: 80, width: 8 },
  { what: 'autoclear_features', offset: 88, width: 8 },
  { what: 'refcount_order', offset: 96, width: 4 },
  { what: 'header_length', offset: 100, width: 4 },
  { what: 'compression_type', offset: 104, width: 1 },
];

/** Host offsets of the blocks of a native zone table. */
export function zoneBlocks(image: Buffer): number[] {
  const extension = extensions(image).find(({ magic }) => magic === ZONE_TABLE_MAGIC);
  if (extension === undefined) return [];
  const clusterSize = 2 ** image.readUInt32BE(20);
  const guest = Number(image.readBigUInt64BE(extension.offset + 8));
  const span = (clusterSize * clusterSize) / 8;
  const l1 = Number(image.readBigUInt64BE(40)) + 8 * Math.floor(guest / span);
  const l2 = Number(image.readBigUInt64BE(l1) & OFFSET_MASK);
  const host = Number(image.readBigUInt64BE(l2 + 8 * ((guest % span) / clusterSize)) & OFFSET_MASK);
  return Array.from(
    { length: Math.min(clusterSize, 2048) / ZONE_BLOCK_BYTES },
    (_, i) => host + i * ZONE_BLOCK_BYTES,
  );
}

export function sealZoneBlock(image: Buffer, offset: number): void {
  image.writeUInt32BE(crc32(image.subarray(offset + 4, offset + ZONE_BLOCK_BYTES)), offset);
}

function extensions(image: Buffer): { magic: number; offset: number; length: number }[] {
  const found: { magic: number; offset: number; length: number }[] = [];
  let at = image.readUInt32BE(4) === 3 ? image.readUInt32BE(100) : 72;
  while (at + 8 <= image.length && image.readUInt32BE(at) !== 0 && found.length < 16) {
    const length = image.readUInt32BE(at + 4);
    found.push({ magic: image.readUInt32BE(at), offset: at + 8, length });
    at += 8 + Math.ceil(length / 8) * 8;
  }
  return found;
}

/** Fields of a sound image, each kind of structure about as often as any other. */
export function fieldGroups(image: Buffer): Field[][] {
  const v3 = image.readUInt32BE(4) === 3;
  const groups: Field[][] = [HEADER_FIELDS.filter(({ offset }) => v3 || offset < 72)];
  for (const { magic, offset, length } of extensions(image)) {
    const what = `extension ${magic.toString(16)}`;
    groups.push([
      { what: `${what} magic`, offset: offset - 8, width: 4 },
      { what: `${what} length`, offset: offset - 4, width: 4 },
      ...words(what, offset, Math.min(length, 64), 4),
    ]);
  }
  for (const { what, offset, length } of metadataPlaces(image)) {
    const used = words(what, offset, Math.min(length, 4096), 8).filter(
      (field, index) => index < 2 || image.readBigUInt64BE(field.offset) !== 0n,
    );
    groups.push(used.slice(0, 64));
  }
  const blocks = zoneBlocks(image);
  if (blocks.length > 0) groups.push(...blocks.map((block) => words('zone table', block, 128, 4)));
  return groups;
}

function words(what: string, offset: number, length: number, width: 4 | 8): Field[] {
  return Array.from({ length: Math.floor(length / width) }, (_, index) => ({
    what: `${what} +${index * width}`,
    offset: offset + index * width,
    width,
  }));
}

/** Puts a hostile value into a field of `image`; tells which. */
export function spoil(image: Buffer, field: Field, random: () => number): string {
  const { offset, width, what } = field;
  const bits = width * 8;
  const before = read(image, field);
  const below = (limit: number): number => Math.floor(random() * limit);
  const clusterBits = image.readUInt32BE(20) % 32;
  const somewhere = BigInt(below(Math.ceil(image.length / 512) + 4) * 512);
  const values: (() => bigint)[] = [
    () => 0n,
    () => (1n << BigInt(bits)) - 1n,
    () => before + 1n,
    () => before - 1n,
    () => before ^ (1n << BigInt(below(bits))),
    () => (1n << BigInt(below(bits))) - BigInt(below(2)),
    () => BigInt(below(2 ** 16)),
    () => (before & ~OFFSET_MASK) | somewhere,
    () => (1n << 63n) | BigInt(below(image.length >> Math.min(clusterBits, 21)) * 2 ** clusterBits),
    () => BigInt(below(2 ** 32)) * BigInt(below(2 ** 32)),
  ];
  const value = BigInt.asUintN(bits, (values[below(values.length)] as () => bigint)());
  write(image, field, value);
  return `${what}: ${before.toString(16)} -> ${value.toString(16)} at ${offset}`;
}

function read(image: Buffer, { offset, width }: Field): bigint {
  if (width === 8) return image.readBigUInt64BE(offset);
  return BigInt(image.readUIntBE(offset, width));
}

function write(image: Buffer, { offset, width }: Field, value: bigint): void {
  if (width === 8) image.writeBigUInt64BE(value, offset);
  else image.writeUIntBE(Number(value), offset, width);
}
