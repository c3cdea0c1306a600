/**
 * Guest clusters to host clusters: the active L1 table and a cache of L2 tables.
 *
 * Ordering. Changes stay in memory until a flush. Contents of a new L2 table go to the disk in the first phase,
 * its L1 entry and changes to older tables in the second (`capture`).
 */
import { ImageError } from '../errors.ts';
import type { BlockFile } from '../file.ts';
import {
  clearEntry,
  ENTRY_BYTES,
  entryOffset,
  isCompressedEntry,
  isCopiedEntry,
  isMapped,
  isZeroEntry,
  setCopied,
  writeCopiedEntry,
  writeZeroEntry,
} from '../format/entries.ts';
import type { Qcow2Header } from '../format/header.ts';
import type { Refcounts } from './refcounts.ts';
import { CachedTable, TableCache, type TableWrite } from './table-cache.ts';

/** What a guest cluster is. `hostOffset` is 0 where it has no cluster in the file. */
export interface Mapping {
  readonly kind: 'unallocated' | 'zero' | 'data';
  readonly hostOffset: number;
}

const UNALLOCATED: Mapping = { kind: 'unallocated', hostOffset: 0 };
const ZERO: Mapping = { kind: 'zero', hostOffset: 0 };

/** The second phase of a flush, as it stood when the first began. */
export interface TableChanges {
  readonly writes: readonly TableWrite[];
  /** To be called when the writes are durable, or given up. */
  done(): void;
}

export class ClusterMap {
  readonly #file: BlockFile;
  readonly #refcounts: Refcounts;
  readonly #clusterSize: number;
  readonly #entriesPerTable: number;
  readonly #l1Offset: number;
  readonly #l1: Buffer;
  readonly #tables: TableCache;
  /** L1 entries that the disk does not have yet, those of new tables aside. */
  readonly #l1Changed = new Set<number>();

  constructor(file: BlockFile, header: Qcow2Header, refcounts: Refcounts) {
    this.#file = file;
    this.#refcounts = refcounts;
    this.#clusterSize = 2 ** header.clusterBits;
    this.#entriesPerTable = this.#clusterSize / ENTRY_BYTES;
    this.#l1Offset = header.l1TableOffset;
    this.#l1 = Buffer.alloc(header.l1Entries * ENTRY_BYTES);
    file.read(this.#l1, header.l1TableOffset);
    this.#tables = new TableCache(this.#clusterSize);
  }

  /** Guest bytes that the L1 table can map; more than the virtual size, where the zone table lies past it. */
  get reach(): number {
    return (this.#l1.length / ENTRY_BYTES) * this.#entriesPerTable * this.#clusterSize;
  }

  /** True where unwritten tables fill the cache, so that a flush should come before the next write. */
  get crowded(): boolean {
    return this.#tables.crowded;
  }

  lookup(guestCluster: number): Mapping {
    const table = this.#table(Math.floor(guestCluster / this.#entriesPerTable));
    if (table === undefined) return UNALLOCATED;
    const at = (guestCluster % this.#entriesPerTable) * ENTRY_BYTES;
    if (!isMapped(table.data, at)) return UNALLOCATED;
    if (isCompressedEntry(table.data, at)) throw this.#compressed(guestCluster);
    const hostOffset = this.#checked(entryOffset(table.data, at), 'data cluster', guestCluster);
    if (isZeroEntry(table.data, at)) return hostOffset === 0 ? ZERO : { kind: 'zero', hostOffset };
    return hostOffset === 0 ? UNALLOCATED : { kind: 'data', hostOffset };
  }

  /** Host offset of a data cluster, or 0 where it is anything else: the hot path, without an object. */
  dataOffset(guestCluster: number): number {
    const table = this.#table(Math.floor(guestCluster / this.#entriesPerTable));
    if (table === undefined) return 0;
    const at = (guestCluster % this.#entriesPerTable) * ENTRY_BYTES;
    if (isCompressedEntry(table.data, at)) throw this.#compressed(guestCluster);
    if (isZeroEntry(table.data, at)) return 0;
    const offset = entryOffset(table.data, at);
    return offset === 0 ? 0 : this.#checked(offset, 'data cluster', guestCluster);
  }

  /** The same, or 0 where others refer to the cluster too, so that it must not be written in place. */
  writableOffset(guestCluster: number): number {
    const table = this.#table(Math.floor(guestCluster / this.#entriesPerTable));
    if (table === undefined || table.shared) return 0;
    const at = (guestCluster % this.#entriesPerTable) * ENTRY_BYTES;
    return isCopiedEntry(table.data, at) ? this.dataOffset(guestCluster) : 0;
  }

  /**
   * Makes the L2 table of a guest cluster exist, and be ours alone, so that linking the cluster cannot fail.
   * Throws `no_space`.
   */
  ensureTable(guestCluster: number): void {
    const index = Math.floor(guestCluster / this.#entriesPerTable);
    const before = this.#table(index);
    if (before !== undefined && !before.shared) return;
    const { offset } = this.#refcounts.allocate();
    const data = before ? Buffer.from(before.data) : Buffer.alloc(this.#clusterSize);
    try {
      this.#file.write(data, offset); // takes the space now: a flush must not be the first to find the disk full
    } catch (error) {
      this.#refcounts.release(offset);
      throw error;
    }
    const table = this.#tables.add(new CachedTable(index, offset, data, true));
    table.touch(0, this.#clusterSize);
    writeCopiedEntry(this.#l1, index * ENTRY_BYTES, offset);
    if (before !== undefined) this.#refcounts.releaseLater(before.offset);
  }

  link(guestCluster: number, hostOffset: number): void {
    this.#change(guestCluster, (data, at) => writeCopiedEntry(data, at, hostOffset));
  }

  linkZero(guestCluster: number): void {
    this.#change(guestCluster, writeZeroEntry);
  }

  unlink(guestCluster: number): void {
    this.#change(guestCluster, clearEntry);
  }

  /** The first guest cluster in [guestCluster, end) whose L2 table exists, or `end`: skips empty space. */
  nextWithTable(guestCluster: number, end: number): number {
    let cluster = guestCluster;
    while (cluster < end) {
      const index = Math.floor(cluster / this.#entriesPerTable);
      if (entryOffset(this.#l1, index * ENTRY_BYTES) !== 0) return cluster;
      cluster = (index + 1) * this.#entriesPerTable;
    }
    return end;
  }

  /** L1 indexes that have an L2 table. */
  *tableIndexes(): Iterable<number> {
    for (let index = 0; index < this.#l1.length / ENTRY_BYTES; index++)
      if (entryOffset(this.#l1, index * ENTRY_BYTES) !== 0) yield index;
  }

  /** Makes the COPIED flags of one L2 table, and of the entry that points at it, agree with the refcounts. */
  refreshCopied(index: number): void {
    const table = this.#table(index);
    if (table === undefined) return;
    const at = index * ENTRY_BYTES;
    table.shared = this.#refcounts.count(table.offset) !== 1;
    if (isCopiedEntry(this.#l1, at) === table.shared) {
      setCopied(this.#l1, at, !table.shared);
      this.#l1Changed.add(index);
    }
    for (let entry = 0; entry < this.#clusterSize; entry += ENTRY_BYTES) {
      const offset = entryOffset(table.data, entry);
      if (offset === 0 || isCompressedEntry(table.data, entry)) continue;
      const copied = this.#refcounts.count(offset) === 1;
      if (isCopiedEntry(table.data, entry) === copied) continue;
      setCopied(table.data, entry, copied);
      table.touch(entry, entry + ENTRY_BYTES);
    }
  }

  /** The active L1 table as the disk has it once everything is flushed. */
  copyL1(): Buffer {
    return Buffer.from(this.#l1);
  }

  /** Phase 1: writes the contents of new tables. Returns phase 2: their L1 entries, and changes to older tables. */
  capture(): TableChanges {
    const writes: TableWrite[] = [];
    const captured = [...this.#tables.dirtyTables()];
    for (const table of captured) {
      const { data, position } = table.takeDirty();
      table.inFlight++;
      if (!table.fresh) {
        writes.push({ data: Buffer.from(data), position });
        continue;
      }
      table.fresh = false;
      this.#file.write(table.data, table.offset);
      this.#l1Changed.add(table.index);
    }
    for (const index of this.#l1Changed) {
      const at = index * ENTRY_BYTES;
      const entry = Buffer.from(this.#l1.subarray(at, at + ENTRY_BYTES));
      writes.push({ data: entry, position: this.#l1Offset + at });
    }
    this.#l1Changed.clear();
    const done = (): void => {
      for (const table of captured) table.inFlight--;
      if (this.#tables.crowded) this.#tables.trim();
    };
    return { writes, done };
  }

  get dirty(): boolean {
    if (this.#l1Changed.size > 0) return true;
    for (const _ of this.#tables.dirtyTables()) return true;
    return false;
  }

  #change(guestCluster: number, change: (data: Buffer, at: number) => void): void {
    const table = this.#table(Math.floor(guestCluster / this.#entriesPerTable));
    if (table === undefined) throw new Error(`cluster ${guestCluster} has no L2 table`);
    const at = (guestCluster % this.#entriesPerTable) * ENTRY_BYTES;
    change(table.data, at);
    table.touch(at, at + ENTRY_BYTES);
  }

  #table(index: number): CachedTable | undefined {
    const cached = this.#tables.get(index);
    if (cached !== undefined) return cached;
    const at = index * ENTRY_BYTES;
    if (at >= this.#l1.length) return undefined;
    const offset = this.#checked(
      entryOffset(this.#l1, at),
      'L2 table',
      index * this.#entriesPerTable,
    );
    if (offset === 0) return undefined;
    const data = Buffer.allocUnsafe(this.#clusterSize);
    this.#file.read(data, offset);
    const shared = !isCopiedEntry(this.#l1, at);
    return this.#tables.add(new CachedTable(index, offset, data, false, shared));
  }

  #compressed(guestCluster: number): ImageError {
    const offset = guestCluster * this.#clusterSize;
    const message = `guest offset ${offset}: compressed clusters are not supported`;
    return new ImageError('unsupported_feature', message, { field: 'compressed cluster', offset });
  }

  #checked(hostOffset: number, what: string, guestCluster: number): number {
    if (hostOffset % this.#clusterSize === 0 && hostOffset <= this.#file.length) return hostOffset;
    const guest = guestCluster * this.#clusterSize;
    throw new ImageError(
      'image_corrupt',
      `${what} of guest offset ${guest}: host offset ${hostOffset} is ${
        hostOffset % this.#clusterSize === 0 ? 'past the end of the file' : 'not cluster aligned'
      }`,
      { field: what, given: hostOffset, offset: guest },
    );
  }
}
