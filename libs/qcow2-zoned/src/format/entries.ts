/**
 * L1 and L2 table entries (qcow2 specification, "Cluster mapping"). An entry is 64 bits, handled as its two
 * 32-bit halves so that the hot path needs no bigint.
 *
 * | bits  | L1 entry             | L2 standard entry               |
 * |-------|----------------------|---------------------------------|
 * | 0     | reserved             | zero flag: reads as zeroes (v3) |
 * | 9-55  | L2 table host offset | cluster host offset             |
 * | 62    | reserved             | compressed cluster              |
 * | 63    | COPIED: refcount 1   | COPIED: refcount 1              |
 */

export const ENTRY_BYTES = 8;
/** An L2 entry with its bitmap of subclusters. */
export const EXTENDED_ENTRY_BYTES = 16;

const COPIED_HIGH = 0x8000_0000;
const COMPRESSED_HIGH = 0x4000_0000;
const OFFSET_HIGH_MASK = 0x00ff_ffff;
const OFFSET_LOW_MASK = 0xffff_fe00;
const ZERO_LOW = 1;
const TWO_32 = 2 ** 32;

/** Host offset in bytes, or 0 where nothing is allocated. Exact to 2^53; a larger one is past any file. */
export function entryOffset(table: Buffer, at: number): number {
  return (
    (table.readUInt32BE(at) & OFFSET_HIGH_MASK) * TWO_32 +
    ((table.readUInt32BE(at + 4) & OFFSET_LOW_MASK) >>> 0)
  );
}

export function isZeroEntry(table: Buffer, at: number): boolean {
  return (table.readUInt32BE(at + 4) & ZERO_LOW) !== 0;
}

export function isCompressedEntry(table: Buffer, at: number): boolean {
  return (table.readUInt32BE(at) & COMPRESSED_HIGH) !== 0;
}

export function isCopiedEntry(table: Buffer, at: number): boolean {
  return (table.readUInt32BE(at) & COPIED_HIGH) !== 0;
}

/** True where the entry says anything at all: a cluster, a zero cluster, or a compressed one. */
export function isMapped(table: Buffer, at: number): boolean {
  return table.readUInt32BE(at) !== 0 || table.readUInt32BE(at + 4) !== 0;
}

/** An entry for a cluster or table that only the active state refers to. */
export function writeCopiedEntry(table: Buffer, at: number, hostOffset: number): void {
  table.writeUInt32BE((Math.floor(hostOffset / TWO_32) | COPIED_HIGH) >>> 0, at);
  table.writeUInt32BE(hostOffset % TWO_32, at + 4);
}

/** A cluster that reads as zeroes and occupies nothing. */
export function writeZeroEntry(table: Buffer, at: number): void {
  table.writeUInt32BE(0, at);
  table.writeUInt32BE(ZERO_LOW, at + 4);
}

/** Says whether the refcount is 1; the rest of the entry stays. */
export function setCopied(table: Buffer, at: number, copied: boolean): void {
  const high = table.readUInt32BE(at);
  table.writeUInt32BE((copied ? high | COPIED_HIGH : high & ~COPIED_HIGH) >>> 0, at);
}

/**
 * Host bytes of a compressed cluster: [offset, offset + length). The descriptor gives the start by the byte and
 * the end by the 512-byte sector (qcow2 specification, "Compressed Clusters Descriptor").
 */
export function compressedPlace(
  table: Buffer,
  at: number,
  clusterBits: number,
): { offset: number; length: number } {
  const entry = table.readBigUInt64BE(at) & ((1n << 62n) - 1n);
  const offsetBits = BigInt(62 - (clusterBits - 8));
  const offset = Number(entry & ((1n << offsetBits) - 1n));
  const sectors = Number(entry >> offsetBits) + 1;
  return { offset, length: sectors * 512 - (offset % 512) };
}

export function clearEntry(table: Buffer, at: number): void {
  table.fill(0, at, at + ENTRY_BYTES);
}
