/**
 * Knows which host clusters hold the image's metadata, so that damaged tables never make us write over it: not with
 * data where an L2 entry points at it, and not with anything new where its refcount says that it is free.
 */
import { ImageError } from '../errors.ts';
import type { BlockFile } from '../file.ts';
import { ENTRY_BYTES } from '../format/entries.ts';
import { EXTENSION, findExtension, type Qcow2Header } from '../format/header.ts';
import { MAX_BITMAP_DIRECTORY_BYTES } from '../limits.ts';
import { ClusterSet } from './cluster-set.ts';
import { readSnapshots } from './snapshot-list.ts';

/** A run of metadata in the file, in bytes. */
export interface MetadataRange {
  readonly what: string;
  readonly offset: number;
  readonly length: number;
}

export const ACTIVE_L2_TABLE = 'active L2 table';

export class MetadataGuard {
  /** Undefined until the first question, and after `reset`: looking at every table costs an open image nothing. */
  #clusters: ClusterSet | undefined;

  constructor(
    private readonly path: string,
    private readonly clusterSize: number,
    /** All metadata, active L2 tables last. */
    private readonly ranges: () => Iterable<MetadataRange>,
  ) {}

  /** Throws `image_corrupt` where the cluster at a host offset holds metadata. */
  assertFree(hostOffset: number): void {
    const clusters = this.#clusters ?? this.#build();
    const cluster = hostOffset / this.clusterSize;
    if (clusters.has(cluster)) this.#refuse(this.#holderOf(cluster), hostOffset);
  }

  /** A new table. Throws `image_corrupt` where other metadata lies there. */
  add(hostOffset: number): void {
    this.assertFree(hostOffset);
    this.#clusters?.add(hostOffset / this.clusterSize);
  }

  /** A table that the image no longer uses. */
  remove(hostOffset: number): void {
    this.#clusters?.delete(hostOffset / this.clusterSize);
  }

  /** To be called when the header points at other tables. */
  reset(): void {
    this.#clusters = undefined;
  }

  /** Two kinds of metadata in one cluster are found here. That two L1 entries share a table is for a check to judge. */
  #build(): ClusterSet {
    const all = new ClusterSet();
    const tables = new ClusterSet();
    for (const { what, offset, length } of this.ranges()) {
      const first = Math.floor(offset / this.clusterSize);
      for (let cluster = first; cluster * this.clusterSize < offset + length; cluster++) {
        if (all.has(cluster) && !(what === ACTIVE_L2_TABLE && tables.has(cluster)))
          this.#refuse(what, cluster * this.clusterSize);
        all.add(cluster);
        if (what === ACTIVE_L2_TABLE) tables.add(cluster);
      }
    }
    this.#clusters = all;
    return all;
  }

  #holderOf(cluster: number): string {
    for (const { what, offset, length } of this.ranges()) {
      const first = Math.floor(offset / this.clusterSize);
      if (cluster >= first && cluster * this.clusterSize < offset + length) return what;
    }
    return 'metadata';
  }

  #refuse(what: string, hostOffset: number): never {
    throw new ImageError(
      'image_corrupt',
      `${this.path}: refused to write at host offset ${hostOffset}: it would overwrite the ${what}; run a repair`,
      { path: this.path, field: what, offset: hostOffset },
    );
  }
}

/** The metadata that a header leads to, L2 tables and refcount blocks aside. */
export function* headerMetadata(file: BlockFile, header: Qcow2Header): Iterable<MetadataRange> {
  const clusterSize = 2 ** header.clusterBits;
  yield { what: 'header', offset: 0, length: clusterSize };
  yield {
    what: 'refcount table',
    offset: header.refcountTableOffset,
    length: header.refcountTableClusters * clusterSize,
  };
  const l1Bytes = header.l1Entries * ENTRY_BYTES;
  if (l1Bytes > 0) yield { what: 'active L1 table', offset: header.l1TableOffset, length: l1Bytes };
  if (header.snapshotCount > 0) {
    const { snapshots, length } = readSnapshots(file, header);
    yield { what: 'snapshot table', offset: header.snapshotsOffset, length };
    for (const { l1TableOffset, l1Entries } of snapshots)
      if (l1Entries > 0)
        yield {
          what: 'L1 table of a snapshot',
          offset: l1TableOffset,
          length: l1Entries * ENTRY_BYTES,
        };
  }
  yield* bitmapDirectory(header);
}

function* bitmapDirectory(header: Qcow2Header): Iterable<MetadataRange> {
  const extension = findExtension(header, EXTENSION.bitmaps);
  if (extension === undefined || extension.length < 24) return;
  const length = Number(extension.readBigUInt64BE(8));
  const offset = Number(extension.readBigUInt64BE(16));
  // Where these numbers make no sense, there is no directory that could be kept.
  if (length <= MAX_BITMAP_DIRECTORY_BYTES && offset > 0 && Number.isSafeInteger(offset))
    yield { what: 'bitmap directory', offset, length };
}
