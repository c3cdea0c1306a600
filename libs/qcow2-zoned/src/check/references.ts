/** Counts the references that the tables of an image make, and finds entries that cannot be references. */

import { refcountCodec } from '../image/refcount-codec.ts';
import { ClusterCounts } from './counts.ts';
import { coverage } from './coverage.ts';
import type { Findings } from './findings.ts';
import type { Subject } from './subject.ts';

export const hex = (value: number | bigint): string => value.toString(16);

export class References {
  readonly counts = new ClusterCounts();
  /** References that the width of a refcount has no room for. */
  overflowed = 0;
  readonly #max: number;

  constructor(
    readonly subject: Subject,
    readonly findings: Findings,
  ) {
    this.#max = refcountCodec(subject.header.refcountOrder).max;
  }

  /**
   * Counts `times` references to every cluster of [offset, offset + size). What reaches past the end of the file by a
   * cluster or more is a corruption, and not counted.
   */
  add(offset: number, size: number, times = 1): void {
    if (size <= 0) return;
    const { clusterSize } = this.subject;
    if (this.isOutside(offset, size)) {
      this.findings.add(
        'corruption',
        () =>
          'ERROR: counting reference for region exceeding the end of the file by one cluster or more: ' +
          `offset 0x${hex(offset)} size 0x${hex(size)}`,
        times,
      );
      return;
    }
    const last = Math.floor((offset + size - 1) / clusterSize);
    for (let cluster = Math.floor(offset / clusterSize); cluster <= last; cluster++)
      this.#addCluster(cluster, times);
  }

  /** The same for many runs at once, which may overlap. */
  addRuns(runs: readonly { offset: number; size: number }[]): void {
    const { clusterSize } = this.subject;
    const inside: { from: number; to: number }[] = [];
    for (const { offset, size } of runs)
      if (size <= 0 || this.isOutside(offset, size)) this.add(offset, size);
      else
        inside.push({
          from: Math.floor(offset / clusterSize),
          to: Math.ceil((offset + size) / clusterSize),
        });
    for (const { from, to, times } of coverage(inside))
      for (let cluster = from; cluster < to; cluster++) this.#addCluster(cluster, times);
  }

  /** The last cluster of a file may be there in part, or not yet at all where it is compressed. */
  isOutside(offset: number, size: number): boolean {
    return offset + size - this.subject.file.length >= this.subject.clusterSize;
  }

  #addCluster(cluster: number, times: number): void {
    const over = this.counts.add(cluster, times, this.#max);
    if (over === 0) return;
    this.overflowed += over;
    this.findings.add(
      'corruption',
      () => `ERROR: overflow cluster offset=0x${hex(cluster * this.subject.clusterSize)}`,
      over,
    );
  }
}
