/**
 * Dirty bitmaps as a check sees them: their directory, each bitmap's table, and the clusters that the tables name.
 * Without autoclear bit 0 the extension is out of date and counts for nothing.
 *
 * An entry of a bitmap table (qcow2 specification, "Bitmap table") holds a host offset in bits 9-55; without one, bit 0
 * says "all ones".
 */
import { ImageError } from '../errors.ts';
import {
  type Bitmap,
  type BitmapDirectory,
  bitmapDirectory,
  decodeBitmaps,
} from '../format/bitmaps.ts';
import { roundUp } from '../format/bytes.ts';
import { ENTRY_BYTES, entryOffset } from '../format/entries.ts';
import { coverage } from './coverage.ts';
import { usedEntries } from './entries.ts';
import type { EntryMender } from './mapping.ts';
import type { References } from './references.ts';
import type { Subject } from './subject.ts';

const READ_BYTES = 2 ** 20;

export interface BitmapTable {
  readonly offset: number;
  readonly size: number;
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

/** Places of the bitmap tables, in bytes. Throws `invalid_image` for a directory that cannot be read. */
export function readDirectory(subject: Subject, directory: BitmapDirectory): BitmapTable[] {
  const { offset, size } = directory;
  const bytes = Buffer.alloc(Math.max(0, Math.min(size, subject.file.length - offset)));
  subject.readTable(bytes, offset);
  const bitmaps = decodeBitmaps(bytes, directory, subject.clusterSize);
  const names = new Set<string>();
  bitmaps.forEach((bitmap, index) => {
    refuseUnfitting(subject, bitmap, index);
    if (names.size === names.add(bitmap.name).size)
      refuse(`bitmap directory entry ${index}, name`, bitmap.name, 'one that no other bitmap has');
  });
  return bitmaps.map(({ table }) => table);
}

/**
 * A table must have the entries that a bit for each piece of the disk needs: with more or fewer, QEMU does not open the
 * image. It does not look at a bitmap that is marked as in use.
 */
export function refuseUnfitting(
  { header, clusterSize }: Subject,
  bitmap: Bitmap,
  index: number,
): void {
  const bits = Math.ceil(header.size / bitmap.granularity);
  const needed = Math.ceil(bits / (8 * clusterSize));
  const entries = bitmap.table.size / ENTRY_BYTES;
  if (!bitmap.inUse && entries !== needed)
    refuse(`bitmap directory entry ${index}, table size`, entries, `${needed} for this disk`);
}

function refuse(field: string, given: number | string, allowed: string): never {
  throw new ImageError('invalid_image', `${field}: ${given}, allowed is ${allowed}`, {
    field,
    given,
    allowed,
  });
}
