/**
 * L1 and L2 entries as a check reads them: what kind an entry is, and which of its bits must not be set (qcow2
 * specification, "Cluster mapping"). A table is read as a whole, and its empty entries are skipped two words at a time.
 */
import {
  ENTRY_BYTES,
  entryOffset,
  isCompressedEntry,
  isCopiedEntry,
  isZeroEntry,
} from '../format/entries.ts';
import type { Subject } from './subject.ts';

/** Bits 56-61 of any entry; bits 1-8 of an L2 entry, and 0-8 of an L1 entry. */
const RESERVED_HIGH = 0x3f00_0000;
const RESERVED_LOW_L2 = 0x1fe;
/** An L1 entry has bit 62 reserved as well. */
const RESERVED_HIGH_L1 = 0x7f00_0000;
const RESERVED_LOW_L1 = 0x1ff;

/** `unallocated` has no offset; `zero` reads as zeroes and may keep a cluster. */
export type EntryKind = 'unallocated' | 'data' | 'zero' | 'compressed';

export interface L2Entry {
  readonly kind: EntryKind;
  /** Host offset; 0 where there is none. A compressed cluster's place is told by `compressedPlace`. */
  readonly offset: number;
  readonly copied: boolean;
  readonly reserved: boolean;
  /** Extended L2: subclusters that hold data, and subclusters that read as zeroes, a bit each; else 0. */
  readonly allocatedMap: number;
  readonly zeroMap: number;
}

export function decodeL2Entry(
  table: Buffer,
  at: number,
  { entryBytes, dataFile }: Subject,
): L2Entry {
  const extended = entryBytes > ENTRY_BYTES;
  const offset = entryOffset(table, at);
  const copied = isCopiedEntry(table, at);
  return {
    kind: kindOf(table, at, extended, offset !== 0 || (dataFile && copied)),
    offset,
    copied,
    reserved:
      (table.readUInt32BE(at) & RESERVED_HIGH) !== 0 ||
      (table.readUInt32BE(at + 4) & RESERVED_LOW_L2) !== 0,
    allocatedMap: extended ? table.readUInt32BE(at + 12) : 0,
    zeroMap: extended ? table.readUInt32BE(at + 8) : 0,
  };
}

function kindOf(table: Buffer, at: number, extended: boolean, allocated: boolean): EntryKind {
  if (isCompressedEntry(table, at)) return 'compressed';
  if (!extended && isZeroEntry(table, at)) return 'zero';
  return allocated ? 'data' : 'unallocated';
}

/** Clears what `decodeL2Entry` calls reserved. */
export function clearReservedL2(table: Buffer, at: number): void {
  table.writeUInt32BE((table.readUInt32BE(at) & ~RESERVED_HIGH) >>> 0, at);
  table.writeUInt32BE((table.readUInt32BE(at + 4) & ~RESERVED_LOW_L2) >>> 0, at + 4);
}

export function hasReservedL1(table: Buffer, at: number): boolean {
  return (
    (table.readUInt32BE(at) & RESERVED_HIGH_L1) !== 0 ||
    (table.readUInt32BE(at + 4) & RESERVED_LOW_L1) !== 0
  );
}

export function clearReservedL1(table: Buffer, at: number): void {
  table.writeUInt32BE((table.readUInt32BE(at) & ~RESERVED_HIGH_L1) >>> 0, at);
  table.writeUInt32BE((table.readUInt32BE(at + 4) & ~RESERVED_LOW_L1) >>> 0, at + 4);
}

/** Words that are looked at together: most tables are empty for the most part. */
const STRIDE = 32;

/** Positions in `table` of the entries that are not all zeroes. */
export function usedEntries(table: Buffer, entryBytes: number): number[] {
  const words = new Uint32Array(table.buffer, table.byteOffset, table.length / 4);
  const whole = words.length - (words.length % STRIDE);
  const used: number[] = [];
  for (let word = 0; word < whole; word += STRIDE) {
    let any = 0;
    for (let i = word; i < word + STRIDE; i++) any |= words[i] as number;
    if (any !== 0) gather(words, word, word + STRIDE, entryBytes, used);
  }
  gather(words, whole, words.length, entryBytes, used);
  return used;
}

function gather(
  words: Uint32Array,
  from: number,
  to: number,
  entryBytes: number,
  used: number[],
): void {
  const perEntry = entryBytes / 4;
  for (let word = from; word < to; word += perEntry) {
    let any = 0;
    for (let i = word; i < word + perEntry; i++) any |= words[i] as number;
    if (any !== 0) used.push(word * 4);
  }
}
