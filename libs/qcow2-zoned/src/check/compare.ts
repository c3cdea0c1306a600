/** Holds counted references against refcounts on disk, and COPIED flags against both. */

import { ENTRY_BYTES, entryOffset, isCopiedEntry } from '../format/entries.ts';
import { MAX_CHECK_UNALIGNED_TABLES } from '../limits.ts';
import { decodeL2Entry, usedEntries } from './entries.ts';
import type { Findings } from './findings.ts';
import { hex } from './references.ts';
import type { StoredRefcounts } from './stored-refcounts.ts';
import type { Subject } from './subject.ts';
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

/** A flag that does not fit its refcount. `position`: of the entry in the file. */
export interface WrongFlag {
  readonly position: number;
  readonly copied: boolean;
  /** Entries of the active state that lead here. */
  readonly times: number;
  message(): string;
}

/** COPIED says that a refcount is 1, no more and no less; it counts in the active state alone. */
export function* wrongFlags(subject: Subject, stored: StoredRefcounts): Iterable<WrongFlag> {
  const { header, clusterSize, file } = subject;
  const l1 = Buffer.alloc(header.l1Entries * ENTRY_BYTES);
  if (header.l1TableOffset < file.length) file.read(l1, header.l1TableOffset);
  const uses = new Map<number, number>();
  for (const at of usedEntries(l1, ENTRY_BYTES)) {
    const offset = entryOffset(l1, at);
    const refcount = offset === 0 ? undefined : stored.get(Math.floor(offset / clusterSize));
    if (refcount === undefined) continue;
    uses.set(offset, (uses.get(offset) ?? 0) + 1);
    const copied = isCopiedEntry(l1, at);
    if (copied === (refcount === 1)) continue;
    const entry = l1.readBigUInt64BE(at);
    yield {
      position: header.l1TableOffset + at,
      copied: !copied,
      times: 1,
      message: () =>
        `OFLAG_COPIED L2 cluster: l1_index=${at / ENTRY_BYTES} l1_entry=${hex(entry)} refcount=${refcount}`,
    };
  }
  const table = Buffer.alloc(clusterSize);
  let unaligned = 0;
  for (const [offset, times] of uses) {
    if (offset >= file.length) continue;
    if (offset % clusterSize !== 0 && ++unaligned > MAX_CHECK_UNALIGNED_TABLES) continue;
    file.read(table, offset);
    yield* wrongFlagsOfTable(subject, stored, table, offset, times);
  }
}

function* wrongFlagsOfTable(
  subject: Subject,
  stored: StoredRefcounts,
  table: Buffer,
  tableOffset: number,
  times: number,
): Iterable<WrongFlag> {
  for (const at of usedEntries(table, subject.entryBytes)) {
    const { kind, offset, copied } = decodeL2Entry(table, at, subject);
    if (kind !== 'data' && !(kind === 'zero' && offset !== 0)) continue;
    const refcount = subject.dataFile ? 1 : stored.get(Math.floor(offset / subject.clusterSize));
    if (refcount === undefined || copied === (refcount === 1)) continue;
    const entry = table.readBigUInt64BE(at);
    yield {
      position: tableOffset + at,
      copied: !copied,
      times,
      message: () => `OFLAG_COPIED data cluster: l2_entry=${hex(entry)} refcount=${refcount}`,
    };
  }
}
