/** COPIED flags of the active state: each says that a refcount is 1, no more and no less. */

import { ENTRY_BYTES, entryOffset, isCopiedEntry, setCopied } from '../format/entries.ts';
import type { L2Entry } from './entries.ts';
import type { Findings } from './findings.ts';
import { hex } from './references.ts';
import type { StoredRefcounts } from './stored-refcounts.ts';
import type { Subject } from './subject.ts';

export class CopiedFlags {
  constructor(
    private readonly subject: Subject,
    private readonly stored: StoredRefcounts,
    private readonly findings: Findings,
    /** Writes a mended entry; without it, wrong flags are told and stay. */
    private readonly write?: (entry: Buffer, position: number) => void,
  ) {}

  /** False where nothing can be said of the entry, and of the table behind it. `position`: of the entry in the file. */
  checkL1(l1: Buffer, at: number, position: number, index: number): boolean {
    const offset = entryOffset(l1, at);
    const refcount =
      offset === 0 ? undefined : this.stored.get(Math.floor(offset / this.subject.clusterSize));
    if (refcount === undefined) return false;
    if (isCopiedEntry(l1, at) !== (refcount === 1)) {
      const entry = l1.readBigUInt64BE(at);
      this.#wrong(
        l1.subarray(at, at + ENTRY_BYTES),
        position,
        1,
        () =>
          `OFLAG_COPIED L2 cluster: l1_index=${index} l1_entry=${hex(entry)} refcount=${refcount}`,
      );
    }
    return true;
  }

  checkL2(table: Buffer, at: number, entry: L2Entry, position: number, times: number): void {
    if (entry.kind !== 'data' && !(entry.kind === 'zero' && entry.offset !== 0)) return;
    this.checkData(table, at, entry.offset, position, times);
  }

  /** The same for an entry that has a cluster at host `offset`. */
  checkData(table: Buffer, at: number, offset: number, position: number, times: number): void {
    const refcount = this.subject.dataFile
      ? 1
      : this.stored.get(Math.floor(offset / this.subject.clusterSize));
    if (refcount === undefined || isCopiedEntry(table, at) === (refcount === 1)) return;
    const raw = table.readBigUInt64BE(at);
    this.#wrong(
      table.subarray(at, at + ENTRY_BYTES),
      position,
      times,
      () => `OFLAG_COPIED data cluster: l2_entry=${hex(raw)} refcount=${refcount}`,
    );
  }

  #wrong(entry: Buffer, position: number, times: number, message: () => string): void {
    this.findings.add('corruption', () => `ERROR ${message()}`, times);
    if (this.write === undefined) return;
    setCopied(entry, 0, !isCopiedEntry(entry, 0));
    this.write(entry, position);
  }
}
