/**
 * The zone table: one entry per zone, in 512-byte blocks that protect themselves, so that one update is one
 * sector-atomic write.
 *
 * | byte    | block 0                      | other blocks            |
 * |---------|------------------------------|-------------------------|
 * | 0-3     | CRC-32 (IEEE) of bytes 4-511 | the same                |
 * | 4-7     | write generation             | the same                |
 * | 8-503   | the 32-byte zoned extension, then the disk size (u64), then zeroes | 31 entries of 16 bytes |
 * | 504-511 | zero                         | zero                    |
 *
 * An entry is two 64-bit words. Word 0: bits 60-63 zone condition, bit 59 conventional, bits 0-58 write pointer
 * (absolute, bytes; a full zone keeps the end of its written data). Word 1: reset count (u32), attributes (u8: bit 3
 * random write area, bit 7 descriptor extension), reserved (24 bits).
 *
 * Behind the entries lie the descriptor extensions, where the disk has them, in blocks of the same form.
 */
import { crc32 } from 'node:zlib';
import { ZoneAttribute, ZoneState } from '../zones/zone.ts';
import { writeU64 } from './bytes.ts';

export const ZONE_BLOCK_BYTES = 512;
export const ENTRIES_PER_BLOCK = 31;
const ENTRY_BYTES = 16;
const ENTRIES_AT = 8;
const GENERATION_AT = 4;
const CONVENTIONAL_BIT = 0x0800_0000; // bit 59, in the high half
const POINTER_HIGH_MASK = 0x07ff_ffff;
const TWO_32 = 2 ** 32;
const ATTRIBUTES_UNIT = 0x0100_0000; // the highest byte of the low half
/** Bytes of a block between its head and its end. */
const PAYLOAD_BYTES = 496;

/** One zone as the table keeps it. */
export interface ZoneRecord {
  readonly state: ZoneState;
  readonly conventional: boolean;
  /** Absolute, bytes. */
  readonly writePointer: number;
  readonly resetCount: number;
  /** Bits of `ZoneAttribute`. */
  readonly attributes: number;
}

/** Bytes of the table of `zoneCount` zones, the geometry block included. */
export function zoneTableBytes(zoneCount: number): number {
  return ZONE_BLOCK_BYTES * (1 + Math.ceil(zoneCount / ENTRIES_PER_BLOCK));
}

/** Blocks of the descriptor extensions of `zoneCount` zones, `size` bytes each. */
export function extensionBlocks(zoneCount: number, size: number): number {
  if (size === 0) return 0;
  return size <= PAYLOAD_BYTES
    ? Math.ceil(zoneCount / Math.floor(PAYLOAD_BYTES / size))
    : zoneCount * Math.ceil(size / PAYLOAD_BYTES);
}

/** A part of a descriptor extension: bytes [from, to) of it, in a block of the table. */
export interface ExtensionPiece {
  readonly block: number;
  /** Offset in the block. */
  readonly at: number;
  readonly from: number;
  readonly to: number;
}

/** Where a zone's descriptor extension lies: several share a block, or one has blocks of its own. */
export function extensionPieces(
  zoneIndex: number,
  zoneCount: number,
  size: number,
): ExtensionPiece[] {
  const firstBlock = 1 + Math.ceil(zoneCount / ENTRIES_PER_BLOCK);
  if (size <= PAYLOAD_BYTES) {
    const perBlock = Math.floor(PAYLOAD_BYTES / size);
    const block = firstBlock + Math.floor(zoneIndex / perBlock);
    return [{ block, at: ENTRIES_AT + (zoneIndex % perBlock) * size, from: 0, to: size }];
  }
  const blocks = Math.ceil(size / PAYLOAD_BYTES);
  return Array.from({ length: blocks }, (_, index) => ({
    block: firstBlock + zoneIndex * blocks + index,
    at: ENTRIES_AT,
    from: index * PAYLOAD_BYTES,
    to: Math.min(size, (index + 1) * PAYLOAD_BYTES),
  }));
}

/** Index of the block that holds a zone's entry. */
export function blockOfZone(zoneIndex: number): number {
  return 1 + Math.floor(zoneIndex / ENTRIES_PER_BLOCK);
}

function entryAt(zoneIndex: number): number {
  return (
    blockOfZone(zoneIndex) * ZONE_BLOCK_BYTES +
    ENTRIES_AT +
    (zoneIndex % ENTRIES_PER_BLOCK) * ENTRY_BYTES
  );
}

/** Puts a record into `table`, the whole table in memory; the block is not sealed yet. */
export function putRecord(table: Buffer, zoneIndex: number, record: ZoneRecord): void {
  const at = entryAt(zoneIndex);
  const high = Math.floor(record.writePointer / TWO_32);
  const flag = record.conventional ? CONVENTIONAL_BIT : 0;
  table.writeUInt32BE(record.state * 0x1000_0000 + flag + high, at);
  table.writeUInt32BE(record.writePointer % TWO_32, at + 4);
  table.writeUInt32BE(record.resetCount, at + 8);
  table.writeUInt32BE(record.attributes * ATTRIBUTES_UNIT, at + 12);
}

export function getRecord(table: Buffer, zoneIndex: number): ZoneRecord {
  const at = entryAt(zoneIndex);
  const high = table.readUInt32BE(at);
  return {
    state: (high >>> 28) as ZoneState,
    conventional: (high & CONVENTIONAL_BIT) !== 0,
    writePointer: (high & POINTER_HIGH_MASK) * TWO_32 + table.readUInt32BE(at + 4),
    resetCount: table.readUInt32BE(at + 8),
    attributes: table.readUInt8(at + 12),
  };
}

/** Raises a block's generation, writes its checksum, and returns the block ready for the disk. */
export function sealBlock(table: Buffer, blockIndex: number): Buffer {
  const block = table.subarray(blockIndex * ZONE_BLOCK_BYTES, (blockIndex + 1) * ZONE_BLOCK_BYTES);
  block.writeUInt32BE((block.readUInt32BE(GENERATION_AT) + 1) >>> 0, GENERATION_AT);
  block.writeUInt32BE(crc32(block.subarray(4)), 0);
  return block;
}

/** True where the block's checksum holds. */
export function blockHolds(table: Buffer, blockIndex: number): boolean {
  const at = blockIndex * ZONE_BLOCK_BYTES;
  return table.readUInt32BE(at) === crc32(table.subarray(at + 4, at + ZONE_BLOCK_BYTES));
}

/** Puts the geometry into block 0. `extension` is the encoded zoned extension. */
export function putGeometry(table: Buffer, extension: Buffer, size: number): void {
  extension.copy(table, ENTRIES_AT);
  writeU64(table, size, ENTRIES_AT + extension.length);
}

/** True where block 0 repeats this geometry. */
export function geometryAgrees(table: Buffer, extension: Buffer, size: number): boolean {
  const expected = Buffer.alloc(ZONE_BLOCK_BYTES);
  putGeometry(expected, extension, size);
  const end = ENTRIES_AT + extension.length + 8;
  return table.subarray(ENTRIES_AT, end).equals(expected.subarray(ENTRIES_AT, end));
}

/** What a whole table holds. */
export interface ZoneTableContent {
  /** One for each zone. */
  readonly records: readonly ZoneRecord[];
  /** By zone index. */
  readonly extensions: ReadonlyMap<number, Uint8Array>;
}

/**
 * A whole table, sealed. `extension` is the encoded zoned extension, `size` the disk's, `extensionSize` that of the
 * descriptor extensions; all bytes.
 */
export function encodeZoneTable(
  { records, extensions }: ZoneTableContent,
  geometry: { readonly extension: Buffer; readonly size: number; readonly extensionSize: number },
): Buffer {
  const count = records.length;
  const blocks = zoneTableBytes(count) / ZONE_BLOCK_BYTES;
  const more = extensionBlocks(count, geometry.extensionSize);
  const table = Buffer.alloc((blocks + more) * ZONE_BLOCK_BYTES);
  putGeometry(table, geometry.extension, geometry.size);
  records.forEach((record, index) => {
    putRecord(table, index, record);
  });
  const sealed = new Set(Array.from({ length: blocks }, (_, index) => index));
  for (const [index, value] of extensions)
    for (const { block, at, from, to } of extensionPieces(index, count, geometry.extensionSize)) {
      table.set(value.subarray(from, to), block * ZONE_BLOCK_BYTES + at);
      sealed.add(block);
    }
  for (const block of sealed) sealBlock(table, block);
  return table;
}

const ACTIVE: ReadonlySet<number> = new Set([
  ZoneState.ImplicitOpen,
  ZoneState.ExplicitOpen,
  ZoneState.Closed,
]);
/** Bytes of the zoned extension that change with the size of the disk: nr_zones. */
const ZONE_COUNT = { from: 12, to: 16 };

/** True where block 0 repeats this geometry but for the size of the disk. */
export function geometryAgreesButSize(table: Buffer, extension: Buffer): boolean {
  const stored = table.subarray(ENTRIES_AT, ENTRIES_AT + extension.length);
  return (
    stored.subarray(0, ZONE_COUNT.from).equals(extension.subarray(0, ZONE_COUNT.from)) &&
    stored.subarray(ZONE_COUNT.to).equals(extension.subarray(ZONE_COUNT.to))
  );
}

const STATES: ReadonlySet<number> = new Set(Object.values(ZoneState));

/** Why a record cannot be true of the zone [start, end), or undefined where it can. All bytes. */
export function recordFault(
  record: ZoneRecord,
  zone: {
    conventional: boolean;
    start: number;
    end: number;
    blockSize: number;
    attributes?: number;
  },
): string | undefined {
  if (!STATES.has(record.state)) return `unknown zone condition ${record.state}`;
  if (record.attributes & ~(zone.attributes ?? 0))
    return `attributes ${record.attributes}, the disk can have ${zone.attributes ?? 0}`;
  if (record.attributes & ZoneAttribute.zrwa && !ACTIVE.has(record.state))
    return `a random write area with condition ${record.state}`;
  if (record.conventional !== zone.conventional)
    return `conventional flag is ${record.conventional}, the geometry says ${zone.conventional}`;
  if (zone.conventional) {
    const known: readonly ZoneState[] = [
      ZoneState.NotWritePointer,
      ZoneState.ReadOnly,
      ZoneState.Offline,
    ];
    return known.includes(record.state)
      ? undefined
      : `condition ${record.state} on a conventional zone`;
  }
  if (record.state === ZoneState.NotWritePointer) return 'condition not-wp on a sequential zone';
  if (record.writePointer < zone.start || record.writePointer > zone.end)
    return `write pointer ${record.writePointer} outside [${zone.start}, ${zone.end}]`;
  if (record.writePointer % zone.blockSize !== 0)
    return `write pointer ${record.writePointer} inside a block of ${zone.blockSize}`;
  if (record.state === ZoneState.Empty && record.writePointer !== zone.start)
    return `an empty zone with its write pointer at ${record.writePointer}, not ${zone.start}`;
  return undefined;
}
