/** Gives clusters to guest space that has none, without writing data: they read as zeroes, and later writes stay in place. */
import { ImageError } from '../errors.ts';
import type { ClusterMap } from './cluster-map.ts';
import type { ClusterStore } from './cluster-store.ts';
import { writeZeroes } from './data-writer.ts';
import { UNALLOCATED_ENTRY } from './l2-layout.ts';

export interface PreallocateHost {
  readonly map: ClusterMap;
  readonly store: ClusterStore;
  readonly hasBacking: boolean;
  flush(): Promise<void>;
}

/**
 * Clusters of [offset, offset + length), bytes, that are not mapped at all get a host cluster. With extended L2 entries
 * its subclusters stay unallocated, so that a backing disk shows through; without them there must be none. Flushes
 * as often as memory asks for it. Throws `unsupported_feature`, `no_space`.
 */
export async function preallocate(
  { map, store, hasBacking, flush }: PreallocateHost,
  offset: number,
  length: number,
): Promise<void> {
  const { clusterSize, entriesPerTable, extended } = map.layout;
  if (hasBacking && !extended)
    throw new ImageError(
      'unsupported_feature',
      'over a backing file, space can only be preallocated with extended L2 entries',
      { field: 'preallocation', given: 'metadata', allowed: 'extended_l2, or no backing file' },
    );
  const end = Math.ceil((offset + length) / clusterSize);
  for (let cluster = Math.floor(offset / clusterSize); cluster < end; cluster++) {
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
