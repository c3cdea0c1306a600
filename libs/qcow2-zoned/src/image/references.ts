/** Walks the tables of one state of an image: the active one, or a snapshot's. */
import { ImageError } from '../errors.ts';
import type { BlockFile } from '../file.ts';
import {
  type CompressedPlace,
  compressedPlace,
  ENTRY_BYTES,
  entryOffset,
  isCompressedEntry,
} from '../format/entries.ts';
import { l2EntryBytes, type Qcow2Header } from '../format/header.ts';
import { hasDataFile } from './l2-layout.ts';

/**
 * Host offsets of all clusters of the image's file that an L1 table refers to, L2 tables included, once for each
 * reference. The tables must be on disk. Throws `image_corrupt` for an offset that cannot be a cluster.
 */
export function* references(
  file: Pick<BlockFile, 'length' | 'read'>,
  l1: Buffer,
  header: Qcow2Header,
): Iterable<number> {
  const clusterSize = 2 ** header.clusterBits;
  const entryBytes = l2EntryBytes(header);
  const table = Buffer.alloc(clusterSize);
  for (let at = 0; at < l1.length; at += ENTRY_BYTES) {
    const tableOffset = entryOffset(l1, at);
    if (tableOffset === 0) continue;
    yield checked(tableOffset, clusterSize, file.length, 'L2 table');
    if (hasDataFile(header)) continue;
    file.read(table, tableOffset);
    for (let entry = 0; entry < table.length; entry += entryBytes) {
      if (isCompressedEntry(table, entry)) {
        yield* compressedClusters(table, entry, header.clusterBits);
        continue;
      }
      const offset = entryOffset(table, entry);
      if (offset !== 0) yield checked(offset, clusterSize, file.length, 'data cluster');
    }
  }
}

/** The host clusters of a compressed entry. */
export function compressedClusters(
  table: Buffer,
  at: number,
  clusterBits: number,
): Iterable<number> {
  return hostClusters(compressedPlace(table, at, clusterBits), 2 ** clusterBits);
}

/** A compressed cluster may lie in two host clusters, or share one with others. */
export function* hostClusters(
  { offset, length }: CompressedPlace,
  clusterSize: number,
): Iterable<number> {
  const first = Math.floor(offset / clusterSize);
  const last = Math.floor((offset + length - 1) / clusterSize);
  for (let cluster = first; cluster <= last; cluster++) yield cluster * clusterSize;
}

function checked(offset: number, clusterSize: number, fileLength: number, what: string): number {
  if (offset % clusterSize === 0 && offset < fileLength) return offset;
  throw new ImageError('image_corrupt', `${what} at ${offset}: not a cluster of the file`, {
    field: what,
    given: offset,
    offset,
  });
}
