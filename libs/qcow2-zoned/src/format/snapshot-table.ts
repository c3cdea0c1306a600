/**
 * The snapshot table (qcow2 specification, "Snapshots"): entries of varying length, each padded to 8 bytes.
 *
 * | byte | size | field |
 * |------|------|-------|
 * | 0    | 8    | offset of the snapshot's L1 table |
 * | 8    | 4    | entries of that table |
 * | 12   | 2    | length of the id |
 * | 14   | 2    | length of the name |
 * | 16   | 4    | date, seconds since 1970 |
 * | 20   | 4    | date, nanoseconds |
 * | 24   | 8    | guest clock, nanoseconds |
 * | 32   | 4    | size of the VM state |
 * | 36   | 4    | length of the extra data |
 * | 40   | -    | extra data: VM state size (u64), disk size (u64), more; then id, then name |
 */
import { isUtf8 } from 'node:buffer';
import { ImageError } from '../errors.ts';
import { MAX_SNAPSHOT_EXTRA_BYTES, MAX_SNAPSHOT_TABLE_BYTES } from '../limits.ts';
import { readU64, roundUp, writeU64 } from './bytes.ts';

const FIXED_BYTES = 40;
const DISK_SIZE_AT = 8;

/** Offsets and sizes are bytes. */
export interface Snapshot {
  readonly id: string;
  readonly name: string;
  readonly l1TableOffset: number;
  readonly l1Entries: number;
  readonly date: { readonly seconds: number; readonly nanoseconds: number };
  readonly guestClockNs: bigint;
  readonly vmStateSize: number;
  /** Size of the disk then; undefined in old images, where it is the image's own. */
  readonly diskSize: number | undefined;
  /** As found, or as it will be written: unknown parts are kept. */
  readonly extra: Buffer;
  /** The bytes of id and name, where they are no UTF-8: they are written back as they were found. */
  readonly raw?: { readonly id: Buffer; readonly name: Buffer };
}

function refuse(field: string, given: number, message: string, allowed: string): never {
  throw new ImageError('invalid_image', message, { field, given, allowed });
}

/** Decodes `count` entries. `read` gives a piece of the table, from its start. Throws `invalid_image`. */
export function decodeSnapshots(
  count: number,
  read: (at: number, length: number) => Buffer,
): { snapshots: Snapshot[]; length: number } {
  const snapshots: Snapshot[] = [];
  let at = 0;
  for (let index = 0; index < count; index++) {
    const fixed = read(at, FIXED_BYTES);
    const extraLength = fixed.readUInt32BE(36);
    if (extraLength > MAX_SNAPSHOT_EXTRA_BYTES)
      refuse(
        'snapshot extra data',
        extraLength,
        `Too much extra metadata in snapshot table entry ${index}`,
        `at most ${MAX_SNAPSHOT_EXTRA_BYTES}`,
      );
    const idLength = fixed.readUInt16BE(12);
    const nameLength = fixed.readUInt16BE(14);
    const length = roundUp(FIXED_BYTES + extraLength + idLength + nameLength, 8);
    if (at + length > MAX_SNAPSHOT_TABLE_BYTES)
      refuse(
        'snapshot table',
        at + length,
        'Snapshot table too large',
        `at most ${MAX_SNAPSHOT_TABLE_BYTES}`,
      );
    snapshots.push(decodeSnapshot(read(at, length), extraLength, idLength, nameLength));
    at += length;
  }
  return { snapshots, length: at };
}

/** Bytes that an entry says it takes, from its fixed part; undefined where that cannot be believed. */
export function snapshotEntryLength(fixed: Buffer): number | undefined {
  const extraLength = fixed.readUInt32BE(36);
  if (extraLength > MAX_SNAPSHOT_EXTRA_BYTES) return undefined;
  return roundUp(FIXED_BYTES + extraLength + fixed.readUInt16BE(12) + fixed.readUInt16BE(14), 8);
}

export const SNAPSHOT_FIXED_BYTES = FIXED_BYTES;

function decodeSnapshot(
  entry: Buffer,
  extraLength: number,
  idLength: number,
  nameLength: number,
): Snapshot {
  const extra = Buffer.from(entry.subarray(FIXED_BYTES, FIXED_BYTES + extraLength));
  const idAt = FIXED_BYTES + extraLength;
  const idBytes = Buffer.from(entry.subarray(idAt, idAt + idLength));
  const nameBytes = Buffer.from(entry.subarray(idAt + idLength, idAt + idLength + nameLength));
  return {
    l1TableOffset: readU64(entry, 0, 'snapshot l1_table_offset'),
    l1Entries: entry.readUInt32BE(8),
    date: { seconds: entry.readUInt32BE(16), nanoseconds: entry.readUInt32BE(20) },
    guestClockNs: entry.readBigUInt64BE(24),
    vmStateSize:
      extraLength >= 8 ? readU64(extra, 0, 'snapshot vm_state_size') : entry.readUInt32BE(32),
    diskSize:
      extraLength >= DISK_SIZE_AT + 8
        ? readU64(extra, DISK_SIZE_AT, 'snapshot disk size')
        : undefined,
    extra,
    id: idBytes.toString(),
    name: nameBytes.toString(),
    ...(!(isUtf8(idBytes) && isUtf8(nameBytes)) && { raw: { id: idBytes, name: nameBytes } }),
  };
}

/** Extra data of a new snapshot: no VM state, the disk's size, and an instruction count of 0, as qemu-img has it. */
export function newExtra(diskSize: number): Buffer {
  const extra = Buffer.alloc(24);
  writeU64(extra, diskSize, DISK_SIZE_AT);
  return extra;
}

export function encodeSnapshots(snapshots: readonly Snapshot[]): Buffer {
  return Buffer.concat(snapshots.map(encodeSnapshot));
}

function encodeSnapshot(snapshot: Snapshot): Buffer {
  const id = snapshot.raw?.id ?? Buffer.from(snapshot.id);
  const name = snapshot.raw?.name ?? Buffer.from(snapshot.name);
  const idAt = FIXED_BYTES + snapshot.extra.length;
  const entry = Buffer.alloc(roundUp(idAt + id.length + name.length, 8));
  writeU64(entry, snapshot.l1TableOffset, 0);
  entry.writeUInt32BE(snapshot.l1Entries, 8);
  entry.writeUInt16BE(id.length, 12);
  entry.writeUInt16BE(name.length, 14);
  entry.writeUInt32BE(snapshot.date.seconds, 16);
  entry.writeUInt32BE(snapshot.date.nanoseconds, 20);
  entry.writeBigUInt64BE(snapshot.guestClockNs, 24);
  entry.writeUInt32BE(Math.min(snapshot.vmStateSize, 0xffff_ffff), 32);
  entry.writeUInt32BE(snapshot.extra.length, 36);
  snapshot.extra.copy(entry, FIXED_BYTES);
  id.copy(entry, idAt);
  name.copy(entry, idAt + id.length);
  return entry;
}
