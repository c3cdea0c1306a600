/** The refcounts as the file has them, read one block at a time. */

import { ENTRY_BYTES } from '../format/entries.ts';
import { type RefcountCodec, refcountCodec } from '../image/refcount-codec.ts';
import { MIN_CACHED_TABLES, TABLE_CACHE_BYTES } from '../limits.ts';
import { usedEntries } from './entries.ts';
import type { Subject } from './subject.ts';

/** Bits 0-8 of an entry of the refcount table. */
const RESERVED = 0x1ff;
/** Offsets of files are signed 64-bit numbers. */
const MAX_FILE_OFFSET = 2 ** 63;
const TWO_32 = 2 ** 32;

export class StoredRefcounts {
  readonly codec: RefcountCodec;
  readonly entriesPerBlock: number;
  /** Entries of the refcount table, the reserved bits left out. */
  readonly blockOffsets: Float64Array;
  /** Entries with reserved bits set. */
  readonly reserved: ReadonlySet<number>;
  readonly #subject: Subject;
  readonly #cache = new Map<number, Buffer>();
  readonly #cacheTables: number;

  constructor(subject: Subject) {
    const { header, clusterSize, file } = subject;
    this.#subject = subject;
    this.codec = refcountCodec(header.refcountOrder);
    this.entriesPerBlock = (clusterSize * 8) / this.codec.bits;
    this.#cacheTables = Math.max(MIN_CACHED_TABLES, TABLE_CACHE_BYTES / clusterSize);
    const bytes = header.refcountTableClusters * clusterSize;
    const held = Math.max(0, Math.min(bytes, file.length - header.refcountTableOffset));
    const table = Buffer.alloc(Math.ceil(held / ENTRY_BYTES) * ENTRY_BYTES);
    subject.readTable(table, header.refcountTableOffset);
    this.blockOffsets = new Float64Array(table.length / ENTRY_BYTES);
    const reserved = new Set<number>();
    for (const at of usedEntries(table, ENTRY_BYTES)) {
      const index = at / ENTRY_BYTES;
      const low = table.readUInt32BE(at + 4);
      if ((low & RESERVED) !== 0) reserved.add(index);
      // past 2^53 it is inexact, and past any file
      this.blockOffsets[index] = table.readUInt32BE(at) * TWO_32 + (low - (low & RESERVED));
    }
    this.reserved = reserved;
  }

  /** The refcount, or undefined where its block cannot be read. */
  get(cluster: number): number | undefined {
    const index = Math.floor(cluster / this.entriesPerBlock);
    const offset = this.blockOffsets[index];
    if (offset === undefined || offset === 0) return 0;
    if (this.isUnreadable(index)) return undefined;
    return this.codec.get(this.block(index), cluster % this.entriesPerBlock);
  }

  /** Contents of the block of a refcount table entry, which must have one. */
  block(index: number): Buffer {
    const cached = this.#cache.get(index);
    if (cached !== undefined) return cached;
    const block = Buffer.alloc(this.#subject.clusterSize);
    const offset = this.blockOffsets[index] as number;
    if (offset < this.#subject.file.length) this.#subject.file.read(block, offset);
    if (this.#cache.size >= this.#cacheTables)
      this.#cache.delete(this.#cache.keys().next().value as number);
    this.#cache.set(index, block);
    return block;
  }

  /** A block that is not at a cluster, or past what a file can be. */
  isUnreadable(index: number): boolean {
    const offset = this.blockOffsets[index] as number;
    return offset % this.#subject.clusterSize !== 0 || offset >= MAX_FILE_OFFSET;
  }
}
