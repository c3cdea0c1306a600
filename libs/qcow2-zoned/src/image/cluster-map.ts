/**
 * Guest clusters to host clusters: the active L1 table and a cache of L2 tables.
 *
 * Ordering. Changes stay in memory until a flush. Contents of a new L2 table go to the disk in the first phase,
 * its L1 entry and changes to older tables in the second (`capture`).
 */
import { ImageError } from '../errors.ts';
import type { BlockFile } from '../file.ts';
import {
  ENTRY_BYTES,
  entryOffset,
  isCompressedEntry,
  isCopiedEntry,
  isZeroEntry,
  setCopied,
  writeCopiedEntry,
} from '../format/entries.ts';
import type { Qcow2Header } from '../format/header.ts';
import { type L2Entry, L2Layout, UNALLOCATED_ENTRY } from './l2-layout.ts';
import { ACTIVE_L2_TABLE, type MetadataGuard, type MetadataRange } from './metadata-guard.ts';
import type { Refcounts } from './refcounts.ts';
import { CachedTable, TableCache, type TableWrite } from './table-cache.ts';

/** What `locate` answers where a unit has no bytes of its own in the file. */
export const NOWHERE = { unallocated: -1, zero: -2, compressed: -3 } as const;

/** The second phase of a flush, as it stood when the first began. */
export interface TableChanges {
  readonly writes: readonly TableWrite[];
  /** To be called when the writes are durable, or given up. */
  done(): void;
}

export class ClusterMap {
  readonly #file: BlockFile;
  readonly #refcounts: Refcounts;
  readonly layout: L2Layout;
  readonly #hasZeroFlag: boolean;
  readonly #clusterSize: number;
  readonly #entriesPerTable: number;
  readonly #extended: boolean;
  readonly #external: boolean;
  readonly #l1Offset: number;
  readonly #l1: Buffer;
  readonly #tables: TableCache;
  /** L1 entries that the disk does not have yet, those of new tables aside. */
  readonly #l1Changed = new Set<number>();

  constructor(
    file: BlockFile,
    header: Qcow2Header,
    refcounts: Refcounts,
    private readonly guard: MetadataGuard,
  ) {
    this.#file = file;
    this.#refcounts = refcounts;
    this.#clusterSize = 2 ** header.clusterBits;
    this.layout = new L2Layout(header);
    this.#hasZeroFlag = header.version >= 3;
    this.#entriesPerTable = this.layout.entriesPerTable;
    this.#extended = this.layout.extended;
    this.#external = this.layout.external;
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

  /**
   * Host offset of a unit (a cluster, or a subcluster; see `L2Layout`), or one of `NOWHERE`: the hot path, without
   * an object. Throws `image_corrupt`.
   */
  locate(unit: number): number {
    if (this.#extended) return this.#locateSubcluster(unit);
    const table = this.#table(Math.floor(unit / this.#entriesPerTable));
    if (table === undefined) return NOWHERE.unallocated;
    const at = (unit % this.#entriesPerTable) * ENTRY_BYTES;
    if (isCompressedEntry(table.data, at)) return NOWHERE.compressed;
    if (!isZeroEntry(table.data, at)) return this.#dataOffset(table.data, at, unit);
    if (!this.#hasZeroFlag) this.entry(unit); // which refuses it
    return NOWHERE.zero;
  }

  #locateSubcluster(unit: number): number {
    const { entryBytes, unitsPerCluster, unitSize } = this.layout;
    const cluster = Math.floor(unit / unitsPerCluster);
    const table = this.#table(Math.floor(cluster / this.#entriesPerTable));
    if (table === undefined) return NOWHERE.unallocated;
    const at = (cluster % this.#entriesPerTable) * entryBytes;
    if (isCompressedEntry(table.data, at)) return NOWHERE.compressed;
    const index = unit % unitsPerCluster;
    const mask = 1 << index;
    const zero = (L2Layout.zeroMask(table.data, at) & mask) !== 0;
    const allocated = (L2Layout.allocatedMask(table.data, at) & mask) !== 0;
    if (zero && allocated) this.entry(cluster); // which refuses it
    if (zero) return NOWHERE.zero;
    if (!allocated) return NOWHERE.unallocated;
    return this.#dataOffset(table.data, at, cluster) + index * unitSize;
  }

  /**
   * Host offset of a cluster whose bytes [from, to) can be written in place, or -1: they are stored, and nobody else
   * refers to them.
   */
  writableOffset(guestCluster: number, from: number, to: number): number {
    const table = this.#table(Math.floor(guestCluster / this.#entriesPerTable));
    if (table === undefined || table.shared) return -1;
    const at = (guestCluster % this.#entriesPerTable) * this.layout.entryBytes;
    if (!isCopiedEntry(table.data, at) || isCompressedEntry(table.data, at)) return -1;
    if (this.layout.extended) {
      const touched = this.layout.unitsTouched(from, to);
      if ((L2Layout.allocatedMask(table.data, at) & touched) >>> 0 !== touched) return -1;
      if ((L2Layout.zeroMask(table.data, at) & touched) !== 0) return -1;
    } else if (isZeroEntry(table.data, at)) return -1;
    return this.#dataOffset(table.data, at, guestCluster);
  }

  /** All that the tables say of a cluster. `copied` is false in a shared table. Throws `image_corrupt`. */
  entry(guestCluster: number): L2Entry {
    const table = this.#table(Math.floor(guestCluster / this.#entriesPerTable));
    if (table === undefined) return UNALLOCATED_ENTRY;
    const at = (guestCluster % this.#entriesPerTable) * this.layout.entryBytes;
    const entry = this.layout.read(table.data, at);
    this.#refuseNonsense(entry, guestCluster);
    return entry.copied && table.shared ? { ...entry, copied: false } : entry;
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
    this.guard.add(offset);
    const table = this.#tables.add(new CachedTable(index, offset, data, true));
    table.touch(0, this.#clusterSize);
    writeCopiedEntry(this.#l1, index * ENTRY_BYTES, offset);
    if (before === undefined) return;
    this.guard.remove(before.offset);
    this.#refcounts.releaseLater(before.offset);
  }

  /** Changes an entry. Its table must be ours (`ensureTable`). */
  put(guestCluster: number, entry: L2Entry): void {
    const table = this.#table(Math.floor(guestCluster / this.#entriesPerTable));
    if (table === undefined) throw new Error(`cluster ${guestCluster} has no L2 table`);
    const at = (guestCluster % this.#entriesPerTable) * this.layout.entryBytes;
    this.layout.write(table.data, at, entry);
    table.touch(at, at + this.layout.entryBytes);
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

  /** Where the active L2 tables lie, those that are not on disk yet included. */
  *tables(): Iterable<MetadataRange> {
    for (const index of this.tableIndexes()) {
      const offset = entryOffset(this.#l1, index * ENTRY_BYTES);
      yield { what: ACTIVE_L2_TABLE, offset, length: this.#clusterSize };
    }
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
    const { entryBytes, external } = this.layout;
    for (let entry = 0; entry < this.#clusterSize && !external; entry += entryBytes) {
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

  #table(index: number): CachedTable | undefined {
    const cached = this.#tables.get(index);
    if (cached !== undefined) return cached;
    const at = index * ENTRY_BYTES;
    if (at >= this.#l1.length) return undefined;
    const offset = entryOffset(this.#l1, at);
    if (offset === 0) return undefined;
    this.#refuseMisplaced(offset, this.#file.length, 'L2 table', index * this.#entriesPerTable);
    const data = Buffer.allocUnsafe(this.#clusterSize);
    this.#file.read(data, offset);
    const shared = !isCopiedEntry(this.#l1, at);
    return this.#tables.add(new CachedTable(index, offset, data, false, shared));
  }

  /** Host offset of a cluster that holds data, or `NOWHERE.unallocated`. */
  #dataOffset(table: Buffer, at: number, guestCluster: number): number {
    const offset = entryOffset(table, at);
    if (offset === 0 && !(this.#external && isCopiedEntry(table, at))) {
      if (this.#extended) this.entry(guestCluster);
      return NOWHERE.unallocated;
    }
    if (this.#external) {
      if (offset !== guestCluster * this.#clusterSize) this.#refuseNotInPlace(offset, guestCluster);
    } else if (offset % this.#clusterSize !== 0 || offset > this.#file.length)
      this.#refuseMisplaced(offset, this.#file.length, 'data cluster', guestCluster);
    return offset;
  }

  /** What no writer of the format leaves. Slow paths only: the hot one looks for what it needs. */
  #refuseNonsense({ host, allocated, zero }: L2Entry, guestCluster: number): void {
    if (zero !== 0 && !this.#hasZeroFlag)
      this.#refuse('zero cluster in a version 2 image', zero, guestCluster);
    if ((allocated & zero) !== 0)
      this.#refuse('subcluster both allocated and zero', allocated & zero, guestCluster);
    if (host === undefined) {
      if (allocated !== 0) this.#refuse('subclusters without a cluster', allocated, guestCluster);
    } else if (!this.layout.external)
      this.#refuseMisplaced(
        host,
        allocated === 0 ? Number.MAX_SAFE_INTEGER : this.#file.length,
        'data cluster',
        guestCluster,
      );
    else if (host !== guestCluster * this.#clusterSize) this.#refuseNotInPlace(host, guestCluster);
  }

  #refuseMisplaced(hostOffset: number, end: number, what: string, guestCluster: number): void {
    if (hostOffset % this.#clusterSize !== 0)
      this.#refuse(`${what}: host offset is not cluster aligned`, hostOffset, guestCluster);
    if (hostOffset > end)
      this.#refuse(`${what}: host offset is past the end of the file`, hostOffset, guestCluster);
  }

  #refuseNotInPlace(hostOffset: number, guestCluster: number): never {
    return this.#refuse('place in the data file is not the guest offset', hostOffset, guestCluster);
  }

  #refuse(what: string, given: number, guestCluster: number): never {
    const offset = guestCluster * this.#clusterSize;
    throw new ImageError('image_corrupt', `guest offset ${offset}: ${what} (${given})`, {
      field: what,
      given,
      offset,
    });
  }
}
