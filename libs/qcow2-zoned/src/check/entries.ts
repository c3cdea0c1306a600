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

/** What an entry that `plainOffset` tells must not have: reserved bits, and bit 62 for a compressed cluster. */
const NOT_PLAIN_HIGH = 0x7f00_0000;
const COPIED_HIGH = 0x8000_0000;
const TWO_32 = 2 ** 32;

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

/**
 * Host offset of an entry without subclusters that says no more than where a data cluster lies, and whether it is
 * COPIED: most do, and are told without an object. 0 for any other.
 */
export function plainOffset(table: Buffer, at: number, clusterSize: number): number {
  const high = table.readUInt32BE(at);
  const low = table.readUInt32BE(at + 4);
  if ((high & NOT_PLAIN_HIGH) !== 0 || (low & (clusterSize - 1)) !== 0) return 0;
  return (high & ~COPIED_HIGH) * TWO_32 + low;
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

/** Words of 64 bits that are looked at together: most tables are empty for the most part. */
const STRIDE = 8;

/** Positions in `table` of the entries that are not all zeroes. */
export function usedEntries(table: Buffer, entryBytes: number): number[] {
  const words = new BigInt64Array(table.buffer, table.byteOffset, table.length / 8);
  const whole = words.length - (words.length % STRIDE);
  const used: number[] = [];
  for (let word = 0; word < whole; word += STRIDE)
    if (isStrideUsed(words, word)) gather(words, word, word + STRIDE, entryBytes, used);
  gather(words, whole, words.length, entryBytes, used);
  return used;
}

/** One expression, which V8 compiles to eight loads; a sum kept in a loop would be an object each time. */
function isStrideUsed(words: BigInt64Array, at: number): boolean {
  const word = (index: number): bigint => words[at + index] as bigint;
  return (word(0) | word(1) | word(2) | word(3) | word(4) | word(5) | word(6) | word(7)) !== 0n;
}

function gather(
  words: BigInt64Array,
  from: number,
  to: number,
  entryBytes: number,
  used: number[],
): void {
  const perEntry = entryBytes / 8;
  for (let word = from; word < to; word += perEntry)
    if (words[word] !== 0n || (perEntry > 1 && words[word + 1] !== 0n)) used.push(word * 8);
}
