/**
 * L2 entries, standard and extended (qcow2 specification, "Cluster mapping" and "Extended L2 Entries"), in one shape.
 *
 * A *unit* is the smallest piece of a guest cluster that is mapped on its own: the whole cluster, or with extended
 * entries one of its 32 subclusters. What an entry says of its units is a pair of masks, bit i for unit i:
 *
 * | allocated | zero | the unit                                             |
 * |-----------|------|------------------------------------------------------|
 * | 0         | 0    | is not allocated: the backing file's bytes, or zeroes |
 * | 1         | 0    | lies at its place in the host cluster                |
 * | 0         | 1    | reads as zeroes                                      |
 *
 * A standard entry is the first 8 bytes (format/entries.ts), with its zero flag for a mask of one bit. An extended one
 * has 8 bytes more, big-endian: bits 0-31 are the allocated mask, bits 32-63 the zero mask.
 */
import {
  type CompressedPlace,
  compressedPlace,
  entryOffset,
  isCompressedEntry,
  isCopiedEntry,
  isZeroEntry,
  writeCompressedEntry,
  writeEntry,
} from '../format/entries.ts';
import { INCOMPATIBLE } from '../format/features.ts';
import { l2EntryBytes, type Qcow2Header } from '../format/header.ts';

const SUBCLUSTERS = 32;
const ZERO_MASK_AT = 8;
const ALLOCATED_MASK_AT = 12;

/** What an L2 table says of one guest cluster. Masks are unsigned 32-bit numbers. */
export interface L2Entry {
  /** Host offset of the cluster, in bytes; undefined where there is none. Units need not use it. */
  readonly host: number | undefined;
  /** True where nothing else refers to the host cluster, so that it can be written in place. */
  readonly copied: boolean;
  readonly allocated: number;
  readonly zero: number;
  /** Where the whole cluster lies, where it is compressed; there is no host cluster and no mask then. */
  readonly compressed: CompressedPlace | undefined;
}

export const UNALLOCATED_ENTRY: L2Entry = {
  host: undefined,
  copied: false,
  allocated: 0,
  zero: 0,
  compressed: undefined,
};

/** True where an image's L2 entries have subclusters. */
export function hasExtendedL2(header: Qcow2Header): boolean {
  return (header.incompatibleFeatures & INCOMPATIBLE.extendedL2) !== 0n;
}

/** True where data clusters lie in a file of their own. */
export function hasDataFile(header: Qcow2Header): boolean {
  return (header.incompatibleFeatures & INCOMPATIBLE.dataFile) !== 0n;
}

/** The units from `first` up to but not including `end`, as a mask. */
export function unitMask(first: number, end: number): number {
  if (end <= first) return 0;
  return ((0xffff_ffff >>> (SUBCLUSTERS - (end - first))) << first) >>> 0;
}

/** Says of the extended entry at a byte of a table that all subclusters lie in the host cluster. */
export function allocateSubclusters(table: Buffer, at: number): void {
  table.writeUInt32BE(unitMask(0, SUBCLUSTERS), at + ALLOCATED_MASK_AT);
}

export class L2Layout {
  readonly clusterSize: number;
  readonly extended: boolean;
  /** Data clusters lie in an external file: offset 0 is a place there. */
  readonly external: boolean;
  readonly entryBytes: number;
  readonly entriesPerTable: number;
  readonly unitsPerCluster: number;
  readonly unitSize: number;
  /** The mask of all units of a cluster. */
  readonly allUnits: number;
  readonly #clusterBits: number;

  constructor(header: Qcow2Header) {
    this.#clusterBits = header.clusterBits;
    this.clusterSize = 2 ** header.clusterBits;
    this.extended = hasExtendedL2(header);
    this.external = hasDataFile(header);
    this.entryBytes = l2EntryBytes(header);
    this.entriesPerTable = this.clusterSize / this.entryBytes;
    this.unitsPerCluster = this.extended ? SUBCLUSTERS : 1;
    this.unitSize = this.clusterSize / this.unitsPerCluster;
    this.allUnits = unitMask(0, this.unitsPerCluster);
  }

  /** Decodes the entry at a byte of a table, as it is; whether it makes sense is for the caller to see. */
  read(table: Buffer, at: number): L2Entry {
    if (isCompressedEntry(table, at))
      return { ...UNALLOCATED_ENTRY, compressed: compressedPlace(table, at, this.#clusterBits) };
    const offset = entryOffset(table, at);
    const copied = isCopiedEntry(table, at);
    const host = offset === 0 && !(this.external && copied) ? undefined : offset;
    if (this.extended) {
      const allocated = table.readUInt32BE(at + ALLOCATED_MASK_AT);
      const zero = table.readUInt32BE(at + ZERO_MASK_AT);
      return { host, copied, allocated, zero, compressed: undefined };
    }
    const zero = isZeroEntry(table, at) ? 1 : 0;
    const allocated = zero === 0 && host !== undefined ? 1 : 0;
    return { host, copied, allocated, zero, compressed: undefined };
  }

  write(table: Buffer, at: number, { host, copied, allocated, zero, compressed }: L2Entry): void {
    if (compressed !== undefined) writeCompressedEntry(table, at, compressed, this.#clusterBits);
    else writeEntry(table, at, host ?? 0, { copied, zero: !this.extended && zero !== 0 });
    if (!this.extended) return;
    table.writeUInt32BE(zero, at + ZERO_MASK_AT);
    table.writeUInt32BE(allocated, at + ALLOCATED_MASK_AT);
  }

  /** The masks of the extended entry at a byte of a table, for the hot path. */
  static allocatedMask(table: Buffer, at: number): number {
    return table.readUInt32BE(at + ALLOCATED_MASK_AT);
  }

  static zeroMask(table: Buffer, at: number): number {
    return table.readUInt32BE(at + ZERO_MASK_AT);
  }

  /** The units that [from, to) of a cluster touches, as a mask. */
  unitsTouched(from: number, to: number): number {
    if (!this.extended) return to > from ? 1 : 0;
    return unitMask(Math.floor(from / this.unitSize), Math.ceil(to / this.unitSize));
  }

  /** The units that [from, to) of a cluster covers whole, as a mask. */
  unitsCovered(from: number, to: number): number {
    return unitMask(Math.ceil(from / this.unitSize), Math.floor(to / this.unitSize));
  }
}
