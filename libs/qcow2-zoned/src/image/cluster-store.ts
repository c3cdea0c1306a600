/** Where data clusters come from and go to: the image's own file, or an external data file. */
import { ImageError } from '../errors.ts';
import type { BlockFile } from '../file.ts';
import type { L2Entry } from './l2-layout.ts';
import type { MetadataGuard } from './metadata-guard.ts';
import type { Allocation, Refcounts } from './refcounts.ts';
import { hostClusters } from './references.ts';

export interface ClusterStore {
  /** The file that holds the clusters. */
  readonly file: BlockFile;
  /** Guest offset past which clusters need no filling: the file ends there. */
  readonly end: number;
  /** Throws `image_corrupt` where a cluster that an entry names must not be written. */
  assertWritable(hostOffset: number): void;
  /** Takes a cluster for a guest cluster, to be written before it is linked. Throws `no_space`. */
  take(guestCluster: number): Allocation;
  /** Gives back a cluster that was never linked. */
  giveUp(hostOffset: number): void;
  /** Gives back what an entry refers to once the change that drops it is durable. */
  releaseLater(entry: L2Entry): void;
}

/** Clusters of the image's file, each with a refcount. */
export class OwnClusters implements ClusterStore {
  readonly end = Number.POSITIVE_INFINITY;

  constructor(
    readonly file: BlockFile,
    private readonly refcounts: Refcounts,
    private readonly guard: MetadataGuard,
  ) {}

  assertWritable(hostOffset: number): void {
    this.guard.assertFree(hostOffset);
  }

  take(): Allocation {
    return this.refcounts.allocate();
  }

  giveUp(hostOffset: number): void {
    this.refcounts.release(hostOffset);
  }

  releaseLater({ host, compressed }: L2Entry): void {
    if (host !== undefined) this.refcounts.releaseLater(host);
    if (compressed === undefined) return;
    for (const offset of hostClusters(compressed, this.refcounts.clusterSize))
      this.refcounts.releaseLater(offset);
  }
}

/** Clusters of an external data file: each lies where the guest sees it, and nobody counts them. */
export class ExternalClusters implements ClusterStore {
  constructor(
    readonly file: BlockFile,
    private readonly clusterSize: number,
    private readonly size: () => number,
  ) {}

  get end(): number {
    return this.size();
  }

  assertWritable(): void {}

  take(guestCluster: number): Allocation {
    const offset = guestCluster * this.clusterSize;
    return { offset, zeroed: offset >= this.file.length };
  }

  giveUp(): void {}

  releaseLater(): void {}
}

/** Stands for a data file that nobody opened: an image can be looked at without it, but not read. */
export class MissingDataFile implements BlockFile {
  readonly length = 0;

  constructor(readonly path: string) {}

  read(): never {
    return this.#refuse();
  }

  write(): never {
    return this.#refuse();
  }

  async sync(): Promise<void> {}

  syncNow(): void {}

  truncate(): never {
    return this.#refuse();
  }

  close(): void {}

  #refuse(): never {
    throw new ImageError('unsupported_feature', `${this.path}: its data file is not open`, {
      path: this.path,
      field: 'data_file',
    });
  }
}
