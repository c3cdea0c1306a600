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
 * then clusters unlinked in phase 2 may be taken again, and their lowered counts go into a later phase 1.
 */
import { ImageError } from '../errors.ts';
import type { BlockFile } from '../file.ts';
import { refuseUnsupportedFeatures } from '../format/features.ts';
import { decodeHeader, headerPatches, type Qcow2Header, withPatch } from '../format/header.ts';
import { ZERO_BUFFER_BYTES } from '../limits.ts';
import { ClusterMap } from './cluster-map.ts';
import { GroupFlush } from './group-flush.ts';
import { Refcounts } from './refcounts.ts';

const HEADER_READ_BYTES = 65_536;
const ZEROES = Buffer.alloc(ZERO_BUFFER_BYTES);

/** A run of guest bytes of one kind. `data`: has clusters in the file; `zero`: reads as zeroes. */
export interface Extent {
  readonly length: number;
  readonly data: boolean;
  readonly zero: boolean;
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

/** A piece of a write inside one guest cluster. */
interface Span {
  readonly guestCluster: number;
  readonly hostOffset: number;
  readonly inCluster: number;
  readonly length: number;
  /** The cluster was taken for this write. */
  readonly taken: boolean;
  /** Its entry must be changed to point at `hostOffset`. */
  readonly link: boolean;
  /** The rest of the cluster must be cleaned. */
  readonly clean: boolean;
}

export class Qcow2Image {
  readonly clusterSize: number;
  readonly #file: BlockFile;
  readonly #refcounts: Refcounts;
  readonly #map: ClusterMap;
  readonly #flushes = new GroupFlush(() => this.#flushOnce());
  #header: Qcow2Header;
  #participant: FlushParticipant | undefined;
  /** Clusters that an entry in memory no longer points at, while one on disk may. */
  #unlinked: number[] = [];
  #touched = false;
  #failure: ImageError | undefined;

  /** Opens an image over `file`. Throws `not_qcow2`, `invalid_image`, `unsupported_feature`, `image_corrupt`. */
  constructor(
    file: BlockFile,
    readonly readOnly: boolean,
  ) {
    this.#file = file;
    const first = Buffer.alloc(Math.min(HEADER_READ_BYTES, file.length));
    file.read(first, 0);
    this.#header = decodeHeader(first);
    refuseUnsupported(this.#header, readOnly);
    this.clusterSize = 2 ** this.#header.clusterBits;
    this.#refcounts = new Refcounts(file, this.#header);
    this.#map = new ClusterMap(file, this.#header, this.#refcounts);
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
      if (runHost === 0) piece.fill(0);
      else this.#file.read(piece, runHost);
    };
    while (done < target.length) {
      const guest = offset + done;
      const inCluster = guest % this.clusterSize;
      const length = Math.min(this.clusterSize - inCluster, target.length - done);
      const cluster = Math.floor(guest / this.clusterSize);
      const mapping = this.#map.dataOffset(cluster) || this.#slowDataOffset(cluster);
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

  /** Writes `data` at guest `offset`. Nothing is changed where it throws `no_space` before the first byte. */
  write(offset: number, data: Uint8Array): void {
    this.#assertWritable();
    this.#touched = true;
    const inCluster = offset % this.clusterSize;
    if (inCluster + data.length <= this.clusterSize) {
      const host = this.#map.dataOffset(Math.floor(offset / this.clusterSize));
      if (host !== 0) {
        this.#file.write(data, host + inCluster);
        return;
      }
    }
    const spans: Span[] = [];
    try {
      for (let done = 0; done < data.length; ) {
        const span = this.#prepare(offset + done, data.length - done);
        spans.push(span);
        done += span.length;
      }
      this.#writeSpans(spans, data);
    } catch (error) {
      for (const span of spans) if (span.taken) this.#refcounts.release(span.hostOffset);
      throw error;
    }
    for (const span of spans) if (span.link) this.#map.link(span.guestCluster, span.hostOffset);
  }

  /** Makes [offset, offset + length) read as zeroes, mapped: whole clusters become zero clusters. */
  writeZeroes(offset: number, length: number): void {
    this.#assertWritable();
    this.#touched = true;
    this.#forEachCluster(offset, length, (cluster, inCluster, part) => {
      const { kind, hostOffset } = this.#map.lookup(cluster);
      if (kind === 'zero') return;
      if (kind === 'data' && part < this.clusterSize) {
        this.#writeZeroBytes(hostOffset + inCluster, part);
        return;
      }
      this.#map.ensureTable(cluster);
      this.#map.linkZero(cluster);
      if (hostOffset !== 0) this.#unlinked.push(hostOffset);
    });
  }

  /** Gives the whole clusters of the range back; they read as zeroes. Bytes of partial clusters stay. */
  unmap(offset: number, length: number): void {
    this.#assertWritable();
    this.#touched = true;
    const end = Math.floor((offset + length) / this.clusterSize);
    for (let cluster = Math.ceil(offset / this.clusterSize); ; cluster++) {
      cluster = this.#map.nextWithTable(cluster, end);
      if (cluster >= end) return;
      const { kind, hostOffset } = this.#map.lookup(cluster);
      if (kind !== 'unallocated') {
        this.#map.unlink(cluster);
        if (hostOffset !== 0) this.#unlinked.push(hostOffset);
      }
    }
  }

  /** What [offset, offset + length) is made of, in order, neighbours of one kind joined. */
  extents(offset: number, length: number): Extent[] {
    const extents: Extent[] = [];
    this.#forEachCluster(offset, length, (cluster, _inCluster, part) => {
      const { kind, hostOffset } = this.#map.lookup(cluster);
      const data = kind === 'data' || hostOffset !== 0;
      const zero = kind !== 'data';
      const last = extents.at(-1);
      if (last?.data === data && last.zero === zero)
        extents[extents.length - 1] = { ...last, length: last.length + part };
      else extents.push({ length: part, data, zero });
    });
    return extents;
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

  /** Makes everything durable, counts of freed clusters included. The image must not be used afterwards. */
  async settle(): Promise<void> {
    do await this.flush();
    while (this.#touched || this.#refcounts.dirty || this.#map.dirty);
  }

  /** Writes straight into a host range, for tables that a participant keeps. */
  writeHost(data: Uint8Array, hostOffset: number): void {
    this.#file.write(data, hostOffset);
  }

  async #flushOnce(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    if (!this.#touched && !this.#refcounts.dirty && !this.#map.dirty) return;
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
    const unlinked = this.#unlinked;
    this.#unlinked = [];
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
    for (const hostOffset of unlinked) this.#refcounts.release(hostOffset);
  }

  #assertWritable(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.readOnly)
      throw new ImageError('image_read_only', `${this.#file.path}: the image is open read-only`, {
        path: this.#file.path,
      });
  }

  /** For a cluster that is not plain data: 0, or an error where the entry is one that we cannot read. */
  #slowDataOffset(cluster: number): number {
    const { kind, hostOffset } = this.#map.lookup(cluster);
    return kind === 'data' ? hostOffset : 0;
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

  /** Finds or takes the cluster for the bytes at `guest`. Its L2 table exists afterwards. */
  #prepare(guest: number, remaining: number): Span {
    const guestCluster = Math.floor(guest / this.clusterSize);
    const inCluster = guest % this.clusterSize;
    const length = Math.min(this.clusterSize - inCluster, remaining);
    const { kind, hostOffset } = this.#map.lookup(guestCluster);
    const place = { guestCluster, inCluster, length };
    if (kind === 'data') return { ...place, hostOffset, taken: false, link: false, clean: false };
    const partial = length < this.clusterSize;
    if (hostOffset !== 0) return { ...place, hostOffset, taken: false, link: true, clean: partial };
    this.#map.ensureTable(guestCluster);
    const { offset, zeroed } = this.#refcounts.allocate();
    return { ...place, hostOffset: offset, taken: true, link: true, clean: partial && !zeroed };
  }

  /** Writes the data, neighbours on the host in one call, and cleans around it where clusters are recycled. */
  #writeSpans(spans: readonly Span[], data: Uint8Array): void {
    let runHost = 0;
    let runFrom = 0;
    let done = 0;
    for (const span of spans) {
      const host = span.hostOffset + span.inCluster;
      if (span.clean) {
        const end = span.inCluster + span.length;
        this.#writeZeroBytes(span.hostOffset, span.inCluster);
        this.#writeZeroBytes(span.hostOffset + end, this.clusterSize - end);
      }
      if (host !== runHost + (done - runFrom)) {
        if (done > runFrom) this.#file.write(data.subarray(runFrom, done), runHost);
        runHost = host;
        runFrom = done;
      }
      done += span.length;
    }
    this.#file.write(data.subarray(runFrom, done), runHost);
  }

  #writeZeroBytes(hostOffset: number, length: number): void {
    for (let done = 0; done < length; done += ZEROES.length)
      this.#file.write(
        ZEROES.subarray(0, Math.min(ZEROES.length, length - done)),
        hostOffset + done,
      );
  }
}

function refuseUnsupported(header: Qcow2Header, readOnly: boolean): void {
  refuseUnsupportedFeatures(header, 0n);
  const unsupported = (field: string, given: string | number, message: string): never => {
    throw new ImageError('unsupported_feature', message, { field, given });
  };
  if (header.backingFile !== undefined)
    unsupported('backing_file', header.backingFile, 'images with a backing file are not supported');
  if (header.cryptMethod !== 0)
    unsupported('crypt_method', header.cryptMethod, 'encrypted images are not supported');
  if (!readOnly && header.version === 2)
    unsupported('version', 2, 'version 2 images can be opened read-only only');
  if (!readOnly && header.snapshotCount > 0)
    unsupported(
      'nb_snapshots',
      header.snapshotCount,
      'images with internal snapshots can be opened read-only only',
    );
}
