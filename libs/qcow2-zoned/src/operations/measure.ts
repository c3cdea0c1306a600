/**
 * How large an image file will become, as qemu-img measure reckons it: a header, tables that can map the whole disk,
 * refcounts of all that, and the clusters of the data there is.
 */
import { invalidOption } from '../errors.ts';
import { roundUp } from '../format/bytes.ts';
import type { Disk } from '../image/disk.ts';
import { MAX_L1_BYTES } from '../limits.ts';
import { walkExtents } from './walk.ts';

/** Of the image to be. Sizes are bytes. */
export interface MeasureOptions {
  readonly clusterSize?: number;
  readonly refcountBits?: number;
  readonly extendedL2?: boolean;
  /** All data clusters are taken from the start: preallocation `falloc` and `full`. */
  readonly preallocated?: boolean;
}

/** Bytes of the file. */
export interface Measurement {
  /** Holding what the disk holds now. */
  readonly required: number;
  /** With every cluster of the disk written. */
  readonly fullyAllocated: number;
}

const SECTOR_BYTES = 512;
const L1_ENTRY_BYTES = 8;
const DEFAULT_CLUSTER_SIZE = 65_536;

export function measureRaw(size: number): Measurement {
  const bytes = roundUp(size, SECTOR_BYTES);
  return { required: bytes, fullyAllocated: bytes };
}

/** `size`: of the disk. Without `source` the disk is empty. Throws `invalid_option` for a size that no image can have. */
export function measureQcow2(
  size: number,
  options: MeasureOptions = {},
  source?: Disk,
): Measurement {
  const clusterSize = options.clusterSize ?? DEFAULT_CLUSTER_SIZE;
  const diskBytes = roundUp(roundUp(size, SECTOR_BYTES), clusterSize);
  const metadata = metadataBytes(diskBytes, clusterSize, options);
  const data =
    options.preallocated === true
      ? diskBytes
      : source === undefined
        ? 0
        : dataBytes(source, clusterSize);
  return { required: metadata + data, fullyAllocated: metadata + diskBytes };
}

/** Bytes of the clusters that hold data, each counted once. */
function dataBytes(disk: Disk, clusterSize: number): number {
  let bytes = 0;
  let counted = 0;
  for (const { start, length, zero, data } of walkExtents(disk)) {
    if (zero || !data) continue;
    const from = Math.max(counted, Math.floor(start / clusterSize) * clusterSize);
    const to = roundUp(start + length, clusterSize);
    bytes += Math.max(0, to - from);
    counted = Math.max(counted, to);
  }
  return bytes;
}

function metadataBytes(
  diskBytes: number,
  clusterSize: number,
  { refcountBits = 16, extendedL2 = false }: MeasureOptions,
): number {
  const l2EntryBytes = extendedL2 ? 16 : 8;
  const l2Bytes = roundUp((diskBytes / clusterSize) * l2EntryBytes, clusterSize);
  const l1EntryCount = l2Bytes / clusterSize;
  if (l1EntryCount * L1_ENTRY_BYTES > MAX_L1_BYTES)
    throw invalidOption('size', diskBytes, 'a smaller size, or larger clusters');
  const l1Bytes = roundUp(l1EntryCount * L1_ENTRY_BYTES, clusterSize);
  const others = clusterSize + l2Bytes + l1Bytes;
  return others + refcountBytes((others + diskBytes) / clusterSize, clusterSize, refcountBits);
}

/** Bytes of the refcount blocks and table that count so many clusters, and themselves. */
function refcountBytes(clusters: number, clusterSize: number, refcountBits: number): number {
  const countsPerBlock = (clusterSize * 8) / refcountBits;
  const blocksPerTableCluster = clusterSize / 8;
  let own = 0;
  for (;;) {
    const blocks = Math.ceil((clusters + own) / countsPerBlock);
    const needed = blocks + Math.ceil(blocks / blocksPerTableCluster);
    if (needed === own) return own * clusterSize;
    own = needed;
  }
}
