/**
 * Who uses which host cluster: the refcount table, its blocks, and the allocator on top of them.
 *
 * Ordering. A count is raised in memory when a cluster is taken and reaches the disk in a flush's first phase,
 * before anything points at the cluster. It is lowered only after the unlinking is durable (`release`). A new
 * block is durable before the refcount table points at it, and that pointer before any count in it matters.
 */

import { ImageError } from '../errors.ts';
import type { BlockFile } from '../file.ts';
import { readU64, roundUp, writeU64 } from '../format/bytes.ts';
import { ENTRY_BYTES } from '../format/entries.ts';
import type { Qcow2Header } from '../format/header.ts';
import { MAX_REFCOUNT_TABLE_BYTES } from '../limits.ts';
import type { MetadataGuard } from './metadata-guard.ts';
import { type RefcountCodec, refcountCodec } from './refcount-codec.ts';
import { CachedTable, TableCache } from './table-cache.ts';

/** How much larger a refcount table becomes when it is full. */
const TABLE_GROWTH = 1.5;

/** A cluster just taken. `zeroed`: it has never been written, so it reads as zeroes. */
export interface Allocation {
  readonly offset: number;
  readonly zeroed: boolean;
}

/** Makes the header point at another refcount table, durably, once all that was written is durable. */
type MoveTable = (place: { refcountTableOffset: number; refcountTableClusters: number }) => void;

/** What a writer brings; a reader only counts. */
export interface RefcountWriter {
  readonly moveTable?: MoveTable;
  readonly guard?: MetadataGuard;
  /** Told when a cluster gets free: whoever keeps something about its content must forget it. */
  readonly onFree?: (offset: number) => void;
}

export class Refcounts {
  readonly #file: BlockFile;
  readonly clusterSize: number;
  readonly #codec: RefcountCodec;
  readonly #entriesPerBlock: number;
  readonly #writer: RefcountWriter;
  #tableOffset: number;
  /** Host offsets of the blocks; 0 where there is none. */
  #blockOffsets: Float64Array;
  readonly #blocks: TableCache;
  /** Blocks that are durable, or about to be, but not yet in the refcount table on disk. */
  #unlinkedBlocks: CachedTable[] = [];
  /** Clusters that an entry in memory no longer points at, while one on disk may. */
  #dropped: number[] = [];
  /** No free cluster lies below this index. */
  #cursor = 0;
  /** Host bytes from here on have never been written. */
  #highWater: number;

  /** Without a `writer` clusters can be counted, but not taken. */
  constructor(file: BlockFile, header: Qcow2Header, writer: RefcountWriter = {}) {
    this.#writer = writer;
    this.#file = file;
    this.clusterSize = 2 ** header.clusterBits;
    this.#codec = refcountCodec(header.refcountOrder);
    this.#entriesPerBlock = (this.clusterSize * 8) / this.#codec.bits;
    this.#tableOffset = header.refcountTableOffset;
    this.#blocks = new TableCache(this.clusterSize);
    this.#highWater = Math.ceil(file.length / this.clusterSize) * this.clusterSize;
    const bytes = Buffer.alloc(header.refcountTableClusters * this.clusterSize);
    file.read(bytes, this.#tableOffset);
    this.#blockOffsets = new Float64Array(bytes.length / ENTRY_BYTES);
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    for (let i = 0; i < this.#blockOffsets.length; i++) {
      if (words[2 * i] === 0 && words[2 * i + 1] === 0) continue; // as most are
      const offset = readU64(bytes, i * ENTRY_BYTES, 'refcount table');
      this.#blockOffsets[i] = this.#checkedBlockOffset(offset, i);
    }
  }

  #checkedBlockOffset(offset: number, index: number): number {
    if (offset % this.clusterSize === 0) return offset;
    throw new ImageError(
      'image_corrupt',
      `refcount table entry ${index}: ${offset} is not cluster aligned`,
      { field: 'refcount_table', given: offset, offset },
    );
  }

  /** Host offsets of the refcount blocks that there are. */
  *blockOffsets(): Iterable<number> {
    for (const offset of this.#blockOffsets) if (offset !== 0) yield offset;
  }

  /** References to the cluster at a host offset. */
  count(offset: number): number {
    const cluster = Math.floor(offset / this.clusterSize);
    const block = this.#block(Math.floor(cluster / this.#entriesPerBlock));
    return block === undefined ? 0 : this.#codec.get(block.data, cluster % this.#entriesPerBlock);
  }

  /** Takes a free cluster. Throws `no_space` where the refcount table can count no further. */
  allocate(): Allocation {
    for (let index = Math.floor(this.#cursor / this.#entriesPerBlock); ; index++) {
      if (index >= this.#blockOffsets.length) this.#growTable();
      const block = this.#block(index) ?? this.#createBlock(index);
      const first = index * this.#entriesPerBlock;
      for (let i = Math.max(0, this.#cursor - first); i < this.#entriesPerBlock; i++) {
        if (this.#codec.get(block.data, i) !== 0) continue;
        this.#writer.guard?.assertFree((first + i) * this.clusterSize);
        this.#set(block, i, 1);
        this.#cursor = first + i + 1;
        return this.#taken((first + i) * this.clusterSize);
      }
      this.#cursor = first + this.#entriesPerBlock;
    }
  }

  /** One past the last cluster with a reference, in bytes: the file needs to be no longer. */
  get end(): number {
    for (let index = this.#blockOffsets.length - 1; index >= 0; index--) {
      const block = this.#block(index);
      if (block === undefined) continue;
      for (let i = this.#entriesPerBlock - 1; i >= 0; i--)
        if (this.#codec.get(block.data, i) !== 0)
          return (index * this.#entriesPerBlock + i + 1) * this.clusterSize;
    }
    return 0;
  }

  /** To be called when the file was cut behind `end`: what comes there now reads as zeroes. */
  noteCut(): void {
    this.#highWater = this.end;
  }

  /** Takes `count` free clusters that follow one another. Returns the offset of the first. */
  allocateRun(count: number): number {
    const passedOver: number[] = [];
    let run: number[] = [];
    try {
      while (run.length < count) {
        const { offset } = this.allocate();
        if (run.length > 0 && offset !== (run.at(-1) as number) + this.clusterSize) {
          passedOver.push(...run);
          run = [];
        }
        run.push(offset);
      }
    } catch (error) {
      for (const offset of run) this.release(offset);
      throw error;
    } finally {
      for (const offset of passedOver) this.release(offset);
    }
    return run[0] as number;
  }

  /** Notes one more reference to a cluster in use. */
  add(offset: number): void {
    const { block, index, count } = this.#used(offset);
    if (count === this.#codec.max)
      throw new ImageError('image_corrupt', `cluster at ${offset}: its refcount would overflow`, {
        field: 'refcount',
        given: count,
        offset,
      });
    this.#set(block, index, count + 1);
  }

  /** Most references that one cluster can have. */
  get maximum(): number {
    return this.#codec.max;
  }

  /** Gives back one reference once the change that dropped it is durable: after the flush that begins next. */
  releaseLater(offset: number): void {
    this.#dropped.push(offset);
  }

  /** What `releaseLater` gathered; to be released when the flush has ended. */
  takeDropped(): readonly number[] {
    const dropped = this.#dropped;
    this.#dropped = [];
    return dropped;
  }

  /** Gives back one reference. Only for clusters that nothing durable points at. */
  release(offset: number): void {
    const { block, index, count } = this.#used(offset);
    if (count === 1) {
      this.#writer.guard?.assertFree(offset);
      this.#cursor = Math.min(this.#cursor, offset / this.clusterSize);
      this.#writer.onFree?.(offset);
    }
    this.#set(block, index, count - 1);
  }

  #used(offset: number): { block: CachedTable; index: number; count: number } {
    const cluster = offset / this.clusterSize;
    const block = this.#block(Math.floor(cluster / this.#entriesPerBlock));
    const index = cluster % this.#entriesPerBlock;
    const count = block === undefined ? 0 : this.#codec.get(block.data, index);
    if (block !== undefined && count > 0) return { block, index, count };
    throw new ImageError(
      'image_corrupt',
      `cluster at ${offset} is in use, but its refcount is 0; run a check`,
      { field: 'refcount', given: 0, offset },
    );
  }

  get hasNewBlocks(): boolean {
    return this.#unlinkedBlocks.some((block) => block.fresh);
  }

  /** Phase 0: contents of new blocks. A sync must follow before `writeChanges`. */
  writeNewBlocks(): void {
    for (const block of this.#unlinkedBlocks) {
      if (!block.fresh) continue;
      block.takeDirty();
      this.#file.write(block.data, block.offset);
      block.fresh = false;
    }
  }

  /** Phase 1: pointers to blocks made durable in phase 0, and every count that changed. */
  writeChanges(): void {
    for (const block of this.#unlinkedBlocks) {
      const entry = Buffer.alloc(ENTRY_BYTES);
      writeU64(entry, block.offset, 0);
      this.#file.write(entry, this.#tableOffset + block.index * ENTRY_BYTES);
    }
    this.#unlinkedBlocks = [];
    for (const block of this.#blocks.dirtyTables()) {
      const { data, position } = block.takeDirty();
      this.#file.write(data, position);
    }
  }

  get dirty(): boolean {
    for (const _ of this.#blocks.dirtyTables()) return true;
    return this.#unlinkedBlocks.length > 0;
  }

  #set(block: CachedTable, index: number, value: number): void {
    this.#codec.set(block.data, index, value);
    const at = Math.floor((index * this.#codec.bits) / 8);
    block.touch(at, at + Math.max(1, this.#codec.bits / 8));
  }

  #taken(offset: number): Allocation {
    const zeroed = offset >= this.#highWater;
    if (zeroed) this.#highWater = offset + this.clusterSize;
    return { offset, zeroed };
  }

  #block(index: number): CachedTable | undefined {
    const cached = this.#blocks.get(index);
    if (cached !== undefined) return cached;
    const offset = this.#blockOffsets[index];
    if (offset === undefined || offset === 0) return undefined;
    const data = Buffer.allocUnsafe(this.clusterSize);
    this.#file.read(data, offset);
    return this.#blocks.add(new CachedTable(index, offset, data, false));
  }

  /**
   * Moves the table to a larger place, in the space just past what it can count today: the table first, then the
   * blocks that count that space.
   */
  #growTable(): void {
    const before = { offset: this.#tableOffset, bytes: this.#blockOffsets.length * ENTRY_BYTES };
    const bytes = roundUp(Math.ceil(before.bytes * TABLE_GROWTH), this.clusterSize);
    if (bytes > MAX_REFCOUNT_TABLE_BYTES)
      throw new ImageError('no_space', `${this.#file.path}: the refcount table is full`, {
        field: 'refcount table',
        given: bytes,
        allowed: `at most ${MAX_REFCOUNT_TABLE_BYTES} bytes`,
      });
    const offset = this.#blockOffsets.length * this.#entriesPerBlock * this.clusterSize;
    const offsets = new Float64Array(bytes / ENTRY_BYTES);
    offsets.set(this.#blockOffsets);
    const blocks = this.#blocksBehind(offset, bytes / this.clusterSize);
    for (const block of blocks) offsets[block.index] = block.offset;
    const table = Buffer.alloc(bytes);
    offsets.forEach((blockOffset, index) => {
      writeU64(table, blockOffset, index * ENTRY_BYTES);
    });
    for (let at = 0; at < bytes; at += this.clusterSize)
      this.#writer.guard?.assertFree(offset + at);
    for (const block of blocks) this.#writer.guard?.assertFree(block.offset);
    this.writeNewBlocks();
    for (const block of blocks) this.#file.write(block.data, block.offset);
    this.#file.write(table, offset);
    const { moveTable } = this.#writer;
    if (moveTable === undefined) throw new Error('a reader takes no clusters');
    moveTable({ refcountTableOffset: offset, refcountTableClusters: bytes / this.clusterSize });
    this.#tableOffset = offset;
    this.#blockOffsets = offsets;
    for (const block of blocks) this.#blocks.add(block);
    for (let at = 0; at < before.bytes; at += this.clusterSize) this.release(before.offset + at);
  }

  /** New blocks that count a table of `tableClusters` at `tableOffset` and, right behind it, themselves. */
  #blocksBehind(tableOffset: number, tableClusters: number): CachedTable[] {
    let count = 1;
    while (count * this.#entriesPerBlock < tableClusters + count) count++;
    this.#highWater = Math.max(
      this.#highWater,
      tableOffset + (tableClusters + count) * this.clusterSize,
    );
    return Array.from({ length: count }, (_, i) => {
      const data = Buffer.alloc(this.clusterSize);
      const used = tableClusters + count - i * this.#entriesPerBlock;
      for (let entry = 0; entry < Math.min(used, this.#entriesPerBlock); entry++)
        this.#codec.set(data, entry, 1);
      const offset = tableOffset + (tableClusters + i) * this.clusterSize;
      return new CachedTable(this.#blockOffsets.length + i, offset, data, false);
    });
  }

  /** A new block lives in the first cluster that it counts, and so needs no other block. */
  #createBlock(index: number): CachedTable {
    const offset = index * this.#entriesPerBlock * this.clusterSize;
    this.#writer.guard?.add(offset);
    this.#taken(offset);
    const data = Buffer.alloc(this.clusterSize);
    this.#file.write(data, offset); // takes the space now: a flush must not be the first to find the disk full
    const block = this.#blocks.add(new CachedTable(index, offset, data, true));
    this.#set(block, 0, 1);
    this.#blockOffsets[index] = offset;
    this.#unlinkedBlocks.push(block);
    return block;
  }
}
