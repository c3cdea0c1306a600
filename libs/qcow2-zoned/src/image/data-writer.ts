/**
 * Writes data to guest clusters: in place where a cluster is ours alone, else to a new one. New clusters and units are
 * linked only after their bytes are written, so that a write that fails leaves every entry as it was.
 */
import type { BlockFile } from '../file.ts';
import { ZERO_BUFFER_BYTES } from '../limits.ts';
import type { ClusterMap } from './cluster-map.ts';
import type { ClusterStore } from './cluster-store.ts';
import type { GuestReader } from './guest-reader.ts';
import type { L2Entry } from './l2-layout.ts';

const ZEROES = Buffer.alloc(ZERO_BUFFER_BYTES);

/** A piece of a write inside one guest cluster. */
interface Span {
  readonly guestCluster: number;
  /** Where the cluster is going to be. */
  readonly host: number;
  readonly inCluster: number;
  readonly length: number;
  /** The cluster was taken for this write. */
  readonly taken: boolean;
  /** Parts of the cluster, [from, to), that this write links, and must fill with what the guest sees there now. */
  readonly fill: readonly (readonly [from: number, to: number])[];
  /** The entry to put when the bytes are there; undefined where it says so already. */
  readonly link: L2Entry | undefined;
  /** What the entry said before, where it gives up a cluster. */
  readonly replaces: L2Entry | undefined;
}

export class DataWriter {
  readonly #clusterSize: number;

  constructor(
    private readonly store: ClusterStore,
    private readonly map: ClusterMap,
    private readonly reader: GuestReader,
  ) {
    this.#clusterSize = map.layout.clusterSize;
  }

  write(offset: number, data: Uint8Array): void {
    const inCluster = offset % this.#clusterSize;
    const end = inCluster + data.length;
    if (end <= this.#clusterSize) {
      const cluster = Math.floor(offset / this.#clusterSize);
      const host = this.map.writableOffset(cluster, inCluster, end);
      if (host >= 0) {
        this.store.assertWritable(host);
        this.store.file.write(data, host + inCluster);
        return;
      }
    }
    const spans: Span[] = [];
    try {
      for (let done = 0; done < data.length; ) {
        const span = this.#prepare(offset + done, data.length - done);
        spans.push(span);
        done += span.length;
      }
      this.#writeSpans(spans, data);
    } catch (error) {
      for (const span of spans) if (span.taken) this.store.giveUp(span.host);
      throw error;
    }
    for (const { guestCluster, link, replaces } of spans) {
      if (link !== undefined) this.map.put(guestCluster, link);
      if (replaces !== undefined) this.store.releaseLater(replaces);
    }
  }

  /** Writes zero bytes in place, to [from, to) of a cluster at `host`. */
  writeZeroes(host: number, from: number, to: number): void {
    this.store.assertWritable(host);
    writeZeroes(this.store.file, host + from, to - from);
  }

  /** Finds or takes the cluster for the bytes at `guest`. Its L2 table is ours afterwards. */
  #prepare(guest: number, remaining: number): Span {
    const guestCluster = Math.floor(guest / this.#clusterSize);
    const inCluster = guest % this.#clusterSize;
    const length = Math.min(this.#clusterSize - inCluster, remaining);
    const writable = this.map.writableOffset(guestCluster, inCluster, inCluster + length);
    if (writable >= 0) {
      this.store.assertWritable(writable);
      return {
        guestCluster,
        host: writable,
        inCluster,
        length,
        taken: false,
        fill: [],
        link: undefined,
        replaces: undefined,
      };
    }
    const { layout } = this.map;
    const touched = layout.unitsTouched(inCluster, inCluster + length);
    const before = this.map.entry(guestCluster);
    this.map.ensureTable(guestCluster);
    const inPlace = before.copied && before.host !== undefined;
    const stored = before.compressed === undefined ? before.allocated : layout.allUnits;
    if (inPlace) this.store.assertWritable(before.host as number);
    const taken = inPlace
      ? { offset: before.host as number, zeroed: false }
      : this.store.take(guestCluster);
    const link: L2Entry = {
      host: taken.offset,
      copied: true,
      allocated: (stored | touched) >>> 0,
      zero: (before.zero & ~touched) >>> 0,
      compressed: undefined,
    };
    const written = { from: inCluster, to: inCluster + length };
    // Bytes that are in the cluster already need no filling: what stays in place, and zeroes in a fresh cluster.
    const mustFill = inPlace ? (link.allocated & ~before.allocated) >>> 0 : link.allocated;
    return {
      guestCluster,
      host: taken.offset,
      inCluster,
      length,
      taken: !inPlace,
      fill: this.#gaps(guestCluster, mustFill, written, taken.zeroed),
      link,
      replaces: inPlace ? undefined : before,
    };
  }

  /** The parts of the units in `mask` that lie outside of what is written, joined; none that are zeroes anyway. */
  #gaps(
    guestCluster: number,
    mask: number,
    written: { readonly from: number; readonly to: number },
    zeroed: boolean,
  ): [number, number][] {
    const { unitSize, unitsPerCluster } = this.map.layout;
    const gaps: [number, number][] = [];
    const clusterStart = guestCluster * this.#clusterSize;
    const add = (from: number, unitEnd: number): void => {
      const to = Math.min(unitEnd, this.store.end - clusterStart);
      if (from >= to) return;
      if (zeroed && this.reader.readsZeroes(clusterStart + from)) return;
      const last = gaps.at(-1);
      if (last?.[1] === from) last[1] = to;
      else gaps.push([from, to]);
    };
    for (let unit = 0; unit < unitsPerCluster; unit++) {
      if (((mask >>> unit) & 1) === 0) continue;
      const start = unit * unitSize;
      const end = start + unitSize;
      add(start, Math.min(end, written.from));
      add(Math.max(start, written.to), end);
    }
    return gaps;
  }

  /** Writes the data, neighbours on the host in one call, and what must stand around it. */
  #writeSpans(spans: readonly Span[], data: Uint8Array): void {
    let runHost = -1;
    let runFrom = 0;
    let done = 0;
    for (const span of spans) {
      for (const [from, to] of span.fill) this.#fill(span, from, to);
      const host = span.host + span.inCluster;
      if (host !== runHost + (done - runFrom)) {
        if (done > runFrom) this.store.file.write(data.subarray(runFrom, done), runHost);
        runHost = host;
        runFrom = done;
      }
      done += span.length;
    }
    this.store.file.write(data.subarray(runFrom, done), runHost);
  }

  #fill({ guestCluster, host }: Span, from: number, to: number): void {
    const guest = guestCluster * this.#clusterSize + from;
    if (this.map.layout.unitsPerCluster === 1 && this.reader.readsZeroes(guest)) {
      writeZeroes(this.store.file, host + from, to - from);
      return;
    }
    const bytes = Buffer.allocUnsafe(to - from);
    this.reader.read(guest, bytes);
    this.store.file.write(bytes, host + from);
  }
}

/** Writes zero bytes to a file. */
export function writeZeroes(file: BlockFile, position: number, length: number): void {
  for (let done = 0; done < length; done += ZEROES.length)
    file.write(ZEROES.subarray(0, Math.min(ZEROES.length, length - done)), position + done);
}
