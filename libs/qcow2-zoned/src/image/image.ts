/**
 * A qcow2 image as a flat address space: read, write, zero, unmap, flush. Knows nothing of zones.
 *
 * The data path is synchronous, so that no two requests interleave in the tables; only a flush waits
 * (image/flusher.ts has its order).
 */
import { ImageError } from '../errors.ts';
import type { BlockFile } from '../file.ts';
import type { Bitmap } from '../format/bitmaps.ts';
import { roundDown, roundUp } from '../format/bytes.ts';
import { AUTOCLEAR, INCOMPATIBLE } from '../format/features.ts';
import {
  encodePointers,
  headerPatches,
  incompatiblePatch,
  POINTERS_AT,
  type Qcow2Header,
  readHeader,
  withPatch,
} from '../format/header.ts';
import { rewriteHeader } from '../format/header-rewrite.ts';
import type { Snapshot } from '../format/snapshot-table.ts';
import { zonesFollowSize, zonesInFirstSector } from '../format/zoned-header.ts';
import { MAX_MAPPED_SEARCH_BYTES } from '../limits.ts';
import { type BitmapDraft, BitmapKeeper } from './bitmap-keeper.ts';
import { readBitmaps } from './bitmap-list.ts';
import {
  type ClusterStore,
  ExternalClusters,
  MissingDataFile,
  OwnClusters,
} from './cluster-store.ts';
import { CompressedReader } from './compressed-reader.ts';
import { CompressedWriter } from './compressed-writer.ts';
import { codecOf, loadCodec } from './compression.ts';
import type { DirtyBitmap } from './dirty-bitmap.ts';
import type { Disk, Extent } from './disk.ts';
import { Flusher, type FlushParticipant } from './flusher.ts';
import { hasDataFile } from './l2-layout.ts';
import { headerMetadata, MetadataGuard, type MetadataRange } from './metadata-guard.ts';
import { missingBacking, refuseUnsupported } from './open-rules.ts';
import { preallocate } from './preallocate.ts';
import { Refcounts } from './refcounts.ts';
import { Resizer, type ZoneTableMove } from './resizer.ts';
import { readSnapshots } from './snapshot-list.ts';
import { SnapshotKeeper } from './snapshots.ts';
import { openTables, type Tables } from './tables.ts';

export type { FlushBatch, FlushParticipant } from './flusher.ts';

/** The other files that an image may need. */
export interface ImageParts {
  /** What unallocated clusters read; the disk that the header names as backing file. */
  readonly backing?: Disk | undefined;
  /** Where data clusters lie, in an image with an external data file. */
  readonly dataFile?: BlockFile | undefined;
  /**
   * Autoclear bits that the caller keeps true while it writes. All others but "raw external data" are cleared before
   * the first change, which is how the format tells the owners of what they stand for (bitmaps) that it is out of date.
   */
  readonly maintained?: bigint | undefined;
}

export class Qcow2Image implements Disk {
  readonly clusterSize: number;
  readonly #file: BlockFile;
  readonly #parts: ImageParts;
  readonly #guard: MetadataGuard;
  readonly #refcounts: Refcounts;
  readonly #store: ClusterStore;
  readonly #inflated: CompressedReader;
  readonly #compressor: CompressedWriter;
  readonly #flusher: Flusher;
  #tables: Tables;
  #header: Qcow2Header;
  #writing = false;

  /** Loads what the image needs to be read, and opens it. Errors as for the constructor. */
  static async open(
    file: BlockFile,
    readOnly: boolean,
    parts: ImageParts = {},
  ): Promise<Qcow2Image> {
    await loadCodec(readHeader(file));
    return new Qcow2Image(file, readOnly, parts);
  }

  /**
   * Opens an image over `file`; its codec must be loaded (`loadCodec`). Without the parts that the header names, the
   * image can be looked at, but not read through them. Throws `not_qcow2`, `invalid_image`, `unsupported_feature`,
   * and `image_corrupt` for a writer where the image is marked dirty or corrupt.
   */
  constructor(
    file: BlockFile,
    readonly readOnly: boolean,
    parts: ImageParts = {},
  ) {
    this.#file = file;
    this.#header = readHeader(file);
    refuseUnsupported(file.path, this.#header, readOnly);
    this.#parts = { ...parts, backing: parts.backing ?? missingBacking(file, this.#header) };
    this.clusterSize = 2 ** this.#header.clusterBits;
    const codec = codecOf(this.#header);
    this.#inflated = new CompressedReader(file, codec, this.clusterSize);
    this.#guard = new MetadataGuard(file.path, this.clusterSize, () => this.#metadata());
    this.#refcounts = new Refcounts(file, this.#header, {
      moveTable: (place) => this.#switchTo({ ...this.#header, ...place }),
      guard: this.#guard,
      onFree: (offset) => {
        this.#compressor.forget(offset);
        this.#inflated.forget();
      },
    });
    this.#compressor = new CompressedWriter(file, this.#refcounts, codec);
    this.#store = hasDataFile(this.#header)
      ? new ExternalClusters(
          parts.dataFile ?? new MissingDataFile(file.path),
          this.clusterSize,
          () => this.size,
        )
      : new OwnClusters(file, this.#refcounts, this.#guard);
    this.#tables = this.#openTables();
    this.#flusher = new Flusher({
      ...{ file, dataFile: parts.dataFile, refcounts: this.#refcounts },
      map: () => this.#tables.map,
      condemn: (cause) => this.#condemn(cause),
    });
  }

  get header(): Qcow2Header {
    return this.#header;
  }

  /** Virtual size of the disk in bytes. The address space reaches further, as far as the L1 table. */
  get size(): number {
    return this.#header.size;
  }

  get fileLength(): number {
    return this.#file.length;
  }

  /** Bytes of the smallest piece that is mapped on its own: a cluster, or a subcluster with extended L2 entries. */
  get unitSize(): number {
    return this.#tables.map.layout.unitSize;
  }

  /** True where a flush should come before the next write, so that memory stays bounded. */
  get crowded(): boolean {
    return this.#tables.map.crowded;
  }

  /** Host offset of the cluster that a guest offset lies in, or 0 where it has none. */
  hostOffset(guestOffset: number): number {
    return this.#tables.map.entry(Math.floor(guestOffset / this.clusterSize)).host ?? 0;
  }

  setParticipant(participant: FlushParticipant): void {
    this.#flusher.participant = participant;
  }

  /** Tells that a participant has something for the next flush, though no byte was written. */
  noteChange(): void {
    this.#flusher.touched = true;
  }

  /** Fills `target` from guest `offset`. Errors: `io_error`, `image_corrupt`, `unsupported_feature`. */
  read(offset: number, target: Uint8Array): void {
    this.#tables.reader.read(offset, target);
  }

  /** What [offset, offset + length) is made of, backing files included. Errors as for `read`. */
  extents(offset: number, length: number): Extent[] {
    return this.#tables.reader.extents(offset, length);
  }

  /**
   * Writes `data` at guest `offset`. Errors: `no_space`, `io_error`; no entry changes then. `image_corrupt` marks the
   * image, and nothing can be changed any more.
   */
  write(offset: number, data: Uint8Array): void {
    this.#beginChange();
    try {
      this.#tables.writer.write(offset, data);
    } catch (error) {
      throw this.#condemn(error) ?? error;
    }
  }

  /** The same for one whole cluster, stored compressed where that makes it smaller. Errors as for `write`. */
  writeCompressed(offset: number, cluster: Uint8Array): void {
    if (offset % this.clusterSize !== 0 || cluster.length !== this.clusterSize)
      throw new Error(`${cluster.length} bytes at ${offset} are not one whole cluster`);
    if (hasDataFile(this.#header))
      throw new ImageError(
        'unsupported_feature',
        `${this.#file.path}: an external data file holds no compressed clusters`,
        { path: this.#file.path, field: 'data_file' },
      );
    this.#change(() => {
      const { map, writer } = this.#tables;
      const index = offset / this.clusterSize;
      const store = this.#store;
      if (!this.#compressor.write(index, cluster, { map, store })) writer.write(offset, cluster);
    });
  }

  /**
   * Makes [offset, offset + length) read as zeroes, mapped: whole clusters become zero clusters, the one that the disk
   * ends in too. Version 2 has none: there they become unallocated, or hold written zeroes over a backing disk.
   */
  writeZeroes(offset: number, length: number): void {
    const end = this.#wholeAtEnd(offset + length, this.unitSize);
    this.#change(() => this.#tables.eraser.zero(offset, end - offset));
  }

  /**
   * Gives the whole clusters of the range back (subclusters with extended L2 entries); they read as zeroes, over a
   * backing disk too. Bytes of partial clusters stay, but for the one that the disk ends in.
   */
  unmap(offset: number, length: number): void {
    const end = this.#wholeAtEnd(offset + length, this.unitSize);
    this.#change(() => this.#tables.eraser.unmap(offset, end - offset));
  }

  /** Makes the whole clusters of the range unallocated: the backing disk's bytes show again. */
  drop(offset: number, length: number): void {
    const end = this.#wholeAtEnd(offset + length, this.clusterSize);
    this.#change(() => this.#tables.eraser.drop(offset, end - offset));
  }

  /** A range that ends where the disk does covers the cluster or subcluster, of `unit` bytes, that the disk ends in. */
  #wholeAtEnd(end: number, unit: number): number {
    return end === this.size ? roundUp(end, unit) : end;
  }

  /**
   * Gives clusters to the unmapped space of the range; they read as zeroes. Nothing else may change the image until it
   * resolves. Without extended L2 entries, what a backing disk reaches is left out. Errors: `no_space`.
   */
  preallocate(offset: number, length: number): Promise<void> {
    return this.#rebuild(() =>
      preallocate(
        {
          ...{ map: this.#tables.map, store: this.#store },
          backingSize: this.#parts.backing?.size ?? 0,
          flush: () => this.flush(),
        },
        offset,
        length,
      ),
    );
  }

  /**
   * Makes the disk `size` bytes long; new bytes read as zeroes, over a backing disk too. Not for zoned disks. Nothing
   * else may use the image until it resolves. Errors: see `Resizer`.
   */
  resize(size: number): Promise<void> {
    return this.#rebuild(() => this.#resizer().resize(size));
  }

  /** The same for a zoned disk, whose zone table moves along: see `Resizer`. */
  resizeZoned(size: number, move: ZoneTableMove): Promise<void> {
    if (!zonesInFirstSector(this.#header)) this.updateHeader((header) => header);
    const write = (offset: number, data: Buffer): void => this.write(offset, data);
    return this.#rebuild(() => this.#resizer().resizeZoned(size, { ...move, write }));
  }

  #resizer(): Resizer {
    return new Resizer({
      ...{ file: this.#file, dataFile: this.#parts.dataFile, backing: this.#parts.backing },
      refcounts: this.#refcounts,
      tables: () => this.#tables,
      header: () => this.#header,
      flush: () => this.#flusher.flushCounts(),
      switchTo: (header) => this.#switchTo(header),
    });
  }

  /** The first guest offset in [offset, end) that is not mapped at all, in no file of the chain, or `end`. */
  firstUnmapped(offset: number, end: number): number {
    let at = offset;
    while (at < end) {
      const length = Math.min(end - at, roundDown(MAX_MAPPED_SEARCH_BYTES, this.clusterSize));
      for (const extent of this.extents(at, length)) {
        if (!extent.present) return at;
        at += extent.length;
      }
    }
    return end;
  }

  /** Resolves when everything written before the call is durable, shared with others who wait. */
  flush(): Promise<void> {
    return this.#flusher.flush();
  }

  /** Makes everything durable, counts of freed clusters included. The image must not be used afterwards. */
  settle(): Promise<void> {
    return this.#flusher.settle();
  }

  /** Changes the autoclear bits and, where it is there, extension `magic`, in place and durably. */
  patchHeader(autoclearFeatures: bigint, magic: number, data: Buffer): void {
    this.#assertWritable();
    for (const { bytes, position } of headerPatches(this.#header, autoclearFeatures, magic, data))
      this.#file.write(bytes, position);
    this.#file.syncNow();
    this.#header = withPatch(this.#header, autoclearFeatures, magic, data);
  }

  /**
   * Gives the image another header, durably: `change` gets the present one. What it points at must be written before.
   * Not for the size or the place of tables that this object holds in memory. What a crash leaves: `rewriteHeader`.
   */
  updateHeader(change: (header: Qcow2Header) => Qcow2Header): void {
    this.#assertWritable();
    this.#header = rewriteHeader(this.#file, change(this.#header));
    this.#guard.reset();
  }

  /** Internal snapshots, in the order of their table. */
  snapshots(): readonly Snapshot[] {
    return readSnapshots(this.#file, this.#header).snapshots;
  }

  /** Names the present state. Nothing else may use the image until it resolves. Errors: see `SnapshotKeeper`. */
  createSnapshot(name: string, date: Date): Promise<void> {
    return this.#keepSnapshots((keeper) => keeper.create(name, date));
  }

  /** Goes back to the state of a snapshot, by its id or name. The virtual size may change. */
  applySnapshot(idOrName: string): Promise<void> {
    return this.#keepSnapshots((keeper) => keeper.apply(idOrName));
  }

  deleteSnapshot(idOrName: string): Promise<void> {
    return this.#keepSnapshots((keeper) => keeper.delete(idOrName));
  }

  /** Persistent dirty bitmaps that hold, in the order of their directory. Throws `invalid_image`. */
  bitmaps(): readonly Bitmap[] {
    return readBitmaps(this.#file, this.#header);
  }

  /** What a bitmap holds. Errors: see `BitmapKeeper`. */
  bitmapContent(bitmap: Bitmap): DirtyBitmap {
    return this.#bitmapKeeper().readContent(bitmap);
  }

  /** Gives the image these bitmaps instead of those that it has, durably. Errors: see `BitmapKeeper`. */
  async replaceBitmaps(drafts: readonly BitmapDraft[]): Promise<void> {
    this.#assertWritable();
    try {
      await this.#bitmapKeeper().replace(drafts);
    } catch (error) {
      throw this.#condemn(error) ?? error;
    }
  }

  #bitmapKeeper(): BitmapKeeper {
    return new BitmapKeeper({
      file: this.#file,
      refcounts: this.#refcounts,
      header: () => this.#header,
      flush: () => this.#flusher.flushCounts(),
      rewrite: (header) => this.updateHeader(() => header),
    });
  }

  /** True where no snapshot shares the clusters of a range, so that they can be written in place. */
  ownsClusters(offset: number, length: number): boolean {
    for (let at = roundDown(offset, this.clusterSize); at < offset + length; at += this.clusterSize)
      if (this.#tables.map.writableOffset(at / this.clusterSize, 0, this.clusterSize) < 0)
        return false;
    return true;
  }

  /** Reads host bytes, for tables that lie in no guest address. */
  readHost(target: Uint8Array, hostOffset: number): void {
    this.#file.read(target, hostOffset);
  }

  /** Writes straight into a host range, for tables that a participant keeps. */
  writeHost(data: Uint8Array, hostOffset: number): void {
    this.#file.write(data, hostOffset);
  }

  async #keepSnapshots(work: (keeper: SnapshotKeeper) => Promise<void>): Promise<void> {
    if (hasDataFile(this.#header))
      throw new ImageError(
        'unsupported_feature',
        `${this.#file.path}: an image with an external data file cannot have snapshots`,
        { path: this.#file.path, field: 'data_file' },
      );
    const keeper = new SnapshotKeeper({
      file: this.#file,
      refcounts: this.#refcounts,
      map: () => this.#tables.map,
      header: () => this.#header,
      flush: () => this.#flusher.flushCounts(),
      switchTo: (header) => this.#switchTo(header),
    });
    await this.#rebuild(() => work(keeper));
  }

  /** A change in several flushes. */
  async #rebuild(work: () => Promise<void>): Promise<void> {
    this.#beginChange();
    try {
      await work();
    } catch (error) {
      throw this.#condemn(error) ?? error;
    }
  }

  #openTables(): Tables {
    return openTables({
      ...{ file: this.#file, header: this.#header, backing: this.#parts.backing },
      ...{ refcounts: this.#refcounts, guard: this.#guard },
      ...{ store: this.#store, inflated: this.#inflated },
    });
  }

  *#metadata(): Iterable<MetadataRange> {
    yield* headerMetadata(this.#file, this.#header);
    for (const offset of this.#refcounts.blockOffsets())
      yield { what: 'refcount block', offset, length: this.clusterSize };
    yield* this.#tables.map.tables();
  }

  /** One sector changes which tables are the image's. What they refer to must be durable. */
  #switchTo(header: Qcow2Header): void {
    const next = zonesFollowSize(this.#header, header);
    const moved = header.l1TableOffset !== this.#header.l1TableOffset;
    this.#file.syncNow();
    if (next === header) {
      this.#file.write(encodePointers(header), POINTERS_AT);
      this.#file.syncNow();
      this.#header = header;
    } else this.#header = rewriteHeader(this.#file, next);
    this.#guard.reset();
    if (moved) this.#tables = this.#openTables();
  }

  #change(work: () => void): void {
    this.#beginChange();
    try {
      work();
    } catch (error) {
      throw this.#condemn(error) ?? error;
    }
  }

  #beginChange(): void {
    if (!this.#writing || this.#flusher.failure !== undefined) this.#beginWriting();
    this.#flusher.touched = true;
  }

  #beginWriting(): void {
    this.#assertWritable();
    const { autoclearFeatures } = this.#header;
    const kept = autoclearFeatures & ((this.#parts.maintained ?? 0n) | AUTOCLEAR.rawDataFile);
    if (kept !== autoclearFeatures)
      this.updateHeader((header) => ({ ...header, autoclearFeatures: kept }));
    this.#writing = true;
  }

  #assertWritable(): void {
    if (this.#flusher.failure !== undefined) throw this.#flusher.failure;
    if (this.readOnly)
      throw new ImageError('image_read_only', `${this.#file.path}: the image is open read-only`, {
        path: this.#file.path,
      });
  }

  /** Damaged tables must not be written through: sets the corrupt bit, durably, and refuses all changes from now on. */
  #condemn(cause: unknown): ImageError | undefined {
    if (!(cause instanceof ImageError) || cause.code !== 'image_corrupt') return undefined;
    if (this.#flusher.failure === undefined && this.#header.version >= 3) {
      const incompatibleFeatures = this.#header.incompatibleFeatures | INCOMPATIBLE.corrupt;
      const { bytes, position } = incompatiblePatch(incompatibleFeatures);
      this.#file.write(bytes, position);
      this.#file.syncNow();
      this.#header = { ...this.#header, incompatibleFeatures };
    }
    this.#flusher.failure ??= cause;
    return this.#flusher.failure;
  }
}
