/**
 * Writes data to guest clusters: in place where a cluster is ours alone, else to a new one. New clusters are linked
 * only after their bytes are written, so that a write that fails leaves every entry as it was.
 */
import type { BlockFile } from '../file.ts';
import { ZERO_BUFFER_BYTES } from '../limits.ts';
import type { ClusterMap } from './cluster-map.ts';
import type { Refcounts } from './refcounts.ts';

const ZEROES = Buffer.alloc(ZERO_BUFFER_BYTES);

/** A piece of a write inside one guest cluster. */
interface Span {
  readonly guestCluster: number;
  readonly hostOffset: number;
  readonly inCluster: number;
  readonly length: number;
  /** The cluster was taken for this write. */
  readonly taken: boolean;
  /** Its entry must be changed to point at `hostOffset`. */
  readonly link: boolean;
  /** What the rest of the cluster must be filled with: zeroes, or another cluster's bytes; undefined: nothing. */
  readonly rest: 'zeroes' | number | undefined;
  /** The cluster that the entry pointed at before, or 0. */
  readonly replaces: number;
}

export class DataWriter {
  constructor(
    private readonly file: BlockFile,
    private readonly refcounts: Refcounts,
    private readonly map: ClusterMap,
    private readonly clusterSize: number,
  ) {}

  write(offset: number, data: Uint8Array): void {
    const inCluster = offset % this.clusterSize;
    if (inCluster + data.length <= this.clusterSize) {
      const host = this.map.writableOffset(Math.floor(offset / this.clusterSize));
      if (host !== 0) {
        this.file.write(data, host + inCluster);
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
      for (const span of spans) if (span.taken) this.refcounts.release(span.hostOffset);
      throw error;
    }
    for (const span of spans) {
      if (span.link) this.map.link(span.guestCluster, span.hostOffset);
      if (span.replaces !== 0) this.refcounts.releaseLater(span.replaces);
    }
  }

  /** Writes zero bytes to the host file. */
  writeZeroes(hostOffset: number, length: number): void {
    for (let done = 0; done < length; done += ZEROES.length)
      this.file.write(
        ZEROES.subarray(0, Math.min(ZEROES.length, length - done)),
        hostOffset + done,
      );
  }

  /** Finds or takes the cluster for the bytes at `guest`. Its L2 table is ours afterwards. */
  #prepare(guest: number, remaining: number): Span {
    const guestCluster = Math.floor(guest / this.clusterSize);
    const inCluster = guest % this.clusterSize;
    const length = Math.min(this.clusterSize - inCluster, remaining);
    const partial = length < this.clusterSize;
    const place = { guestCluster, inCluster, length };
    const writable = this.map.writableOffset(guestCluster);
    if (writable !== 0)
      return {
        ...place,
        hostOffset: writable,
        taken: false,
        link: false,
        rest: undefined,
        replaces: 0,
      };
    const { kind, hostOffset: replaces } = this.map.lookup(guestCluster);
    this.map.ensureTable(guestCluster);
    const { offset, zeroed } = this.refcounts.allocate();
    const fill = kind === 'data' ? replaces : zeroed ? undefined : 'zeroes';
    const rest = partial ? fill : undefined;
    return { ...place, hostOffset: offset, taken: true, link: true, rest, replaces };
  }

  /** Writes the data, neighbours on the host in one call, and what must stand around it in new clusters. */
  #writeSpans(spans: readonly Span[], data: Uint8Array): void {
    let runHost = 0;
    let runFrom = 0;
    let done = 0;
    for (const span of spans) {
      this.#writeRest(span);
      const host = span.hostOffset + span.inCluster;
      if (host !== runHost + (done - runFrom)) {
        if (done > runFrom) this.file.write(data.subarray(runFrom, done), runHost);
        runHost = host;
        runFrom = done;
      }
      done += span.length;
    }
    this.file.write(data.subarray(runFrom, done), runHost);
  }

  #writeRest({ rest, hostOffset, inCluster, length }: Span): void {
    if (rest === undefined) return;
    const end = inCluster + length;
    if (rest === 'zeroes') {
      this.writeZeroes(hostOffset, inCluster);
      this.writeZeroes(hostOffset + end, this.clusterSize - end);
      return;
    }
    const cluster = Buffer.alloc(this.clusterSize);
    this.file.read(cluster, rest);
    this.file.write(cluster.subarray(0, inCluster), hostOffset);
    this.file.write(cluster.subarray(end), hostOffset + end);
  }
}
