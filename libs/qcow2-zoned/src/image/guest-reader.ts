/** Reads an image as the guest sees it: its own clusters, zeroes, compressed clusters, the backing disk. */
import type { BlockFile } from '../file.ts';
import { type ClusterMap, NOWHERE } from './cluster-map.ts';
import type { CompressedReader } from './compressed-reader.ts';
import { type Disk, type Extent, ExtentList } from './disk.ts';
import type { L2Entry } from './l2-layout.ts';

export class GuestReader {
  constructor(
    private readonly dataFile: BlockFile,
    private readonly map: ClusterMap,
    private readonly backing: Disk | undefined,
    private readonly compressed: CompressedReader,
  ) {}

  /** Fills `target` from guest `offset`, each run of neighbours on the host in one call. */
  read(offset: number, target: Uint8Array): void {
    const { unitSize } = this.map.layout;
    let runStart = 0;
    let runPlace: number = NOWHERE.unallocated;
    let done = 0;
    while (done < target.length) {
      const guest = offset + done;
      const inUnit = guest % unitSize;
      const found = this.map.locate(Math.floor(guest / unitSize));
      const place = found < 0 ? found : found + inUnit;
      const continues =
        place < 0 ? place === runPlace : runPlace >= 0 && place === runPlace + (done - runStart);
      if (!continues) {
        this.#readRun(offset + runStart, target.subarray(runStart, done), runPlace);
        runStart = done;
        runPlace = place;
      }
      done += Math.min(unitSize - inUnit, target.length - done);
    }
    this.#readRun(offset + runStart, target.subarray(runStart, done), runPlace);
  }

  /** True where the whole unit that holds a guest byte is known to read as zeroes; other units may too. */
  readsZeroes(offset: number): boolean {
    const { unitSize } = this.map.layout;
    const unit = Math.floor(offset / unitSize);
    const place = this.map.locate(unit);
    if (place === NOWHERE.zero) return true;
    if (place !== NOWHERE.unallocated) return false;
    return this.backing === undefined || unit * unitSize >= this.backing.size;
  }

  /** What [offset, offset + length) is made of, backing files included. */
  extents(offset: number, length: number): Extent[] {
    const { clusterSize } = this.map.layout;
    const list = new ExtentList();
    const end = offset + length;
    for (let at = offset; at < end; ) {
      const cluster = Math.floor(at / clusterSize);
      const mapped = this.map.nextWithTable(cluster, Math.ceil(end / clusterSize));
      if (mapped > cluster) {
        const next = Math.min(end, mapped * clusterSize);
        this.#addBelow(list, at, next - at);
        at = next;
        continue;
      }
      const run = this.#plainRun(cluster, Math.ceil(end / clusterSize));
      const next = Math.min(end, (cluster + Math.max(run, 1)) * clusterSize);
      if (run === 0) this.#addCluster(list, cluster, at, next);
      else this.#addRun(list, this.map.locate(cluster), at, next);
      at = next;
    }
    return list.extents;
  }

  /**
   * How many clusters of one table in [cluster, end) lie one behind the other on the host, or are all not allocated;
   * 0 where the place of the first does not tell all there is to it.
   */
  #plainRun(cluster: number, end: number): number {
    const { clusterSize, entriesPerTable, extended } = this.map.layout;
    if (extended) return 0;
    const first = this.map.locate(cluster);
    if (first < 0 && first !== NOWHERE.unallocated) return 0;
    const step = first < 0 ? 0 : clusterSize;
    const most = Math.min(end - cluster, entriesPerTable - (cluster % entriesPerTable));
    let run = 1;
    while (run < most && this.map.locate(cluster + run) === first + run * step) run++;
    return run;
  }

  #readRun(offset: number, target: Uint8Array, place: number): void {
    if (place >= 0) this.dataFile.read(target, place);
    else if (target.length === 0) return;
    else if (place === NOWHERE.compressed) this.#readCompressed(offset, target);
    else if (place === NOWHERE.zero || this.backing === undefined) target.fill(0);
    else {
      const visible = Math.max(0, Math.min(target.length, this.backing.size - offset));
      if (visible > 0) this.backing.read(offset, target.subarray(0, visible));
      target.fill(0, visible);
    }
  }

  #readCompressed(offset: number, target: Uint8Array): void {
    const { clusterSize } = this.map.layout;
    for (let done = 0; done < target.length; ) {
      const guest = offset + done;
      const inCluster = guest % clusterSize;
      const length = Math.min(clusterSize - inCluster, target.length - done);
      const { compressed } = this.map.entry(Math.floor(guest / clusterSize));
      if (compressed === undefined) throw new Error(`guest offset ${guest} is not compressed`);
      const cluster = this.compressed.read(compressed);
      target.set(cluster.subarray(inCluster, inCluster + length), done);
      done += length;
    }
  }

  #addRun(list: ExtentList, firstPlace: number, from: number, to: number): void {
    const length = to - from;
    if (firstPlace < 0) this.#addBelow(list, from, length);
    else {
      const hostOffset = firstPlace + (from % this.map.layout.clusterSize);
      const kind = { depth: 0, present: true, zero: false, data: true, compressed: false };
      list.add({ length, ...kind, hostOffset });
    }
  }

  #addCluster(list: ExtentList, cluster: number, from: number, to: number): void {
    const { allUnits, clusterSize, unitSize } = this.map.layout;
    const entry = this.map.entry(cluster);
    const { allocated, zero } = entry;
    const uniform =
      (allocated === 0 || allocated === allUnits) && (zero === 0 || zero === allUnits);
    const start = cluster * clusterSize;
    for (let at = from; at < to; ) {
      const unit = Math.floor((at - start) / unitSize);
      const next = uniform ? to : Math.min(to, start + (unit + 1) * unitSize);
      this.#addUnit(list, entry, unit, { start, at, length: next - at });
      at = next;
    }
  }

  #addUnit(
    list: ExtentList,
    entry: L2Entry,
    unit: number,
    { start, at, length }: { start: number; at: number; length: number },
  ): void {
    const compressed = entry.compressed !== undefined;
    const zero = ((entry.zero >>> unit) & 1) === 1;
    const data = compressed || ((entry.allocated >>> unit) & 1) === 1;
    const hostOffset = entry.host === undefined ? undefined : entry.host + (at - start);
    if (zero || data)
      list.add({ length, depth: 0, present: true, zero, data, compressed, hostOffset });
    else this.#addBelow(list, at, length, hostOffset);
  }

  /**
   * What the backing disk has for a range that is not allocated here; zeroes past its end, with the place that the
   * range has here.
   */
  #addBelow(list: ExtentList, offset: number, length: number, hostOffset?: number): void {
    const below = Math.max(0, Math.min(length, (this.backing?.size ?? 0) - offset));
    if (below > 0)
      for (const extent of this.backing?.extents(offset, below) ?? [])
        list.add({ ...extent, depth: extent.depth + 1 });
    list.add({
      ...{ length: length - below, depth: 0, present: false, zero: true, data: false },
      compressed: false,
      hostOffset: hostOffset === undefined ? undefined : hostOffset + below,
    });
  }
}
