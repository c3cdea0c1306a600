/**
 * The walk over L1 and L2 tables: counts what they refer to, and finds entries that cannot be. Each table is read
 * once, however many entries lead to it, so that the work follows the length of the file.
 */
import { compressedPlace, ENTRY_BYTES, entryOffset } from '../format/entries.ts';
import { MAX_CHECK_UNALIGNED_TABLES } from '../limits.ts';
import type { CopiedFlags } from './copied.ts';
import { coverage, type Piece } from './coverage.ts';
import { decodeL2Entry, hasReservedL1, type L2Entry, plainOffset, usedEntries } from './entries.ts';
import type { Findings } from './findings.ts';
import { hex, type References } from './references.ts';
import type { Subject } from './subject.ts';

/** What a repair does with an entry at fault. Each method changes the bytes of `table` at `at`. */
export interface EntryMender {
  /** An L1 entry that cannot be: reserved bits are cleared, or the whole entry. */
  mendL1(table: Buffer, at: number, fault: 'reserved' | 'place'): void;
  mendL2(table: Buffer, at: number, fault: L2Fault): void;
  /** True where no L2 table can lie, or where something lies that is not one. */
  isNoTable(offset: number): boolean;
  /** False where something else lies at an L1 entry of a snapshot too. `times`: L1 tables that have the entry. */
  isOwnL1(position: number, times: number): boolean;
  /** An entry of a bitmap table that cannot be. */
  mendBitmap(table: Buffer, at: number): void;
  /** Writes back what was mended. */
  write(bytes: Buffer, position: number): void;
}

/**
 * `place`: no cluster can lie there. `reserved`, `copied`, `bitmap`: bits that must not be set. `compressed`: a
 * compressed cluster in an image with a data file.
 */
export type L2Fault = 'place' | 'reserved' | 'copied' | 'bitmap' | 'compressed';

/** Guest clusters of the active state, as `qemu-img check` counts them. */
export interface Allocation {
  allocated: number;
  fragmented: number;
  compressed: number;
}

/** How many L1 entries of the active state, and of snapshots, lead to a table. */
export interface TableUses {
  active: number;
  inactive: number;
  /** Those of the active state for which COPIED flags can be checked. */
  flagged: number;
}

const L1_READ_BYTES = 2 ** 20;

export class MappingWalk {
  readonly allocation: Allocation = { allocated: 0, fragmented: 0, compressed: 0 };
  readonly #subject: Subject;
  readonly #findings: Findings;
  /** L2 tables by their host offsets. */
  readonly tables = new Map<number, TableUses>();
  #unaligned = 0;

  constructor(
    private readonly references: References,
    private readonly flags?: CopiedFlags,
    private readonly mender?: EntryMender,
    private readonly isNoTable?: (offset: number) => boolean,
  ) {
    this.#subject = references.subject;
    this.#findings = references.findings;
  }

  /** True where what `plainOffset` tells has no fault and is all that there is to an entry. */
  get #hasPlainEntries(): boolean {
    return this.#subject.entryBytes === ENTRY_BYTES && !this.#subject.dataFile;
  }

  /** The active L1 table. */
  countActive(offset: number, entries: number): void {
    const size = entries * ENTRY_BYTES;
    this.references.add(offset, size);
    this.#readL1({ from: offset, to: offset + size, times: 1 }, true);
  }

  /** L1 tables of snapshots, which may overlap where an image is hostile. */
  countInactive(tables: readonly { offset: number; entries: number }[]): void {
    const runs = tables.map(({ offset, entries }) => ({ offset, size: entries * ENTRY_BYTES }));
    this.references.addRuns(runs);
    for (const piece of coverage(
      runs.map(({ offset, size }) => ({ from: offset, to: offset + size })),
    ))
      this.#readL1(piece, false);
  }

  /** The L2 tables that the L1 tables so far lead to. */
  countTables(): void {
    const { clusterSize, file } = this.#subject;
    const table = Buffer.alloc(clusterSize);
    for (const [offset, uses] of this.tables) {
      this.references.add(offset, clusterSize, uses.active + uses.inactive);
      if (offset >= file.length || this.isNoTable?.(offset)) continue;
      if (offset % clusterSize !== 0 && ++this.#unaligned > MAX_CHECK_UNALIGNED_TABLES) continue;
      this.#subject.readTable(table, offset);
      this.#countTable(table, offset, uses);
    }
  }

  #readL1({ from, to, times }: Piece, active: boolean): void {
    const end = Math.min(to, this.#subject.file.length);
    for (let at = from; at < end; at += L1_READ_BYTES) {
      const l1 = Buffer.alloc(
        Math.ceil(Math.min(L1_READ_BYTES, end - at) / ENTRY_BYTES) * ENTRY_BYTES,
      );
      this.#subject.readTable(l1, at);
      for (const entry of usedEntries(l1, ENTRY_BYTES))
        this.#countL1Entry(l1, entry, at + entry, times, active);
    }
  }

  #countL1Entry(l1: Buffer, at: number, position: number, times: number, active: boolean): void {
    const mend = (fault: 'reserved' | 'place'): void => {
      if (this.mender === undefined) return;
      if (!active && !this.mender.isOwnL1(position, times)) return;
      this.mender.mendL1(l1, at, fault);
      this.mender.write(l1.subarray(at, at + ENTRY_BYTES), position);
    };
    if (hasReservedL1(l1, at)) {
      const entry = l1.readBigUInt64BE(at);
      this.#corrupt(times, () => `ERROR found L1 entry with reserved bits set: ${hex(entry)}`);
      mend('reserved');
    }
    const offset = entryOffset(l1, at);
    if (l1.readUInt32BE(at) === 0 && l1.readUInt32BE(at + 4) === 0) return;
    const uses = this.tables.get(offset) ?? { active: 0, inactive: 0, flagged: 0 };
    uses[active ? 'active' : 'inactive'] += times;
    const unaligned = offset % this.#subject.clusterSize !== 0;
    const bogus = this.mender !== undefined && (unaligned || this.mender.isNoTable(offset));
    if (unaligned || bogus)
      this.#corrupt(
        times,
        () =>
          `ERROR l2_offset=${hex(offset)}: Table is ${unaligned ? 'not cluster aligned' : 'none'}; L1 entry corrupted`,
      );
    if (bogus) mend('place');
    else this.tables.set(offset, uses);
    const index = (position - this.#subject.header.l1TableOffset) / ENTRY_BYTES;
    if (active && this.flags?.checkL1(l1, at, position, index)) uses.flagged++;
  }

  #countTable(table: Buffer, tableOffset: number, uses: TableUses): void {
    const times = uses.active + uses.inactive;
    const { clusterSize } = this.#subject;
    const plain = this.mender === undefined && this.#hasPlainEntries;
    let next = 0;
    for (const at of usedEntries(table, this.#subject.entryBytes)) {
      const offset = plain ? plainOffset(table, at, clusterSize) : 0;
      if (offset !== 0) {
        if (uses.flagged > 0)
          this.flags?.checkData(table, at, offset, tableOffset + at, uses.flagged);
        next = this.#countCluster(offset, uses, next);
        continue;
      }
      let entry = decodeL2Entry(table, at, this.#subject);
      const faults = this.#faults(table, at, entry, times);
      if (this.mender !== undefined && faults.length > 0) {
        for (const fault of faults) this.mender.mendL2(table, at, fault);
        this.mender.write(table.subarray(at, at + this.#subject.entryBytes), tableOffset + at);
        entry = decodeL2Entry(table, at, this.#subject);
      }
      if (uses.flagged > 0) this.flags?.checkL2(table, at, entry, tableOffset + at, uses.flagged);
      if (entry.kind === 'compressed') this.#countCompressed(table, at, uses, entry);
      else if (entry.offset !== 0 || entry.kind === 'data')
        next = this.#countCluster(entry.offset, uses, next);
    }
  }

  #countCompressed(table: Buffer, at: number, uses: TableUses, entry: L2Entry): void {
    if (this.#subject.dataFile || (entry.allocatedMap | entry.zeroMap) !== 0) return;
    const { offset, length } = compressedPlace(table, at, this.#subject.header.clusterBits);
    this.references.add(offset, length, uses.active + uses.inactive);
    this.allocation.allocated += uses.active;
    this.allocation.compressed += uses.active;
    this.allocation.fragmented += uses.active;
  }

  /** Returns where the next cluster lies if the disk is not fragmented here. */
  #countCluster(offset: number, uses: TableUses, next: number): number {
    const { clusterSize, dataFile } = this.#subject;
    this.allocation.allocated += uses.active;
    if (next !== 0 && offset !== next) this.allocation.fragmented += uses.active;
    if (!dataFile) this.references.add(offset, clusterSize, uses.active + uses.inactive);
    return offset + clusterSize;
  }

  /** Faults of an entry, each told; a repair mends them one after another. */
  #faults(table: Buffer, at: number, entry: L2Entry, times: number): L2Fault[] {
    const raw = table.readBigUInt64BE(at);
    const faults: L2Fault[] = [];
    const note = (fault: L2Fault, message: () => string): void => {
      this.#corrupt(times, message);
      faults.push(fault);
    };
    const { clusterSize, entryBytes } = this.#subject;
    const index = at / entryBytes;
    if (entry.kind === 'compressed') {
      const { offset, length } = compressedPlace(table, at, this.#subject.header.clusterBits);
      this.#faultOutside(offset, length, note);
      if (entry.copied)
        note(
          'copied',
          () =>
            `ERROR: coffset=0x${hex(entry.offset)}: copied flag must never be set for compressed clusters`,
        );
      if (this.#subject.dataFile)
        note(
          'compressed',
          () => `ERROR compressed cluster ${index} with data file, entry=0x${hex(raw)}`,
        );
      else if ((entry.allocatedMap | entry.zeroMap) !== 0)
        note(
          'bitmap',
          () =>
            `ERROR compressed cluster ${index} with non-zero subcluster allocation bitmap, entry=0x${hex(raw)}`,
        );
      return faults;
    }
    if (entry.reserved)
      note('reserved', () => `ERROR found l2 entry with reserved bits set: ${hex(raw)}`);
    if ((entry.allocatedMap & entry.zeroMap) !== 0)
      note(
        'bitmap',
        () =>
          `ERROR offset=${hex(entry.offset)}: Allocated cluster has corrupted subcluster allocation bitmap`,
      );
    if (entry.kind === 'unallocated' && entry.allocatedMap !== 0)
      note('bitmap', () => 'ERROR: Unallocated cluster has non-zero subcluster allocation map');
    if (entry.offset % clusterSize !== 0) {
      const preallocated =
        entry.kind === 'zero' || (entryBytes > ENTRY_BYTES && entry.allocatedMap === 0);
      note(
        'place',
        () =>
          `ERROR offset=${hex(entry.offset)}: ${preallocated ? 'Preallocated' : 'Data'} cluster is not properly aligned; L2 entry corrupted.`,
      );
    }
    if (!this.#subject.dataFile && entry.offset !== 0)
      this.#faultOutside(entry.offset, clusterSize, note);
    return faults;
  }

  /** A place past the end of the file is told when its references are counted; a walk that mends drops it before. */
  #faultOutside(
    offset: number,
    size: number,
    note: (fault: L2Fault, message: () => string) => void,
  ): void {
    if (this.mender !== undefined && this.references.isOutside(offset, size))
      note(
        'place',
        () =>
          `ERROR offset=${hex(offset)}: Cluster lies past the end of the file; L2 entry corrupted.`,
      );
  }

  #corrupt(times: number, message: () => string): void {
    this.#findings.add('corruption', message, times);
  }
}
