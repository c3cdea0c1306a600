/**
 * Cached metadata tables: L2 tables and refcount blocks, each one cluster. A table that holds changes, or whose
 * changes are on their way to the disk, stays; clean ones leave in the order of their last use.
 */
import { roundDown, roundUp } from '../format/bytes.ts';
import { MIN_CACHED_TABLES, TABLE_CACHE_BYTES } from '../limits.ts';

const SECTOR_BYTES = 512;

/** A piece of a table on its way to the disk. */
export interface TableWrite {
  readonly position: number;
  readonly data: Buffer;
}

export class CachedTable {
  #dirtyFrom = Number.MAX_SAFE_INTEGER;
  #dirtyTo = 0;
  /** True until the pointer to this table is on its way to the disk: nothing on disk refers to it yet. */
  fresh: boolean;
  /** True where a snapshot refers to this table too: it must be copied before an entry changes. */
  shared: boolean;
  /** Flushes under way that still have to write an older copy of this table. */
  inFlight = 0;

  constructor(
    /** L1 index of an L2 table, or refcount table index of a refcount block. */
    readonly index: number,
    /** Host offset in bytes. */
    readonly offset: number,
    readonly data: Buffer,
    fresh: boolean,
    shared = false,
  ) {
    this.fresh = fresh;
    this.shared = shared;
  }

  get dirty(): boolean {
    return this.#dirtyTo > 0;
  }

  /** Notes that bytes [from, to) of the table changed. */
  touch(from: number, to: number): void {
    if (from < this.#dirtyFrom) this.#dirtyFrom = from;
    if (to > this.#dirtyTo) this.#dirtyTo = to;
  }

  /** The changed sectors, not copied; the table counts as clean afterwards. */
  takeDirty(): TableWrite {
    const from = roundDown(this.#dirtyFrom, SECTOR_BYTES);
    const to = roundUp(this.#dirtyTo, SECTOR_BYTES);
    this.#dirtyFrom = Number.MAX_SAFE_INTEGER;
    this.#dirtyTo = 0;
    return { position: this.offset + from, data: this.data.subarray(from, to) };
  }
}

export class TableCache {
  readonly #tables = new Map<number, CachedTable>();
  readonly #capacity: number;
  #last: CachedTable | undefined;

  constructor(clusterSize: number) {
    this.#capacity = Math.max(MIN_CACHED_TABLES, Math.floor(TABLE_CACHE_BYTES / clusterSize));
  }

  get(index: number): CachedTable | undefined {
    if (this.#last?.index === index) return this.#last;
    const table = this.#tables.get(index);
    if (table === undefined) return undefined;
    this.#tables.delete(index);
    this.#tables.set(index, table);
    this.#last = table;
    return table;
  }

  add(table: CachedTable): CachedTable {
    if (this.#tables.size >= this.#capacity) this.trim();
    this.#tables.set(table.index, table);
    this.#last = table;
    return table;
  }

  *dirtyTables(): Iterable<CachedTable> {
    for (const table of this.#tables.values()) if (table.dirty) yield table;
  }

  /** True where changes fill so much of the cache that a flush should make room. */
  get crowded(): boolean {
    return this.#tables.size >= this.#capacity * 2;
  }

  /** Drops clean tables, the least recently used first, to half the capacity; dirty ones wait for a flush. */
  trim(): void {
    let excess = this.#tables.size - Math.floor(this.#capacity / 2);
    for (const [index, table] of this.#tables) {
      if (excess <= 0) return;
      if (table.dirty || table.fresh || table.inFlight > 0 || table === this.#last) continue;
      this.#tables.delete(index);
      excess--;
    }
  }
}
