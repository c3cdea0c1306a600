/**
 * Dirty bitmaps as a check sees them (qcow2 specification, "Bitmaps"): the directory, each bitmap's table, and the
 * clusters that the tables name. Without autoclear bit 0 the extension is out of date and counts for nothing.
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
 * An entry of a bitmap table holds a host offset in bits 9-55; without one, bit 0 says "all ones".
 */
import { ImageError } from '../errors.ts';
import { readU64, roundUp } from '../format/bytes.ts';
import { ENTRY_BYTES, entryOffset } from '../format/entries.ts';
import { AUTOCLEAR } from '../format/feature-bits.ts';
import { EXTENSION, findExtension, type Qcow2Header } from '../format/header.ts';
import { MAX_BITMAP_BYTES, MAX_BITMAP_DIRECTORY_BYTES, MAX_BITMAPS } from '../limits.ts';
import { coverage } from './coverage.ts';
import { usedEntries } from './entries.ts';
import type { EntryMender } from './mapping.ts';
import type { References } from './references.ts';
import type { Subject } from './subject.ts';

const EXTENSION_BYTES = 24;
const FIXED_BYTES = 24;
const KNOWN_FLAGS = 0b111;
const TYPE_DIRTY_TRACKING = 1;
const MAX_NAME_BYTES = 1023;
const MIN_GRANULARITY_BITS = 9;
const MAX_GRANULARITY_BITS = 31;
const READ_BYTES = 2 ** 20;

interface Directory {
  readonly count: number;
  readonly offset: number;
  readonly size: number;
}

export interface BitmapTable {
  readonly offset: number;
  readonly size: number;
}

function refuse(field: string, given: number, allowed: string): never {
  throw new ImageError('invalid_image', `${field}: ${given}, allowed is ${allowed}`, {
    field,
    given,
    allowed,
  });
}

/** Undefined where the image has no bitmaps that hold. Throws `invalid_image`. */
export function bitmapDirectory(header: Qcow2Header): Directory | undefined {
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

/** Counts what the bitmaps occupy. Throws `invalid_image` for a directory that cannot be read. */
export function countBitmaps(references: References, mender?: EntryMender): void {
  const { subject, findings } = references;
  const directory = bitmapDirectory(subject.header);
  if (directory === undefined) return;
  references.add(directory.offset, directory.size);
  const tables = readDirectory(subject, directory);
  references.addRuns(tables);
  for (const { from, to, times } of coverage(
    tables.map(({ offset, size }) => ({ from: offset, to: offset + size })),
  )) {
    const end = Math.min(to, subject.file.length);
    for (let at = from; at < end; at += READ_BYTES) {
      const piece = Buffer.alloc(roundUp(Math.min(READ_BYTES, end - at), ENTRY_BYTES));
      subject.readTable(piece, at);
      for (const entry of usedEntries(piece, ENTRY_BYTES)) {
        const offset = entryOffset(piece, entry);
        const outside = mender && offset !== 0 && references.isOutside(offset, subject.clusterSize);
        const fault = outside
          ? `offset ${offset} is past the end of the file`
          : entryFault(piece, entry, subject.clusterSize);
        if (fault === undefined) {
          if (offset !== 0) references.add(offset, subject.clusterSize, times);
          continue;
        }
        findings.add(
          'corruption',
          () => `ERROR bitmap table entry at ${at + entry}: ${fault}`,
          times,
        );
        mender?.mendBitmap(piece, entry);
        mender?.write(piece.subarray(entry, entry + ENTRY_BYTES), at + entry);
      }
    }
  }
}

function entryFault(table: Buffer, at: number, clusterSize: number): string | undefined {
  const offset = entryOffset(table, at);
  const low = table.readUInt32BE(at + 4);
  if (table.readUInt8(at) !== 0 || (low & 0x1fe) !== 0 || (offset !== 0 && (low & 1) !== 0))
    return `reserved bits set in ${table.readBigUInt64BE(at).toString(16)}`;
  return offset % clusterSize === 0 ? undefined : `offset ${offset} is not cluster aligned`;
}

export function readDirectory(subject: Subject, { count, offset, size }: Directory): BitmapTable[] {
  const bytes = Buffer.alloc(Math.max(0, Math.min(size, subject.file.length - offset)));
  subject.readTable(bytes, offset);
  if (bytes.length < size)
    refuse('bitmap_directory_size', size, `what the file holds from there, ${bytes.length}`);
  const tables: BitmapTable[] = [];
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
    tables.push(decodeEntry(bytes, at, index, subject.clusterSize));
    at += length;
  }
  if (tables.length !== count) refuse('nb_bitmaps', count, `${tables.length}, as in the directory`);
  return tables;
}

function decodeEntry(bytes: Buffer, at: number, index: number, clusterSize: number): BitmapTable {
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
  return { offset, size: entries * ENTRY_BYTES };
}
