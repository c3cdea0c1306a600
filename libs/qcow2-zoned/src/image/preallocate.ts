/** Gives clusters to guest space that has none, without writing data: they read as zeroes, and later writes stay in place. */
import type { ClusterMap } from './cluster-map.ts';
import type { ClusterStore } from './cluster-store.ts';
import { writeZeroes } from './data-writer.ts';
import { UNALLOCATED_ENTRY } from './l2-layout.ts';

export interface PreallocateHost {
  readonly map: ClusterMap;
  readonly store: ClusterStore;
  /** Bytes; 0 without a backing disk. */
  readonly backingSize: number;
  flush(): Promise<void>;
}

/**
 * Clusters of [offset, offset + length), bytes, that are not mapped at all get a host cluster. With extended L2 entries
 * its subclusters stay unallocated, so that a backing disk shows through; without them, what a backing disk reaches stays
 * as it is. Flushes as often as memory asks for it. Throws `no_space`.
 */
export async function preallocate(
  { map, store, backingSize, flush }: PreallocateHost,
  offset: number,
  length: number,
): Promise<void> {
  const { clusterSize, entriesPerTable, extended } = map.layout;
  const end = Math.ceil((offset + length) / clusterSize);
  const first = Math.floor(offset / clusterSize);
  const shown = extended ? 0 : Math.ceil(backingSize / clusterSize);
  for (let cluster = Math.max(first, shown); cluster < end; cluster++) {
    const { host, zero, compressed } = map.entry(cluster);
    if (host === undefined && zero === 0 && compressed === undefined) {
      map.ensureTable(cluster);
      const taken = store.take(cluster);
      if (!taken.zeroed && !extended) writeZeroes(store.file, taken.offset, clusterSize);
      const allocated = extended ? 0 : 1;
      map.put(cluster, { ...UNALLOCATED_ENTRY, host: taken.offset, copied: true, allocated });
      const reach = Math.min(taken.offset + clusterSize, store.end);
      if (store.file.length < reach && endsRun(cluster, end, entriesPerTable))
        store.file.truncate(reach);
    }
    if (map.crowded) await flush();
  }
}

/** The file is made longer a table at a time. */
function endsRun(cluster: number, end: number, entriesPerTable: number): boolean {
  return cluster + 1 === end || (cluster + 1) % entriesPerTable === 0;
}
