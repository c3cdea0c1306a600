/**
 * Changes the header of an image in place, so that a crash leaves an image that opens: with the old meaning or the new.
 *
 * A disk writes a sector whole or not at all, so all turns on the first 512 bytes. They hold the fields and, since
 * we put them first, the extensions without which the image cannot be used (`KEPT_FIRST`). What does not fit there
 * is the *tail*: the feature name table, extensions that we do not know, and the backing file name.
 *
 * - The tail stays as it is, or there is none: one write of one sector. Atomic.
 * - The tail changes: (1) the old backing file name is copied to a place that neither header uses; (2) the first
 *   sector is written with the old meaning, pointing at that copy, its extensions ending inside the sector; (3) the
 *   new tail is written; (4) the first sector gets the new meaning. Each step is durable before the next, each
 *   sector write atomic. A crash in between keeps the old meaning, but may lose what only lies in the tail: the
 *   feature name table and unknown extensions.
 * - Not atomic: where the extensions that are needed do not fit the first sector (a data file with a long name), or
 *   the cluster has no room for a second name. Then the tail goes first and the first sector after it; a crash
 *   between the two may leave extensions that cannot be read. Clusters of 512 bytes never come here.
 */
import type { BlockFile } from '../file.ts';
import { roundUp } from './bytes.ts';
import {
  decodeHeader,
  EXTENSION,
  encodeHeader,
  type HeaderExtension,
  type Qcow2Header,
} from './header.ts';

const SECTOR_BYTES = 512;
const NAME_OFFSET_AT = 8;
const NAME_LENGTH_AT = 16;

/** In this order, before all others. */
const KEPT_FIRST: readonly number[] = [
  EXTENSION.zoned,
  EXTENSION.zoneTable,
  EXTENSION.backingFormat,
  EXTENSION.bitmaps,
  EXTENSION.cryptoHeader,
  EXTENSION.dataFile,
];

/** Extensions as they are to stand in the file: those that are needed first, the others as they were. */
export function inFileOrder(extensions: readonly HeaderExtension[]): HeaderExtension[] {
  const rank = ({ magic }: HeaderExtension): number => {
    const index = KEPT_FIRST.indexOf(magic);
    return index < 0 ? KEPT_FIRST.length : index;
  };
  return [...extensions].sort((a, b) => rank(a) - rank(b));
}

/** The extensions with `magic` set to `data`, or without it where `data` is undefined. Others stay as they are. */
export function withExtension(
  extensions: readonly HeaderExtension[],
  magic: number,
  data: Buffer | undefined,
): HeaderExtension[] {
  const others = extensions.filter((extension) => extension.magic !== magic);
  return inFileOrder(data === undefined ? others : [...others, { magic, data }]);
}

/**
 * Gives the image in `file` the header `after`, durably; returns it as decoded from the file. What it points at must
 * be written before (this syncs it first). Errors: `invalid_option` where it does not fit a cluster, and nothing is
 * written then; `io_error`, `no_space`.
 */
export function rewriteHeader(file: BlockFile, after: Qcow2Header): Qcow2Header {
  const next = { ...after, extensions: inFileOrder(after.extensions) };
  const present = Buffer.alloc(Math.min(2 ** after.clusterBits, file.length));
  file.read(present, 0);
  const before = decodeHeader(present);
  const kept = next.backingFile === before.backingFile;
  const bytes = encodeHeader(next, kept ? { name: nameIn(present) } : {});
  file.syncNow();
  if (!tailOf(bytes).equals(present.subarray(SECTOR_BYTES, Math.max(SECTOR_BYTES, bytes.length)))) {
    retire(file, before, present, bytes.length);
    file.write(tailOf(bytes), SECTOR_BYTES);
    file.syncNow();
  }
  file.write(firstSector(bytes), 0);
  file.syncNow();
  return decodeHeader(padded(bytes, present.length));
}

/** Steps 1 and 2: makes the old header independent of the tail, where it can be. */
function retire(file: BlockFile, before: Qcow2Header, present: Buffer, newLength: number): void {
  const lean = { ...before, extensions: inFileOrder(before.extensions).filter(isNeeded) };
  const nameAt = roundUp(Math.max(newLength, usedLength(before, present)), SECTOR_BYTES);
  const name = nameIn(present);
  const withoutName = encodeHeader({ ...lean, backingFile: undefined });
  if (withoutName.length > SECTOR_BYTES || nameAt + name.length > 2 ** before.clusterBits) return;
  const retired = encodeHeader(lean, { nameOffset: nameAt, name });
  if (name.length > 0) {
    file.write(name, nameAt);
    file.syncNow();
  }
  file.write(firstSector(retired.subarray(0, withoutName.length)), 0);
  file.syncNow();
}

const isNeeded = ({ magic }: HeaderExtension): boolean => KEPT_FIRST.includes(magic);

/** Where the old header with all that belongs to it ends. */
function usedLength(before: Qcow2Header, present: Buffer): number {
  const ends = before.extensions.map(({ position = 0, data }) => position + data.length);
  const nameEnd = Number(present.readBigUInt64BE(NAME_OFFSET_AT)) + nameIn(present).length;
  return Math.max(before.headerLength, nameEnd, ...ends);
}

/** The backing file name as the file has it, which may be no UTF-8. */
function nameIn(present: Buffer): Buffer {
  const at = Number(present.readBigUInt64BE(NAME_OFFSET_AT));
  const length = at === 0 ? 0 : present.readUInt32BE(NAME_LENGTH_AT);
  return Buffer.from(present.subarray(at, at + length));
}

function tailOf(bytes: Buffer): Buffer {
  return bytes.subarray(SECTOR_BYTES);
}

/** The first sector, whole: what follows a short header in it is zero. */
function firstSector(bytes: Buffer): Buffer {
  return padded(bytes.subarray(0, SECTOR_BYTES), SECTOR_BYTES);
}

function padded(bytes: Buffer, length: number): Buffer {
  const whole = Buffer.alloc(Math.max(length, bytes.length));
  bytes.copy(whole);
  return whole;
}
