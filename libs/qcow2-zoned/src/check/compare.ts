/** Holds counted references against the refcounts on disk. */

import type { Findings } from './findings.ts';
import type { Survey } from './survey.ts';

export interface Difference {
  readonly cluster: number;
  readonly stored: number;
  readonly counted: number;
}

/** Clusters whose refcount is not the number of references to them. An unreadable refcount is a failure. */
export function* differences(
  { references, stored }: Survey,
  findings: Findings,
): Iterable<Difference> {
  const { subject, counts } = references;
  const end = Math.max(subject.fileClusters, counts.end);
  const { entriesPerBlock } = stored;
  for (let first = 0; first < end; first += entriesPerBlock) {
    const index = first / entriesPerBlock;
    const last = Math.min(first + entriesPerBlock, end);
    const hasBlock = (stored.blockOffsets[index] ?? 0) !== 0;
    if (!hasBlock && !counts.mayHave(first, last)) continue;
    if (hasBlock && stored.isUnreadable(index)) {
      findings.add(
        'failure',
        () => `Can't get refcount for cluster ${first}: its block cannot be read`,
        last - first,
      );
      continue;
    }
    const block = hasBlock ? stored.block(index) : undefined;
    for (let cluster = first; cluster < last; cluster++) {
      const count = block === undefined ? 0 : stored.codec.get(block, cluster - first);
      const counted = counts.get(cluster);
      if (count !== counted) yield { cluster, stored: count, counted };
    }
  }
}

/** One past the last cluster that is counted or used. */
export function endOfImage({ references, stored }: Survey): number {
  const { entriesPerBlock } = stored;
  const end = Math.max(references.subject.fileClusters, references.counts.end);
  for (let index = Math.ceil(end / entriesPerBlock) - 1; index >= 0; index--) {
    const first = index * entriesPerBlock;
    const offset = stored.blockOffsets[index] ?? 0;
    const block = offset === 0 || stored.isUnreadable(index) ? undefined : stored.block(index);
    for (let cluster = Math.min(first + entriesPerBlock, end) - 1; cluster >= first; cluster--) {
      if (block === undefined && cluster >= references.counts.end) {
        cluster = Math.max(first, references.counts.end);
        continue;
      }
      if (references.counts.get(cluster) > 0) return cluster + 1;
      if (block !== undefined && stored.codec.get(block, cluster - first) > 0) return cluster + 1;
    }
  }
  return 0;
}

export function tellDifference(findings: Findings, { cluster, stored, counted }: Difference): void {
  const numbers = `cluster ${cluster} refcount=${stored} reference=${counted}`;
  if (stored > counted) findings.add('leak', () => `Leaked ${numbers}`);
  else findings.add('corruption', () => `ERROR ${numbers}`);
}
