/**
 * What a repair makes of entries that cannot be. No mended entry could be read before: what it named lies off any
 * cluster or past the end of the file, or bits that must be clear were set. It reads as zeroes afterwards.
 */
import {
  clearEntry,
  compressedPlace,
  ENTRY_BYTES,
  setCopied,
  writeZeroEntry,
} from '../format/entries.ts';
import { clearReservedL1, clearReservedL2, decodeL2Entry, usedEntries } from './entries.ts';
import type { EntryMender, L2Fault } from './mapping.ts';
import type { Subject } from './subject.ts';
import { readSnapshotTable, type Survey } from './survey.ts';

const ALLOCATED_AT = 12;
const ZERO_AT = 8;
const ALL_SUBCLUSTERS = 0xffff_ffff;
const BITMAP_ALL_ONES = 1n;

/** Tells whether a cluster at an offset would lie over the header, the L1 table or the snapshot table. */
export function rootTest(subject: Subject): (offset: number) => boolean {
  const { clusterSize, header } = subject;
  const { l1TableOffset, l1Entries, snapshotsOffset } = header;
  const roots = [
    { from: 0, to: clusterSize },
    { from: l1TableOffset, to: l1TableOffset + l1Entries * ENTRY_BYTES },
    { from: snapshotsOffset, to: snapshotsOffset + readSnapshotTable(subject).length },
  ];
  return (offset) => roots.some(({ from, to }) => offset + clusterSize > from && offset < to);
}

export class Mender implements EntryMender {
  readonly #subject: Subject;
  readonly #judged = new Map<number, boolean>();

  /** `seen`: the image as it was found, without what lies behind L1 entries that lead to a root (`rootTest`). */
  constructor(
    private readonly seen: Survey,
    private readonly isRoot: (offset: number) => boolean,
  ) {
    this.#subject = seen.references.subject;
  }

  /**
   * An L1 entry that leads to the header, to the L1 table itself or to the snapshot table is wrong. So is one that leads to something else's
   * cluster and finds nonsense there: to mend its entries would destroy what that is. Other overlaps may be the fault
   * of the other side, such as a snapshot that claims an active table: they are left to the refcounts.
   */
  isNoTable(offset: number): boolean {
    const { file } = this.#subject;
    if (offset >= file.length || this.isRoot(offset)) return true;
    const judged = this.#judged.get(offset) ?? (this.#isShared(offset) && this.#isNonsense(offset));
    this.#judged.set(offset, judged);
    return judged;
  }

  isOwnL1(position: number, times: number): boolean {
    const cluster = Math.floor(position / this.#subject.clusterSize);
    return this.seen.references.counts.get(cluster) <= times;
  }

  #isShared(offset: number): boolean {
    const uses = this.seen.tables.get(offset);
    const { counts } = this.seen.references;
    return (
      counts.get(offset / this.#subject.clusterSize) > (uses?.active ?? 0) + (uses?.inactive ?? 0)
    );
  }

  /** More than half of the entries cannot be. */
  #isNonsense(offset: number): boolean {
    const { clusterSize, entryBytes } = this.#subject;
    const table = Buffer.alloc(clusterSize);
    this.#subject.readTable(table, offset);
    const used = usedEntries(table, entryBytes);
    const wrong = used.filter((at) => {
      const entry = decodeL2Entry(table, at, this.#subject);
      const place =
        entry.kind === 'compressed'
          ? compressedPlace(table, at, this.#subject.header.clusterBits)
          : { offset: entry.offset, length: clusterSize };
      if (entry.kind === 'compressed')
        return this.seen.references.isOutside(place.offset, place.length);
      return (
        entry.reserved ||
        entry.offset % clusterSize !== 0 ||
        this.seen.references.isOutside(place.offset, place.length)
      );
    });
    return wrong.length * 2 > used.length;
  }

  mendL1(l1: Buffer, at: number, fault: 'reserved' | 'place'): void {
    if (fault === 'reserved') clearReservedL1(l1, at);
    else clearEntry(l1, at);
  }

  mendL2(table: Buffer, at: number, fault: L2Fault): void {
    if (fault === 'reserved') clearReservedL2(table, at);
    else if (fault === 'copied') setCopied(table, at, false);
    else if (fault === 'bitmap') this.#mendSubclusters(table, at);
    else this.#makeZero(table, at);
  }

  /** All ones: a dirty bitmap that says too much costs a copy, one that says too little loses data. */
  mendBitmap(table: Buffer, at: number): void {
    table.writeBigUInt64BE(BITMAP_ALL_ONES, at);
  }

  write(bytes: Buffer, position: number): void {
    this.#subject.file.write(bytes, position);
  }

  #makeZero(table: Buffer, at: number): void {
    const { header, entryBytes } = this.#subject;
    if (entryBytes === ENTRY_BYTES) {
      // version 2 has no zero flag: there, zeroes are what is not allocated
      if (header.version === 3) writeZeroEntry(table, at);
      else clearEntry(table, at);
      return;
    }
    const { kind, allocatedMap, zeroMap } = decodeL2Entry(table, at, this.#subject);
    clearEntry(table, at);
    const zeroes = kind === 'compressed' ? ALL_SUBCLUSTERS : (allocatedMap | zeroMap) >>> 0;
    table.writeUInt32BE(zeroes, at + ZERO_AT);
    table.writeUInt32BE(0, at + ALLOCATED_AT);
  }

  /** A subcluster that is both, or allocated nowhere, could not be read: it becomes zeroes. The others stay. */
  #mendSubclusters(table: Buffer, at: number): void {
    const { kind, allocatedMap, zeroMap } = decodeL2Entry(table, at, this.#subject);
    const invalid = kind === 'unallocated' ? allocatedMap : allocatedMap & zeroMap;
    const zeroes = kind === 'compressed' ? 0 : (zeroMap | invalid) >>> 0;
    const allocated = kind === 'compressed' ? 0 : (allocatedMap & ~invalid) >>> 0;
    table.writeUInt32BE(zeroes, at + ZERO_AT);
    table.writeUInt32BE(allocated, at + ALLOCATED_AT);
  }
}
