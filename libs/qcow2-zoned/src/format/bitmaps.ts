/**
 * Persistent dirty bitmaps (qcow2 specification, "Bitmaps"): the header extension and the directory that it names.
 *
 * | byte | size | field of a directory entry |
 * |------|------|----------------------------|
 * | 0    | 8    | host offset of the bitmap table |
 * | 8    | 4    | its entries |
 * | 12   | 4    | flags: 0 in use, 1 auto, 2 extra data compatible |
 * | 16   | 1    | type, 1 |
 * | 17   | 1    | granularity bits |
 * | 18   | 2    | length of the name |
 * | 20   | 4    | length of the extra data |
 * | 24   | -    | extra data, name, padding to 8 bytes |
 *
 * We do not keep bitmaps up to date. Autoclear bit 0 says that they are: it is cleared before the first change that we
 * make (`ImageParts.maintained`), as the specification asks of software that does not know them. They are ignored from
 * then on, by everybody; what they occupy is leaked, and given back by a check with repair.
 */
import { ImageError } from '../errors.ts';
import { MAX_BITMAP_BYTES, MAX_BITMAP_DIRECTORY_BYTES, MAX_BITMAPS } from '../limits.ts';
import { readU64, roundUp, writeU64 } from './bytes.ts';
import { ENTRY_BYTES } from './entries.ts';
import { AUTOCLEAR } from './feature-bits.ts';
import { EXTENSION, findExtension, type Qcow2Header } from './header.ts';

const EXTENSION_BYTES = 24;
const FIXED_BYTES = 24;
const FLAG = { inUse: 1, auto: 2 } as const;
const KNOWN_FLAGS = 0b111;
const TYPE_DIRTY_TRACKING = 1;
const MAX_NAME_BYTES = 1023;
const MIN_GRANULARITY_BITS = 9;
const MAX_GRANULARITY_BITS = 31;

/** What QEMU takes: a power of two from 512 bytes to 2 GiB. */
export const MIN_BITMAP_GRANULARITY = 2 ** MIN_GRANULARITY_BITS;
export const MAX_BITMAP_GRANULARITY = 2 ** MAX_GRANULARITY_BITS;
export const MAX_BITMAP_NAME_BYTES = MAX_NAME_BYTES;

/** Where the directory lies: bytes. */
export interface BitmapDirectory {
  readonly count: number;
  readonly offset: number;
  readonly size: number;
}

export interface Bitmap {
  readonly name: string;
  /** Somebody had it open for writing and did not close it: its content cannot be believed. */
  readonly inUse: boolean;
  /** To be brought up to date by every writer, even unasked. */
  readonly auto: boolean;
  /** Bytes of the disk that one bit stands for. */
  readonly granularity: number;
  /** Place of the bitmap table in the file, bytes. */
  readonly table: { readonly offset: number; readonly size: number };
}

function refuse(field: string, given: number, allowed: string): never {
  throw new ImageError('invalid_image', `${field}: ${given}, allowed is ${allowed}`, {
    field,
    given,
    allowed,
  });
}

/** Undefined where the image has no bitmaps that hold. Throws `invalid_image`. */
export function bitmapDirectory(header: Qcow2Header): BitmapDirectory | undefined {
  const extension = findExtension(header, EXTENSION.bitmaps);
  if (extension === undefined || (header.autoclearFeatures & AUTOCLEAR.bitmaps) === 0n)
    return undefined;
  if (extension.length !== EXTENSION_BYTES)
    refuse('bitmaps extension length', extension.length, `${EXTENSION_BYTES}`);
  const count = extension.readUInt32BE(0);
  if (count === 0 || count > MAX_BITMAPS) refuse('nb_bitmaps', count, `1 to ${MAX_BITMAPS}`);
  if (extension.readUInt32BE(4) !== 0)
    refuse('bitmaps extension, reserved', extension.readUInt32BE(4), '0');
  const size = readU64(extension, 8, 'bitmap_directory_size');
  if (size < count * FIXED_BYTES || size > MAX_BITMAP_DIRECTORY_BYTES)
    refuse(
      'bitmap_directory_size',
      size,
      `${count * FIXED_BYTES} to ${MAX_BITMAP_DIRECTORY_BYTES}`,
    );
  const offset = readU64(extension, 16, 'bitmap_directory_offset');
  if (offset === 0 || offset % 2 ** header.clusterBits !== 0)
    refuse('bitmap_directory_offset', offset, 'a multiple of the cluster size, above 0');
  return { count, offset, size };
}

/** Bitmaps from the bytes of the directory, as many as the file has. Throws `invalid_image`. */
export function decodeBitmaps(
  bytes: Buffer,
  { count, size }: BitmapDirectory,
  clusterSize: number,
): Bitmap[] {
  if (bytes.length < size)
    refuse('bitmap_directory_size', size, `what the file holds from there, ${bytes.length}`);
  const tables: Bitmap[] = [];
  let at = 0;
  while (at < bytes.length) {
    const index = tables.length;
    if (at + FIXED_BYTES > bytes.length || index === count)
      refuse('bitmap_directory_size', size, `what ${count} entries need`);
    const length = roundUp(
      FIXED_BYTES + bytes.readUInt16BE(at + 18) + bytes.readUInt32BE(at + 20),
      8,
    );
    if (at + length > bytes.length)
      refuse(`length of bitmap directory entry ${index}`, length, `at most ${bytes.length - at}`);
    tables.push(decodeEntry(bytes, at, index, clusterSize));
    at += length;
  }
  if (tables.length !== count) refuse('nb_bitmaps', count, `${tables.length}, as in the directory`);
  return tables;
}

/** Bytes that the entry at `at` says it takes; undefined where it does not end inside the directory. */
export function bitmapEntryLength(bytes: Buffer, at: number): number | undefined {
  if (at + FIXED_BYTES > bytes.length) return undefined;
  const lengths = bytes.readUInt16BE(at + 18) + bytes.readUInt32BE(at + 20);
  const length = roundUp(FIXED_BYTES + lengths, 8);
  return at + length > bytes.length ? undefined : length;
}

function decodeEntry(bytes: Buffer, at: number, index: number, clusterSize: number): Bitmap {
  const name = `bitmap directory entry ${index}`;
  const offset = readU64(bytes, at, `${name}, table offset`);
  const entries = bytes.readUInt32BE(at + 8);
  const flags = bytes.readUInt32BE(at + 12);
  const granularity = bytes.readUInt8(at + 17);
  if (offset === 0 || offset % clusterSize !== 0)
    refuse(`${name}, table offset`, offset, 'a multiple of the cluster size, above 0');
  if (entries === 0 || entries * clusterSize > MAX_BITMAP_BYTES)
    refuse(`${name}, table size`, entries, `1 to ${MAX_BITMAP_BYTES / clusterSize}`);
  if ((flags & ~KNOWN_FLAGS) !== 0) refuse(`${name}, flags`, flags, `at most ${KNOWN_FLAGS}`);
  if (bytes.readUInt8(at + 16) !== TYPE_DIRTY_TRACKING)
    refuse(`${name}, type`, bytes.readUInt8(at + 16), `${TYPE_DIRTY_TRACKING}`);
  if (granularity < MIN_GRANULARITY_BITS || granularity > MAX_GRANULARITY_BITS)
    refuse(
      `${name}, granularity bits`,
      granularity,
      `${MIN_GRANULARITY_BITS} to ${MAX_GRANULARITY_BITS}`,
    );
  const nameLength = bytes.readUInt16BE(at + 18);
  if (nameLength === 0 || nameLength > MAX_NAME_BYTES)
    refuse(`${name}, length of the name`, nameLength, `1 to ${MAX_NAME_BYTES}`);
  if (bytes.readUInt32BE(at + 20) !== 0)
    refuse(`${name}, length of the extra data`, bytes.readUInt32BE(at + 20), '0');
  return {
    name: bytes.toString('utf8', at + FIXED_BYTES, at + FIXED_BYTES + nameLength),
    inUse: (flags & FLAG.inUse) !== 0,
    auto: (flags & FLAG.auto) !== 0,
    granularity: 2 ** granularity,
    table: { offset, size: entries * ENTRY_BYTES },
  };
}

/** Entries of the table of a bitmap over a disk of so many bytes. */
export function bitmapTableEntries(
  diskSize: number,
  granularity: number,
  clusterSize: number,
): number {
  return Math.ceil(Math.ceil(diskSize / granularity) / (8 * clusterSize));
}

/** Bytes of a directory entry. */
export function directoryEntryBytes(name: string): number {
  return roundUp(FIXED_BYTES + Buffer.byteLength(name), 8);
}

export function encodeBitmaps(bitmaps: readonly Bitmap[]): Buffer {
  return Buffer.concat(bitmaps.map(encodeEntry));
}

function encodeEntry({ name, inUse, auto, granularity, table }: Bitmap): Buffer {
  const entry = Buffer.alloc(directoryEntryBytes(name));
  writeU64(entry, table.offset, 0);
  entry.writeUInt32BE(table.size / ENTRY_BYTES, 8);
  entry.writeUInt32BE((inUse ? FLAG.inUse : 0) | (auto ? FLAG.auto : 0), 12);
  entry.writeUInt8(TYPE_DIRTY_TRACKING, 16);
  entry.writeUInt8(Math.log2(granularity), 17);
  entry.writeUInt16BE(Buffer.byteLength(name), 18);
  entry.write(name, FIXED_BYTES);
  return entry;
}

/** Data of the header extension that names a directory. */
export function encodeBitmapsExtension({ count, offset, size }: BitmapDirectory): Buffer {
  const data = Buffer.alloc(EXTENSION_BYTES);
  data.writeUInt32BE(count, 0);
  writeU64(data, size, 8);
  writeU64(data, offset, 16);
  return data;
}
