/**
 * Internal snapshots: a copy of the L1 table, and one more reference to everything it leads to.
 *
 * Each operation switches with one write of a header sector, so that after a crash the image is as before or as
 * after. A crash before or after the switch may leave leaked clusters and COPIED flags that no longer fit their
 * refcounts; `check -r all` mends both, and no data is at risk meanwhile: a flag too few costs a copy, and one too
 * many stands on a cluster that no snapshot in the table refers to.
 */
import { ImageError, invalidOption } from '../errors.ts';
import type { BlockFile } from '../file.ts';
import { roundUp } from '../format/bytes.ts';
import { ENTRY_BYTES, setCopied } from '../format/entries.ts';
import type { Qcow2Header } from '../format/header.ts';
import { encodeSnapshots, newExtra, type Snapshot } from '../format/snapshot-table.ts';
import { MAX_L1_BYTES, MAX_SNAPSHOT_NAME_BYTES, MAX_SNAPSHOTS } from '../limits.ts';
import type { ClusterMap } from './cluster-map.ts';
import type { Refcounts } from './refcounts.ts';
import { references } from './references.ts';
import { readSnapshots } from './snapshot-list.ts';

/** What the keeper needs of an image. The map and the header are asked for anew: a switch replaces them. */
export interface SnapshotHost {
  readonly file: BlockFile;
  readonly refcounts: Refcounts;
  map(): ClusterMap;
  header(): Qcow2Header;
  flush(): Promise<void>;
  switchTo(header: Qcow2Header): void;
}

export class SnapshotKeeper {
  constructor(private readonly host: SnapshotHost) {}

  /** Errors: `invalid_option` for the name, `unsupported_feature` where refcounts are too narrow, `no_space`. */
  async create(name: string, date: Date): Promise<void> {
    const { file, refcounts } = this.host;
    this.#refuseCreate(name);
    await this.host.flush();
    const l1 = this.host.map().copyL1();
    const undo = new Undo(refcounts);
    try {
      for (const offset of references(file, l1, this.host.header())) undo.add(offset);
      const l1TableOffset = undo.allocate(this.#clusters(l1.length));
      clearCopied(l1);
      file.write(l1, l1TableOffset);
      const snapshot: Snapshot = {
        ...{ id: this.#nextId(), name, l1TableOffset, l1Entries: l1.length / ENTRY_BYTES },
        date: {
          seconds: Math.floor(date.getTime() / 1000),
          nanoseconds: (date.getTime() % 1000) * 1_000_000,
        },
        guestClockNs: 0n,
        vmStateSize: 0,
        diskSize: this.host.header().size,
        extra: newExtra(this.host.header().size),
      };
      await this.#refreshCopied();
      await this.#replaceTable([...this.#list(), snapshot], undo);
    } catch (error) {
      undo.all();
      await this.#refreshCopied();
      throw error;
    }
  }

  /** Errors: `snapshot_not_found`, `no_space`. */
  async delete(idOrName: string): Promise<void> {
    const doomed = this.#find(idOrName);
    await this.host.flush();
    const undo = new Undo(this.host.refcounts);
    try {
      const others = this.#list().filter(({ id }) => id !== doomed.id);
      await this.#replaceTable(others, undo);
    } catch (error) {
      undo.all();
      throw error;
    }
    this.#releaseState(this.#readL1(doomed), doomed.l1TableOffset);
    await this.#refreshCopied();
  }

  /** Errors: `snapshot_not_found`, `invalid_image`, `no_space`. */
  async apply(idOrName: string): Promise<void> {
    const { file, refcounts } = this.host;
    const snapshot = this.#find(idOrName);
    await this.host.flush();
    const before = { l1: this.host.map().copyL1(), offset: this.host.header().l1TableOffset };
    const l1 = this.#readL1(snapshot);
    const undo = new Undo(refcounts);
    try {
      for (const offset of references(file, l1, this.host.header())) undo.add(offset);
      const l1TableOffset = undo.allocate(this.#clusters(l1.length));
      clearCopied(l1);
      file.write(l1, l1TableOffset);
      await this.host.flush();
      const size = snapshot.diskSize ?? this.host.header().size;
      const l1Entries = l1.length / ENTRY_BYTES;
      this.host.switchTo({ ...this.host.header(), l1TableOffset, l1Entries, size });
    } catch (error) {
      undo.all();
      throw error;
    }
    this.#releaseState(before.l1, before.offset);
    await this.#refreshCopied();
  }

  #list(): Snapshot[] {
    return readSnapshots(this.host.file, this.host.header()).snapshots;
  }

  #find(idOrName: string): Snapshot {
    const all = this.#list();
    const found =
      all.find(({ id }) => id === idOrName) ?? all.find(({ name }) => name === idOrName);
    if (found !== undefined) return found;
    throw new ImageError('snapshot_not_found', `there is no snapshot '${idOrName}'`, {
      field: 'snapshot',
      given: idOrName,
      allowed:
        all.map(({ id, name }) => `${id} (${name})`).join(', ') ||
        'none: the image has no snapshots',
    });
  }

  #refuseCreate(name: string): void {
    const bytes = Buffer.byteLength(name);
    if (bytes === 0 || bytes > MAX_SNAPSHOT_NAME_BYTES)
      throw invalidOption('snapshot name', name, `1 to ${MAX_SNAPSHOT_NAME_BYTES} bytes`);
    const { snapshotCount } = this.host.header();
    const most = Math.min(MAX_SNAPSHOTS, this.host.refcounts.maximum - 1);
    if (snapshotCount < most) return;
    throw new ImageError(
      'unsupported_feature',
      `the image has ${snapshotCount} snapshots; its refcounts have room for ${most}`,
      { field: 'nb_snapshots', given: snapshotCount + 1, allowed: `at most ${most}` },
    );
  }

  #nextId(): string {
    const ids = this.#list().map(({ id }) => Number.parseInt(id, 10) || 0);
    return String(Math.max(0, ...ids) + 1);
  }

  #clusters(length: number): number {
    return Math.ceil(length / 2 ** this.host.header().clusterBits);
  }

  #readL1({ l1TableOffset, l1Entries }: Snapshot): Buffer {
    if (l1Entries * ENTRY_BYTES > MAX_L1_BYTES)
      throw new ImageError('invalid_image', 'Snapshot L1 table too large', {
        field: 'snapshot l1_size',
        given: l1Entries,
      });
    const l1 = Buffer.alloc(l1Entries * ENTRY_BYTES);
    this.host.file.read(l1, l1TableOffset);
    return l1;
  }

  /** Writes a new snapshot table beside the old one, and switches to it. */
  async #replaceTable(snapshots: readonly Snapshot[], undo: Undo): Promise<void> {
    const header = this.host.header();
    const before = readSnapshots(this.host.file, header).length;
    const table = encodeSnapshots(snapshots);
    const snapshotsOffset = table.length > 0 ? undo.allocate(this.#clusters(table.length)) : 0;
    if (table.length > 0) this.host.file.write(table, snapshotsOffset);
    await this.host.flush();
    this.host.switchTo({ ...header, snapshotsOffset, snapshotCount: snapshots.length });
    this.#releaseRun(header.snapshotsOffset, before);
    await this.host.flush();
  }

  /** Gives back a state that no header refers to any more. */
  #releaseState(l1: Buffer, l1TableOffset: number): void {
    const { file, refcounts } = this.host;
    for (const offset of references(file, l1, this.host.header())) refcounts.release(offset);
    this.#releaseRun(l1TableOffset, l1.length);
  }

  #releaseRun(offset: number, length: number): void {
    const clusterSize = 2 ** this.host.header().clusterBits;
    for (let at = 0; at < roundUp(length, clusterSize); at += clusterSize)
      this.host.refcounts.release(offset + at);
  }

  /** Flushes between tables where they fill the cache: any state on the way is sound. */
  async #refreshCopied(): Promise<void> {
    const map = this.host.map();
    for (const index of map.tableIndexes()) {
      map.refreshCopied(index);
      if (map.crowded) await this.host.flush();
    }
    await this.host.flush();
  }
}

/** References and clusters taken so far, to be given back where a later step fails. */
class Undo {
  readonly #taken: number[] = [];

  constructor(private readonly refcounts: Refcounts) {}

  add(offset: number): void {
    this.refcounts.add(offset);
    this.#taken.push(offset);
  }

  allocate(count: number): number {
    const first = this.refcounts.allocateRun(count);
    for (let i = 0; i < count; i++) this.#taken.push(first + i * this.refcounts.clusterSize);
    return first;
  }

  all(): void {
    for (const offset of this.#taken) this.refcounts.release(offset);
    this.#taken.length = 0;
  }
}

function clearCopied(l1: Buffer): void {
  for (let at = 0; at < l1.length; at += ENTRY_BYTES) setCopied(l1, at, false);
}
