/**
 * Makes an image durable. What an acknowledged flush promises, and why a crash in between leaves at most leaked
 * clusters, is the order of its phases:
 *
 * 0. contents of new refcount blocks (rare, one more sync);
 * 1. raised refcounts, contents of new L2 tables, next to the data written since; sync, of a data file too;
 * 2. L1 and L2 entries as they stood when phase 1 began; sync;
 * 3. what a participant says must follow them (rare, one more sync);
 * then clusters unlinked in phase 2 may be taken again, and their lowered counts go into a later phase 1.
 */
import { ImageError } from '../errors.ts';
import type { BlockFile } from '../file.ts';
import type { ClusterMap } from './cluster-map.ts';
import { GroupFlush } from './group-flush.ts';
import type { Refcounts } from './refcounts.ts';

/** Changes that ride on a flush. Called in this order; each step's writes are durable before the next. */
export interface FlushBatch {
  /** In phase 1, beside refcounts and data. */
  writeFirst(): void;
  /** In phase 2, beside L1 and L2 entries. */
  writeWithTables(): void;
  /** In a phase of its own, where there is something that must follow phase 2. */
  readonly writeLast: (() => void) | undefined;
}

/** Whoever keeps state in order with the data. `beginFlush` freezes that state for the flush that begins. */
export interface FlushParticipant {
  /** `tablesChange`: whether L1 or L2 entries are part of the flush. */
  beginFlush(tablesChange: boolean): FlushBatch | undefined;
}

export interface Flushed {
  readonly file: BlockFile;
  readonly dataFile: BlockFile | undefined;
  readonly refcounts: Refcounts;
  /** Asked for anew: snapshots replace it. */
  map(): ClusterMap;
  /** Marks the image where an error says that its tables are damaged; returns what every later change gets. */
  condemn(cause: unknown): ImageError | undefined;
}

export class Flusher {
  participant: FlushParticipant | undefined;
  /** True where something changed that a flush must make durable. */
  touched = false;
  /** Why the image can be neither changed nor flushed any more. */
  failure: ImageError | undefined;
  readonly #flushes = new GroupFlush(() => this.#flushOnce());

  constructor(private readonly image: Flushed) {}

  /** Resolves when everything written before the call is durable, shared with others who wait. */
  flush(): Promise<void> {
    return this.#flushes.request();
  }

  /** A flush that also writes lowered refcounts, which otherwise wait for the next change: lost, they are leaks. */
  flushCounts(): Promise<void> {
    this.touched = true;
    return this.flush();
  }

  /** Makes everything durable, counts of freed clusters included. */
  async settle(): Promise<void> {
    do await this.flushCounts();
    while (this.touched || this.image.refcounts.dirty || this.image.map().dirty);
  }

  async #flushOnce(): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    if (!this.touched && !this.image.map().dirty) return;
    const { file, refcounts } = this.image;
    try {
      while (refcounts.hasNewBlocks) {
        refcounts.writeNewBlocks();
        await file.sync();
      }
      await this.#flushPhases();
    } catch (cause) {
      this.failure ??= this.image.condemn(cause);
      this.failure ??= new ImageError(
        'io_error',
        `${file.path}: a flush failed, so what reached the disk is unknown; reopen the image`,
        { path: file.path },
        { cause },
      );
      throw this.failure;
    }
  }

  async #flushPhases(): Promise<void> {
    const { file, dataFile, refcounts } = this.image;
    this.touched = false;
    const dropped = refcounts.takeDropped();
    refcounts.writeChanges();
    const tables = this.image.map().capture();
    const batch = this.participant?.beginFlush(tables.writes.length > 0);
    batch?.writeFirst();
    await (dataFile === undefined ? file.sync() : Promise.all([file.sync(), dataFile.sync()]));
    if (tables.writes.length > 0 || batch !== undefined) {
      for (const { data, position } of tables.writes) file.write(data, position);
      batch?.writeWithTables();
      await file.sync();
    }
    tables.done();
    if (batch?.writeLast !== undefined) {
      batch.writeLast();
      await file.sync();
    }
    for (const hostOffset of dropped) refcounts.release(hostOffset);
  }
}
