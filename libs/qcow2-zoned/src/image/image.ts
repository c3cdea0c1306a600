/**
 * A qcow2 image as a flat address space: read, write, zero, unmap, flush. Knows nothing of zones.
 *
 * The data path is synchronous, so that no two requests interleave in the tables; only a flush waits. What an
 * acknowledged flush promises, and why a crash in between leaves at most leaked clusters, is the order in
 * `#flushOnce`:
 *
 * 0. contents of new refcount blocks (rare, one more sync);
 * 1. raised refcounts, contents of new L2 tables, next to the data written since; sync;
 * 2. L1 and L2 entries as they stood when phase 1 began; sync;
 * 3. what a participant says must follow them (rare, one more sync);
 * then clusters unlinked in phase 2 may be taken again, and their lowered counts go into a later phase 1.
 */
import { ImageError } from '../errors.ts';
import type { BlockFile } from '../file.ts';
import { AUTOCLEAR, INCOMPATIBLE } from '../format/feature-bits.ts';
import { refuseUnsupportedFeatures } from '../format/features.ts';
import {
  encodePointers,
  headerPatches,
  POINTERS_AT,
  type Qcow2Header,
  readHeader,
  withPatch,
} from '../format/header.ts';
import { rewriteHeader } from '../format/header-rewrite.ts';
import type { Snapshot } from '../format/snapshot-table.ts';
import { ClusterMap } from './cluster-map.ts';
import { DataWriter } from './data-writer.ts';
import { type Disk, type Extent, ExtentList, MissingDisk } from './disk.ts';
import { GroupFlush } from './group-flush.ts';
import { Refcounts } from './refcounts.ts';
import { readSnapshots, SnapshotKeeper } from './snapshots.ts';

/** The other files that an image may need. */
export interface ImageParts {
  /** What unallocated clusters read; the disk that the header names as backing file. */
  readonly backing?: Disk;
  /** Where data clusters lie, in an image with an external data file. */
  readonly dataFile?: BlockFile;
  /**
   * Autoclear bits that the caller keeps true while it writes. All others but "raw external data" are cleared before
   * the first change, which is how the format tells the owners of what they stand for (bitmaps) that it is out of date.
   */
  readonly maintained?: bigint;
}

/** Changes that ride on a flush. Called in this order; each step's writes are durable before the next. */
export interface FlushBatch {
  /** In phase 1, beside refcounts and data. */
  writeFirst(): void;
  /** In phase 2, beside L1 and L2 entries. */
  writeWithTables(): void;
  /** In a phase of its own, where there is something that must follow phase 2. */
  readonly writeLast: (() => void) | undefined;
}

/** Whoever keeps state in order with the data. `beginFlush` freezes that state for the flush that begins. */
export interface FlushParticipant {
  beginFlush(): FlushBatch | undefined;
}

export class Qcow2Image implements Disk {
  readonly clusterSize: number;
  readonly #file: BlockFile;
  readonly #refcounts: Refcounts;
  #map: ClusterMap;
  #writer: DataWriter;
  readonly #flushes = new GroupFlush(() => this.#flushOnce());
  #header: Qcow2Header;
  #participant: FlushParticipant | undefined;
  #touched = false;
  #failure: ImageError | undefined;
  readonly #backing: Disk | undefined;
  readonly #maintained: bigint;
  #announced = false;

  /** Opens an image over `file`. Throws `not_qcow2`, `invalid_image`, `unsupported_feature`, `image_corrupt`. */
  constructor(
    file: BlockFile,
    readonly readOnly: boolean,
    parts: ImageParts = {},
  ) {
    this.#file = file;
    this.#header = readHeader(file);
    refuseUnsupported(this.#header, readOnly);
    this.clusterSize = 2 ** this.#header.clusterBits;
    this.#maintained = (parts.maintained ?? 0n) | AUTOCLEAR.rawDataFile;
    this.#backing = parts.backing ?? missingBacking(file, this.#header);
    this.#refcounts = new Refcounts(file, this.#header, (place) =>
      this.#switchTo({ ...this.#header, ...place }),
    );
    this.#map = new ClusterMap(file, this.#header, this.#refcounts);
    this.#writer = new DataWriter(file, this.#refcounts, this.#map, this.clusterSize);
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

  /** True where a flush should come before the next write, so that memory stays bounded. */
  get crowded(): boolean {
    return this.#map.crowded;
  }

  /** Host offset of the data cluster of a guest offset, or 0. */
  hostOffset(guestOffset: number): number {
    return this.#map.dataOffset(Math.floor(guestOffset / this.clusterSize));
  }

  setParticipant(participant: FlushParticipant): void {
    this.#participant = participant;
  }

  /** Tells that a participant has something for the next flush, though no byte was written. */
  noteChange(): void {
    this.#touched = true;
  }

  /** Fills `target` from guest `offset`. Errors: `io_error`, `image_corrupt`, `unsupported_feature`. */
  read(offset: number, target: Uint8Array): void {
    let runStart = 0;
    let runHost = 0;
    let done = 0;
    const finishRun = (): void => {
      if (done === runStart) return;
      const piece = target.subarray(runStart, done);
      if (runHost === 0) this.#readWithoutData(offset + runStart, piece);
      else this.#file.read(piece, runHost);
    };
    while (done < target.length) {
      const guest = offset + done;
      const inCluster = guest % this.clusterSize;
      const length = Math.min(this.clusterSize - inCluster, target.length - done);
      const cluster = Math.floor(guest / this.clusterSize);
      const mapping = this.#map.dataOffset(cluster);
      const host = mapping === 0 ? 0 : mapping + inCluster;
      const continues =
        host === 0 ? runHost === 0 : runHost !== 0 && host === runHost + (done - runStart);
      if (!continues) {
        finishRun();
        runStart = done;
        runHost = host;
      }
      done += length;
    }
    finishRun();
  }

  /** Writes `data` at guest `offset`. Errors: `no_space`, `io_error`; no entry changes then. */
  write(offset: number, data: Uint8Array): void {
    this.#beginChange();
    this.#writer.write(offset, data);
  }

  /** Makes [offset, offset + length) read as zeroes, mapped: whole clusters become zero clusters. */
  writeZeroes(offset: number, length: number): void {
    this.#beginChange();
    this.#forEachCluster(offset, length, (cluster, inCluster, part) => {
      const { kind, hostOffset } = this.#map.lookup(cluster);
      if (kind === 'zero') return;
      if (kind === 'data' && part < this.clusterSize) {
        this.#zeroPart(cluster, inCluster, part);
        return;
      }
      this.#map.ensureTable(cluster);
      this.#map.linkZero(cluster);
      if (hostOffset !== 0) this.#refcounts.releaseLater(hostOffset);
    });
  }

  /** Gives the whole clusters of the range back; they read as zeroes. Bytes of partial clusters stay. */
  unmap(offset: number, length: number): void {
    this.#beginChange();
    const end = Math.floor((offset + length) / this.clusterSize);
    for (let cluster = Math.ceil(offset / this.clusterSize); ; cluster++) {
      cluster = this.#map.nextWithTable(cluster, end);
      if (cluster >= end) return;
      const { kind, hostOffset } = this.#map.lookup(cluster);
      if (kind !== 'unallocated') {
        this.#map.ensureTable(cluster);
        this.#map.unlink(cluster);
        if (hostOffset !== 0) this.#refcounts.releaseLater(hostOffset);
      }
    }
  }

  /** What [offset, offset + length) is made of, backing files included. Errors as for `read`. */
  extents(offset: number, length: number): Extent[] {
    const list = new ExtentList();
    this.#forEachCluster(offset, length, (cluster, inCluster, part) => {
      const { kind, hostOffset } = this.#map.lookup(cluster);
      if (kind === 'unallocated') {
        const at = cluster * this.clusterSize + inCluster;
        for (const extent of this.#extentsBelow(at, part)) list.add(extent);
        return;
      }
      const data = kind === 'data';
      list.add({
        ...{ length: part, depth: 0, present: true, zero: !data, data, compressed: false },
        hostOffset: hostOffset === 0 ? undefined : hostOffset + inCluster,
      });
    });
    return list.extents;
  }

  /** The first guest offset in [offset, end) whose cluster is not mapped at all, or `end`. */
  firstUnmapped(offset: number, end: number): number {
    for (let cluster = Math.floor(offset / this.clusterSize); ; cluster++) {
      const at = cluster * this.clusterSize;
      if (at >= end) return end;
      if (this.#map.lookup(cluster).kind === 'unallocated') return Math.max(offset, at);
    }
  }

  /** Resolves when everything written before the call is durable, shared with others who wait. */
  flush(): Promise<void> {
    return this.#flushes.request();
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

  /** True where no snapshot shares the clusters of a range, so that they can be written in place. */
  ownsClusters(offset: number, length: number): boolean {
    let owned = true;
    this.#forEachCluster(offset, length, (cluster) => {
      owned &&= this.#map.writableOffset(cluster) !== 0;
    });
    return owned;
  }

  /** Makes everything durable, counts of freed clusters included. The image must not be used afterwards. */
  async settle(): Promise<void> {
    do await this.#flushCounts();
    while (this.#touched || this.#refcounts.dirty || this.#map.dirty);
  }

  /** Reads host bytes, for tables that lie in no guest address. */
  readHost(target: Uint8Array, hostOffset: number): void {
    this.#file.read(target, hostOffset);
  }

  /** Writes straight into a host range, for tables that a participant keeps. */
  writeHost(data: Uint8Array, hostOffset: number): void {
    this.#file.write(data, hostOffset);
  }

  /** A flush that also writes lowered refcounts, which otherwise wait for the next change: lost, they are leaks. */
  #flushCounts(): Promise<void> {
    this.#touched = true;
    return this.flush();
  }

  async #flushOnce(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    if (!this.#touched && !this.#map.dirty) return;
    try {
      while (this.#refcounts.hasNewBlocks) {
        this.#refcounts.writeNewBlocks();
        await this.#file.sync();
      }
      await this.#flushPhases();
    } catch (cause) {
      this.#failure = new ImageError(
        'io_error',
        `${this.#file.path}: a flush failed, so what reached the disk is unknown; reopen the image`,
        { path: this.#file.path },
        { cause },
      );
      throw this.#failure;
    }
  }

  async #flushPhases(): Promise<void> {
    this.#touched = false;
    const dropped = this.#refcounts.takeDropped();
    this.#refcounts.writeChanges();
    const tables = this.#map.capture();
    const batch = this.#participant?.beginFlush();
    batch?.writeFirst();
    await this.#file.sync();
    if (tables.writes.length > 0 || batch !== undefined) {
      for (const { data, position } of tables.writes) this.#file.write(data, position);
      batch?.writeWithTables();
      await this.#file.sync();
    }
    tables.done();
    if (batch?.writeLast !== undefined) {
      batch.writeLast();
      await this.#file.sync();
    }
    for (const hostOffset of dropped) this.#refcounts.release(hostOffset);
  }

  async #keepSnapshots(work: (keeper: SnapshotKeeper) => Promise<void>): Promise<void> {
    this.#beginChange();
    const keeper = new SnapshotKeeper({
      file: this.#file,
      refcounts: this.#refcounts,
      map: () => this.#map,
      header: () => this.#header,
      flush: () => this.#flushCounts(),
      switchTo: (header) => this.#switchTo(header),
    });
    await work(keeper);
  }

  /** One sector changes which tables are the image's. What they refer to must be durable. */
  #switchTo(header: Qcow2Header): void {
    this.#file.syncNow();
    this.#file.write(encodePointers(header), POINTERS_AT);
    this.#file.syncNow();
    const moved = header.l1TableOffset !== this.#header.l1TableOffset;
    this.#header = header;
    if (!moved) return;
    this.#map = new ClusterMap(this.#file, header, this.#refcounts);
    this.#writer = new DataWriter(this.#file, this.#refcounts, this.#map, this.clusterSize);
  }

  /** To come before every change. */
  #beginChange(): void {
    this.#assertWritable();
    if (!this.#announced) this.#announceChanges();
    this.#touched = true;
  }

  #announceChanges(): void {
    const kept = this.#header.autoclearFeatures & this.#maintained;
    if (kept !== this.#header.autoclearFeatures)
      this.updateHeader((header) => ({ ...header, autoclearFeatures: kept }));
    this.#announced = true;
  }

  #assertWritable(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.readOnly)
      throw new ImageError('image_read_only', `${this.#file.path}: the image is open read-only`, {
        path: this.#file.path,
      });
  }

  /** A run of clusters that hold no data here: zeroes, or what the backing disk has. */
  #readWithoutData(offset: number, target: Uint8Array): void {
    if (this.#backing === undefined) {
      target.fill(0);
      return;
    }
    const backing = this.#backing;
    this.#forEachCluster(offset, target.length, (cluster, inCluster, part) => {
      const at = cluster * this.clusterSize + inCluster;
      const piece = target.subarray(at - offset, at - offset + part);
      const visible = Math.max(0, Math.min(part, backing.size - at));
      const below = this.#map.lookup(cluster).kind === 'unallocated' ? visible : 0;
      if (below > 0) backing.read(at, piece.subarray(0, below));
      piece.fill(0, below);
    });
  }

  /** What the backing disk has for a range that is not allocated here; zeroes past its end. */
  #extentsBelow(offset: number, length: number): Extent[] {
    const below = Math.max(0, Math.min(length, (this.#backing?.size ?? 0) - offset));
    const extents = (below > 0 && this.#backing?.extents(offset, below)) || [];
    const hole = { depth: 0, present: false, zero: true, data: false, compressed: false } as const;
    return [
      ...extents.map((extent) => ({ ...extent, depth: extent.depth + 1 })),
      { ...hole, length: length - below, hostOffset: undefined },
    ];
  }

  #zeroPart(cluster: number, inCluster: number, length: number): void {
    const host = this.#map.writableOffset(cluster);
    if (host !== 0) this.#writer.writeZeroes(host + inCluster, length);
    else this.#writer.write(cluster * this.clusterSize + inCluster, Buffer.alloc(length));
  }

  #forEachCluster(
    offset: number,
    length: number,
    visit: (cluster: number, inCluster: number, part: number) => void,
  ): void {
    for (let done = 0; done < length; ) {
      const inCluster = (offset + done) % this.clusterSize;
      const part = Math.min(this.clusterSize - inCluster, length - done);
      visit(Math.floor((offset + done) / this.clusterSize), inCluster, part);
      done += part;
    }
  }
}

function refuseUnsupported(header: Qcow2Header, readOnly: boolean): void {
  refuseUnsupportedFeatures(header, INCOMPATIBLE.zonedFormat); // who uses the zones says what it can do
  const unsupported = (field: string, given: string | number, message: string): never => {
    throw new ImageError('unsupported_feature', message, { field, given });
  };
  if (!readOnly && header.backingFile !== undefined)
    unsupported(
      'backing_file',
      header.backingFile,
      'images with a backing file can be opened read-only only',
    );
  if (header.cryptMethod !== 0)
    unsupported('crypt_method', header.cryptMethod, 'encrypted images are not supported');
  if (!readOnly && header.version === 2)
    unsupported('version', 2, 'version 2 images can be opened read-only only');
}

function missingBacking(file: BlockFile, header: Qcow2Header): Disk | undefined {
  return header.backingFile === undefined
    ? undefined
    : new MissingDisk(file.path, header.backingFile);
}
