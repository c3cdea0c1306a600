/**
 * Changes the size of a disk. The header's size and the place of the L1 table change in one write of a sector, after
 * everything that the new header leads to is durable; what only the old one led to is given back after it. So a crash
 * leaves the disk in its old size or its new one, and leaked clusters at most.
 */
import { ImageError } from '../errors.ts';
import type { BlockFile } from '../file.ts';
import { roundUp } from '../format/bytes.ts';
import { ENTRY_BYTES } from '../format/entries.ts';
import { EXTENSION, findExtension, type Qcow2Header } from '../format/header.ts';
import { MAX_L1_BYTES } from '../limits.ts';
import type { ClusterMap } from './cluster-map.ts';
import type { Disk } from './disk.ts';
import type { Eraser } from './eraser.ts';
import { hasDataFile } from './l2-layout.ts';
import type { Refcounts } from './refcounts.ts';
import { references } from './references.ts';

/** What a resize needs of an image. The tables and the header are asked for anew: a switch replaces them. */
export interface ResizeHost {
  readonly file: BlockFile;
  readonly dataFile: BlockFile | undefined;
  readonly backing: Disk | undefined;
  readonly refcounts: Refcounts;
  tables(): { readonly map: ClusterMap; readonly eraser: Eraser };
  header(): Qcow2Header;
  flush(): Promise<void>;
  switchTo(header: Qcow2Header): void;
}

export interface GuestRange {
  readonly offset: number;
  readonly length: number;
}

/** Where a zone table lies, where it is going to, and what it says then: padded to whole clusters. */
export interface ZoneTableMove {
  readonly from: GuestRange;
  readonly to: GuestRange;
  readonly table: Buffer;
}

type WriteGuest = (offset: number, data: Buffer) => void;

const SECTOR_BYTES = 512;

/** L2 tables between flushes while a range is made zero: bounds those that wait in memory. */
const ZERO_STEP_TABLES = 16;

export class Resizer {
  constructor(private readonly host: ResizeHost) {}

  /** Errors: `invalid_option` for the size, `unsupported_feature`, `no_space`. */
  async resize(size: number): Promise<void> {
    const before = this.host.header().size;
    this.#refuse(size);
    if (size > before) await this.#grow(before, size);
    else if (size < before) await this.#shrink(size);
  }

  /**
   * A zoned disk: its zone table is written at its new place before the switch, and given back at its old one after it.
   * Where both are the same place, block 0 follows the switch; all else in the table means the same before and after.
   * What lies in the zones that come or go is unmapped already. Errors: as for `resize`.
   */
  async resizeZoned(size: number, move: ZoneTableMove & { write: WriteGuest }): Promise<void> {
    const { from, to, table, write } = move;
    const before = this.host.header().size;
    this.#refuseSize(size);
    const entries = Math.ceil((to.offset + to.length) / this.#span());
    if (entries * ENTRY_BYTES > MAX_L1_BYTES) throw invalidSize(size, 'what the L1 table maps');
    if (entries > this.host.header().l1Entries) await this.#moveL1(entries, before);
    if (size > before) await this.#clearAround(before, size, from);
    const stays = from.offset === to.offset;
    // In place a smaller disk's entries are there, and those of the zones that go must outlive the switch.
    if (!stays) write(to.offset, table);
    else if (size > before) write(to.offset + SECTOR_BYTES, table.subarray(SECTOR_BYTES));
    await this.host.flush();
    this.host.switchTo({ ...this.host.header(), size });
    const { eraser } = this.host.tables();
    if (stays) write(to.offset, table.subarray(0, SECTOR_BYTES));
    else eraser.drop(from.offset, from.length);
    if (stays && from.length > to.length)
      eraser.drop(to.offset + to.length, from.length - to.length);
    await this.host.flush();
  }

  /** New zones read as zeroes; the old zone table, where it will lie among them, must outlive the switch. */
  async #clearAround(before: number, size: number, table: GuestRange): Promise<void> {
    const tableEnd = table.offset + table.length;
    await this.#clear(before, Math.min(size, table.offset));
    if (tableEnd < size) await this.#clear(tableEnd, size);
  }

  #refuse(size: number): void {
    this.#refuseSize(size);
    if (findExtension(this.host.header(), EXTENSION.zoned) !== undefined)
      throw new ImageError(
        'unsupported_feature',
        `${this.host.file.path}: a zoned disk is resized with its zones`,
        { path: this.host.file.path, field: 'zoned', given: size },
      );
  }

  #refuseSize(size: number): void {
    const header = this.host.header();
    const unsupported = (field: string, given: string | number, message: string): never => {
      throw new ImageError('unsupported_feature', `${this.host.file.path}: ${message}`, {
        ...{ path: this.host.file.path, field, given },
      });
    };
    if (!Number.isSafeInteger(size) || size < 0 || size % SECTOR_BYTES !== 0)
      throw invalidSize(size, `a multiple of ${SECTOR_BYTES}, not below 0`);
    const span = this.#span();
    if (Math.ceil(size / span) * ENTRY_BYTES > MAX_L1_BYTES)
      throw invalidSize(
        size,
        `at most ${(MAX_L1_BYTES / ENTRY_BYTES) * span}: larger clusters reach further`,
      );
    if (header.snapshotCount > 0 && header.version < 3)
      unsupported(
        'nb_snapshots',
        header.snapshotCount,
        "Can't resize a v2 image which has snapshots",
      );
  }

  /** What lies past the old end must read as zeroes before it is inside the disk. */
  async #grow(before: number, size: number): Promise<void> {
    const header = this.host.header();
    const needed = Math.ceil(size / this.#span());
    if (needed > header.l1Entries) await this.#moveL1(needed, header.size);
    await this.#clear(before, size);
    this.#growDataFile(before, size);
    await this.host.flush();
    this.host.switchTo({ ...this.host.header(), size });
  }

  async #shrink(size: number): Promise<void> {
    const needed = Math.max(1, Math.ceil(size / this.#span()));
    const { clusterSize } = this.host.tables().map.layout;
    const from = roundUp(size, clusterSize);
    this.host.tables().eraser.drop(from, needed * this.#span() - from);
    await this.host.flush();
    if (needed < this.host.header().l1Entries) await this.#moveL1(needed, size);
    else this.host.switchTo({ ...this.host.header(), size });
    this.host.dataFile?.truncate(size);
    await this.host.flush();
    const { refcounts, file } = this.host;
    if (refcounts.end >= file.length) return;
    file.truncate(refcounts.end);
    refcounts.noteCut();
  }

  /** An L1 table of `entries` at a new place, with what the old one has, as far as it goes. */
  async #moveL1(entries: number, size: number): Promise<void> {
    const { file, refcounts } = this.host;
    await this.host.flush();
    const header = this.host.header();
    const old = this.host.tables().map.copyL1();
    const l1 = Buffer.alloc(entries * ENTRY_BYTES);
    old.copy(l1);
    const clusters = Math.ceil(l1.length / refcounts.clusterSize);
    const l1TableOffset = clusters === 0 ? 0 : refcounts.allocateRun(clusters);
    try {
      const padded = Buffer.alloc(clusters * refcounts.clusterSize);
      l1.copy(padded);
      if (clusters > 0) file.write(padded, l1TableOffset);
      await this.host.flush();
      this.host.switchTo({ ...header, size, l1TableOffset, l1Entries: entries });
    } catch (error) {
      for (let i = 0; i < clusters; i++)
        refcounts.release(l1TableOffset + i * refcounts.clusterSize);
      throw error;
    }
    const dropped = old.subarray(Math.min(l1.length, old.length));
    for (const offset of references(file, dropped, header)) refcounts.release(offset);
    for (let at = 0; at < old.length; at += refcounts.clusterSize)
      refcounts.release(header.l1TableOffset + at);
  }

  /** Zeroes past the old end: the rest of its cluster, and what a backing disk would show. */
  async #clear(before: number, size: number): Promise<void> {
    const { backing } = this.host;
    const { map, eraser } = this.host.tables();
    const { clusterSize } = map.layout;
    const tail = Math.min(roundUp(before, clusterSize), size);
    if (tail > before) eraser.zero(before, tail - before);
    const step = ZERO_STEP_TABLES * this.#span();
    const shown = Math.max(tail, Math.min(size, backing?.size ?? 0));
    for (let at = tail; at < shown; at += step) {
      eraser.zero(at, Math.min(step, shown - at));
      await this.host.flush();
    }
    const end = roundUp(size, clusterSize);
    if (shown < end) eraser.drop(roundUp(shown, clusterSize), end - roundUp(shown, clusterSize));
  }

  /** What a shrink that was cut off left past the old end goes first: in a raw data file it would show. */
  #growDataFile(before: number, size: number): void {
    const { dataFile } = this.host;
    if (dataFile === undefined || !hasDataFile(this.host.header())) return;
    if (dataFile.length > before) dataFile.truncate(before);
    dataFile.truncate(size);
  }

  /** Guest bytes that one L1 entry maps. */
  #span(): number {
    const { clusterSize, entriesPerTable } = this.host.tables().map.layout;
    return clusterSize * entriesPerTable;
  }
}

function invalidSize(size: number, allowed: string): ImageError {
  return new ImageError('invalid_option', `size: got ${size}, allowed is ${allowed}`, {
    ...{ field: 'size', given: size, allowed },
  });
}
