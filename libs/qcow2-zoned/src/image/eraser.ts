/**
 * Takes data away from guest clusters: makes them zeroes, or gives their space back. Works on whole units (clusters,
 * or subclusters with extended L2 entries); bytes of a unit that is covered in part are written.
 */
import type { ClusterMap } from './cluster-map.ts';
import type { ClusterStore } from './cluster-store.ts';
import { type DataWriter, writeZeroes } from './data-writer.ts';
import type { GuestReader } from './guest-reader.ts';
import { type L2Entry, UNALLOCATED_ENTRY } from './l2-layout.ts';

/** What an image can do, and must. */
export interface EraserRules {
  /** Version 2 has no zero flag. */
  readonly hasZeroFlag: boolean;
  /** Unallocated units show the bytes of a backing disk. */
  readonly hasBacking: boolean;
  /** Read on its own, the data file gives the content of the disk. */
  readonly rawDataFile: boolean;
}

export class Eraser {
  readonly #clusterSize: number;

  constructor(
    private readonly store: ClusterStore,
    private readonly map: ClusterMap,
    private readonly reader: GuestReader,
    private readonly writer: DataWriter,
    private readonly rules: EraserRules,
  ) {
    this.#clusterSize = map.layout.clusterSize;
  }

  /** Makes [offset, offset + length) read as zeroes, mapped where the version can map zeroes. */
  zero(offset: number, length: number): void {
    for (let done = 0; done < length; ) {
      const cluster = Math.floor((offset + done) / this.#clusterSize);
      const from = (offset + done) % this.#clusterSize;
      const to = Math.min(this.#clusterSize, from + length - done);
      this.#zeroInCluster(cluster, from, to);
      done += to - from;
    }
  }

  /** Gives the whole units of the range back; they read as zeroes. Bytes of units covered in part stay. */
  unmap(offset: number, length: number): void {
    const keepsMapped = this.rules.hasBacking || this.rules.rawDataFile;
    this.#forEachCluster(offset, length, keepsMapped, (cluster, units) => {
      if (keepsMapped) this.#zeroUnits(cluster, units);
      else this.#drop(cluster, units);
    });
  }

  /** Makes the whole clusters of the range unallocated: where there is a backing disk, its bytes show again. */
  drop(offset: number, length: number): void {
    const { allUnits } = this.map.layout;
    this.#forEachCluster(offset, length, false, (cluster, units) => {
      if (units === allUnits) this.#drop(cluster, units);
    });
  }

  #forEachCluster(
    offset: number,
    length: number,
    unmappedToo: boolean,
    visit: (cluster: number, units: number) => void,
  ): void {
    const end = offset + length;
    for (let cluster = Math.floor(offset / this.#clusterSize); ; cluster++) {
      const last = Math.ceil(end / this.#clusterSize);
      if (!unmappedToo) cluster = this.map.nextWithTable(cluster, last);
      const start = cluster * this.#clusterSize;
      if (start >= end) return;
      const from = Math.max(0, offset - start);
      const to = Math.min(this.#clusterSize, end - start);
      const units = this.map.layout.unitsCovered(from, to);
      if (units !== 0) visit(cluster, units);
    }
  }

  /** Marks units that are covered whole, and others that hold nothing anyway; writes what is left. */
  #zeroInCluster(cluster: number, from: number, to: number): void {
    const { layout } = this.map;
    const { unitSize } = layout;
    const covered = layout.unitsCovered(from, to);
    let marked = covered;
    for (const unit of new Set([Math.floor(from / unitSize), Math.ceil(to / unitSize) - 1])) {
      const mask = (1 << unit) >>> 0;
      if ((covered & mask) !== 0) continue;
      const start = unit * unitSize;
      if (this.reader.readsZeroes(cluster * this.#clusterSize + start)) marked |= mask;
      else this.#writePart(cluster, Math.max(from, start), Math.min(to, start + unitSize));
    }
    if (marked !== 0) this.#zeroUnits(cluster, marked >>> 0);
  }

  #writePart(cluster: number, from: number, to: number): void {
    if (to <= from) return;
    const host = this.map.writableOffset(cluster, from, to);
    if (host >= 0) this.writer.writeZeroes(host, from, to);
    else this.writer.write(cluster * this.#clusterSize + from, Buffer.alloc(to - from));
  }

  #zeroUnits(cluster: number, units: number): void {
    const { allUnits } = this.map.layout;
    const before = this.map.entry(cluster);
    if ((before.zero & units) >>> 0 === units) return;
    if (!this.rules.hasZeroFlag) this.#zeroWithoutFlag(cluster);
    else if (before.compressed !== undefined && units !== allUnits)
      this.#writeUnits(cluster, units);
    else {
      const { rawDataFile } = this.rules;
      if (rawDataFile) this.#zeroDataFile(cluster, units);
      const allocated = (before.allocated & ~units) >>> 0;
      const empties =
        before.compressed !== undefined || (before.allocated !== 0 && allocated === 0);
      const kept = empties ? UNALLOCATED_ENTRY : before;
      const host = rawDataFile ? cluster * this.#clusterSize : kept.host;
      this.#put(cluster, {
        ...{ host, copied: rawDataFile || kept.copied, compressed: undefined },
        ...{ allocated, zero: (before.zero | units) >>> 0 },
      });
      if (empties) this.store.releaseLater(before);
    }
  }

  #zeroWithoutFlag(cluster: number): void {
    if (this.reader.readsZeroes(cluster * this.#clusterSize)) return;
    if (this.rules.hasBacking) this.#writePart(cluster, 0, this.#clusterSize);
    else this.#drop(cluster, this.map.layout.allUnits);
  }

  #writeUnits(cluster: number, units: number): void {
    const { unitSize, unitsPerCluster } = this.map.layout;
    for (let unit = 0; unit < unitsPerCluster; unit++)
      if (((units >>> unit) & 1) === 1)
        this.#writePart(cluster, unit * unitSize, (unit + 1) * unitSize);
  }

  /** Bytes past the end of the file read as zeroes, and are not written. */
  #zeroDataFile(cluster: number, units: number): void {
    const { unitSize, unitsPerCluster } = this.map.layout;
    const { file } = this.store;
    for (let unit = 0; unit < unitsPerCluster; unit++) {
      if (((units >>> unit) & 1) === 0) continue;
      const at = cluster * this.#clusterSize + unit * unitSize;
      if (at < file.length) writeZeroes(file, at, Math.min(unitSize, file.length - at));
    }
  }

  #drop(cluster: number, units: number): void {
    const before = this.map.entry(cluster);
    const { allUnits } = this.map.layout;
    const whole = units === allUnits;
    if (before.compressed !== undefined && !whole) return;
    if (before.host === undefined && before.compressed === undefined && before.zero === 0) return;
    const allocated = (before.allocated & ~units) >>> 0;
    const zero = (before.zero & ~units) >>> 0;
    const empties = whole || (before.allocated !== 0 && allocated === 0);
    this.#put(cluster, empties ? { ...UNALLOCATED_ENTRY, zero } : { ...before, allocated, zero });
    if (empties) this.store.releaseLater(before);
  }

  #put(cluster: number, entry: L2Entry): void {
    this.map.ensureTable(cluster);
    this.map.put(cluster, entry);
  }
}
