/**
 * L1 and L2 table entries (qcow2 specification, "L1/L2 table entries"). An entry is 64 bits, handled as its two
 * 32-bit halves so that the hot path needs no bigint. An extended L2 entry has 64 bits more (image/l2-layout.ts).
 *
 * | bits  | L1 entry             | L2 standard entry               |
 * |-------|----------------------|---------------------------------|
 * | 0     | reserved             | zero flag: reads as zeroes (v3) |
 * | 9-55  | L2 table host offset | cluster host offset             |
 * | 62    | reserved             | compressed cluster              |
 * | 63    | COPIED: refcount 1   | COPIED: refcount 1              |
 */

/** Size of an entry of an L1 table, a refcount table, or an L2 table without extended entries. */
export const ENTRY_BYTES = 8;
/** Size of an L2 entry with its bitmap of subclusters. */
export const EXTENDED_ENTRY_BYTES = 16;

const COPIED_HIGH = 0x8000_0000;
const COMPRESSED_HIGH = 0x4000_0000;
const OFFSET_HIGH_MASK = 0x00ff_ffff;
const OFFSET_LOW_MASK = 0xffff_fe00;
const ZERO_LOW = 1;
const SECTOR_BYTES = 512;
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

/** An entry for a cluster or table that only the active state refers to. */
export function writeCopiedEntry(table: Buffer, at: number, hostOffset: number): void {
  writeEntry(table, at, hostOffset, { copied: true, zero: false });
}

/** A standard entry, or the first half of an extended one. Host offset 0: no cluster. */
export function writeEntry(
  table: Buffer,
  at: number,
  hostOffset: number,
  flags: { readonly copied: boolean; readonly zero: boolean },
): void {
  const high = Math.floor(hostOffset / TWO_32);
  table.writeUInt32BE((flags.copied ? high | COPIED_HIGH : high) >>> 0, at);
  table.writeUInt32BE((hostOffset % TWO_32) + (flags.zero ? ZERO_LOW : 0), at + 4);
}

/** A cluster that reads as zeroes and occupies nothing; with extended L2 entries the bitmap says so instead. */
export function writeZeroEntry(table: Buffer, at: number): void {
  writeEntry(table, at, 0, { copied: false, zero: true });
}

export function clearEntry(table: Buffer, at: number): void {
  table.fill(0, at, at + ENTRY_BYTES);
}

/** Says whether the refcount is 1; the rest of the entry stays. */
export function setCopied(table: Buffer, at: number, copied: boolean): void {
  const high = table.readUInt32BE(at);
  table.writeUInt32BE((copied ? high | COPIED_HIGH : high & ~COPIED_HIGH) >>> 0, at);
}

/** Host bytes of a compressed cluster: [offset, offset + length). */
export interface CompressedPlace {
  readonly offset: number;
  readonly length: number;
}

/**
 * Where a compressed cluster lies. The descriptor gives the start by the byte and the end by the 512-byte sector
 * (qcow2 specification, "Compressed Clusters Descriptor").
 */
export function compressedPlace(table: Buffer, at: number, clusterBits: number): CompressedPlace {
  const entry = table.readBigUInt64BE(at) & ((1n << 62n) - 1n);
  const offsetBits = compressedOffsetBits(clusterBits);
  const offset = Number(entry & ((1n << offsetBits) - 1n));
  const sectors = Number(entry >> offsetBits) + 1;
  return { offset, length: sectors * SECTOR_BYTES - (offset % SECTOR_BYTES) };
}

/** The descriptor of a place; its length is rounded up to the end of a sector. */
export function writeCompressedEntry(
  table: Buffer,
  at: number,
  { offset, length }: CompressedPlace,
  clusterBits: number,
): void {
  const sectors =
    Math.floor((offset + length - 1) / SECTOR_BYTES) - Math.floor(offset / SECTOR_BYTES);
  const entry =
    (1n << 62n) | (BigInt(sectors) << compressedOffsetBits(clusterBits)) | BigInt(offset);
  table.writeBigUInt64BE(entry, at);
}

function compressedOffsetBits(clusterBits: number): bigint {
  return BigInt(62 - (clusterBits - 8));
}
