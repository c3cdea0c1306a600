/**
 * Writes clusters compressed, packed one behind the other in host clusters: each host cluster counts one reference for
 * every compressed cluster that lies in it, in part or whole (qcow2 specification, "Compressed Clusters Descriptor").
 */
import type { BlockFile } from '../file.ts';
import type { CompressedPlace } from '../format/entries.ts';
import type { ClusterMap } from './cluster-map.ts';
import type { ClusterStore } from './cluster-store.ts';
import type { Codec } from './compression.ts';
import { UNALLOCATED_ENTRY } from './l2-layout.ts';
import type { Refcounts } from './refcounts.ts';
import { hostClusters } from './references.ts';

export class CompressedWriter {
  /** Where the next one goes, inside a cluster that was begun here; 0 where there is none. */
  #next = 0;

  constructor(
    private readonly file: BlockFile,
    private readonly refcounts: Refcounts,
    private readonly codec: Codec,
  ) {}

  /** Stores one whole guest cluster. False, and nothing is done, where it does not get smaller. */
  write(
    guestCluster: number,
    data: Uint8Array,
    { map, store }: { map: ClusterMap; store: ClusterStore },
  ): boolean {
    const bytes = this.codec.compress(data);
    if (bytes === undefined) return false;
    const before = map.entry(guestCluster);
    map.ensureTable(guestCluster);
    const compressed = this.#take(bytes.length);
    try {
      this.file.write(bytes, compressed.offset);
    } catch (error) {
      this.#giveUp(compressed);
      throw error;
    }
    map.put(guestCluster, { ...UNALLOCATED_ENTRY, compressed });
    store.releaseLater(before);
    return true;
  }

  /** To be called when a host cluster gets free: nothing more may be put into it. */
  forget(hostOffset: number): void {
    const { clusterSize } = this.refcounts;
    if (this.#next !== 0 && this.#next - (this.#next % clusterSize) === hostOffset) this.#next = 0;
  }

  /** Takes room, with a reference on every host cluster that it touches. Throws `no_space`. */
  #take(length: number): CompressedPlace {
    const { clusterSize, maximum } = this.refcounts;
    const begun = this.#next - (this.#next % clusterSize);
    const usable = this.#next !== 0 && this.refcounts.count(begun) < maximum;
    if (usable && this.#next + length <= begun + clusterSize) {
      this.refcounts.add(begun);
      return this.#takeAt(this.#next, length);
    }
    const { offset } = this.refcounts.allocate();
    if (!usable || offset !== begun + clusterSize) return this.#takeAt(offset, length);
    this.refcounts.add(begun);
    return this.#takeAt(this.#next, length);
  }

  #takeAt(offset: number, length: number): CompressedPlace {
    const end = offset + length;
    this.#next = end % this.refcounts.clusterSize === 0 ? 0 : end;
    return { offset, length };
  }

  #giveUp(place: CompressedPlace): void {
    this.#next = 0;
    for (const offset of hostClusters(place, this.refcounts.clusterSize))
      this.refcounts.release(offset);
  }
}
