/**
 * Reads the persistent bitmaps of an image, and gives it others (qcow2 specification, "Bitmaps").
 *
 * New tables and a new directory are written beside the old ones; one rewrite of the header switches to them, so that
 * after a crash the image has the old bitmaps or the new ones, and leaked clusters at most.
 */
import { ImageError } from '../errors.ts';
import type { BlockFile } from '../file.ts';
import {
  type Bitmap,
  type BitmapDirectory,
  bitmapDirectory,
  bitmapTableEntries,
  encodeBitmaps,
  encodeBitmapsExtension,
} from '../format/bitmaps.ts';
import { writeU64 } from '../format/bytes.ts';
import { ENTRY_BYTES, entryOffset } from '../format/entries.ts';
import { AUTOCLEAR } from '../format/feature-bits.ts';
import { EXTENSION, type Qcow2Header } from '../format/header.ts';
import { withExtension } from '../format/header-rewrite.ts';
import { readBitmaps } from './bitmap-list.ts';
import { DirtyBitmap } from './dirty-bitmap.ts';
import type { Refcounts } from './refcounts.ts';

/** A bitmap as it is to be: with content that is to be written, or with the table that it has. */
export type BitmapDraft = Omit<Bitmap, 'table'> &
  ({ readonly table: Bitmap['table'] } | { readonly content: DirtyBitmap });

/** What the keeper needs of an image. */
export interface BitmapHost {
  readonly file: BlockFile;
  readonly refcounts: Refcounts;
  header(): Qcow2Header;
  flush(): Promise<void>;
  /** Makes this the header of the file, durably. */
  rewrite(header: Qcow2Header): void;
}

const ALL_ONES_ENTRY = 1n;

export class BitmapKeeper {
  readonly #clusterSize: number;

  constructor(private readonly host: BitmapHost) {
    this.#clusterSize = host.refcounts.clusterSize;
  }

  /** Throws `invalid_image` for a table that does not fit the disk, or an entry that cannot be. */
  readContent({ name, granularity, table }: Bitmap): DirtyBitmap {
    const { file } = this.host;
    const content = new DirtyBitmap(this.host.header().size, granularity, this.#clusterSize);
    const entries = this.#readTable(table);
    if (entries.length / ENTRY_BYTES !== content.pieceCount)
      throw unfit(name, entries.length / ENTRY_BYTES, `${content.pieceCount} entries`);
    for (let at = 0; at < entries.length; at += ENTRY_BYTES) {
      const offset = this.#clusterAt(entries, at, name);
      if (offset !== 0) {
        const piece = Buffer.alloc(this.#clusterSize);
        file.read(piece, offset);
        content.setPiece(at / ENTRY_BYTES, piece);
      } else if (entries.readBigUInt64BE(at) === ALL_ONES_ENTRY)
        content.setPiece(at / ENTRY_BYTES, 'ones');
    }
    return content;
  }

  /**
   * Makes `drafts` the image's bitmaps. Errors: `unsupported_feature` for version 2, `no_space`, `io_error`,
   * `invalid_option` where the header has no room.
   */
  async replace(drafts: readonly BitmapDraft[]): Promise<void> {
    const before = this.host.header();
    if (before.version < 3)
      throw new ImageError('unsupported_feature', 'Cannot store dirty bitmaps in qcow2 v2 files', {
        field: 'compat',
        given: '0.10',
        allowed: '1.1',
      });
    const retired = this.#occupied(drafts);
    const taken: number[] = [];
    try {
      const directory = this.#write(drafts, taken);
      await this.host.flush();
      this.host.rewrite(withDirectory(before, directory));
    } catch (error) {
      for (const offset of taken) this.host.refcounts.release(offset);
      throw error;
    }
    for (const offset of retired) this.host.refcounts.release(offset);
    await this.host.flush();
  }

  #write(drafts: readonly BitmapDraft[], taken: number[]): BitmapDirectory | undefined {
    if (drafts.length === 0) return undefined;
    const bitmaps = drafts.map((draft) =>
      'table' in draft ? draft : { ...draft, table: this.#writeContent(draft.content, taken) },
    );
    const bytes = encodeBitmaps(bitmaps);
    return { count: bitmaps.length, offset: this.#writeRun(bytes, taken), size: bytes.length };
  }

  #writeContent(content: DirtyBitmap, taken: number[]): Bitmap['table'] {
    const { file, refcounts } = this.host;
    const { diskSize, granularity, pieceCount } = content;
    const table = Buffer.alloc(
      bitmapTableEntries(diskSize, granularity, this.#clusterSize) * ENTRY_BYTES,
    );
    for (let index = 0; index < pieceCount; index++) {
      const piece = content.piece(index);
      if (piece === 'ones') table.writeBigUInt64BE(ALL_ONES_ENTRY, index * ENTRY_BYTES);
      else if (piece !== undefined) {
        const { offset } = refcounts.allocate();
        taken.push(offset);
        file.write(piece, offset);
        writeU64(table, offset, index * ENTRY_BYTES);
      }
    }
    return { offset: this.#writeRun(table, taken), size: table.length };
  }

  #writeRun(bytes: Buffer, taken: number[]): number {
    const { file, refcounts } = this.host;
    const clusters = Math.ceil(bytes.length / this.#clusterSize);
    const offset = refcounts.allocateRun(clusters);
    for (let i = 0; i < clusters; i++) taken.push(offset + i * this.#clusterSize);
    file.write(bytes, offset);
    return offset;
  }

  /** Clusters of the present bitmaps that the drafts leave out. */
  #occupied(drafts: readonly BitmapDraft[]): number[] {
    const header = this.host.header();
    const directory = bitmapDirectory(header);
    if (directory === undefined) return [];
    const kept = new Set(drafts.map((draft) => ('table' in draft ? draft.table.offset : 0)));
    const clusters = this.#run(directory);
    for (const { name, table } of readBitmaps(this.host.file, header)) {
      if (kept.has(table.offset)) continue;
      clusters.push(...this.#run(table));
      const entries = this.#readTable(table);
      for (let at = 0; at < entries.length; at += ENTRY_BYTES) {
        const offset = this.#clusterAt(entries, at, name);
        if (offset !== 0) clusters.push(offset);
      }
    }
    return clusters;
  }

  #run({ offset, size }: { readonly offset: number; readonly size: number }): number[] {
    const count = Math.ceil(size / this.#clusterSize);
    return Array.from({ length: count }, (_, index) => offset + index * this.#clusterSize);
  }

  #readTable({ offset, size }: Bitmap['table']): Buffer {
    const { file } = this.host;
    if (offset + size > file.length)
      throw unfit('bitmap table', offset + size, `at most ${file.length}, the end of the file`);
    const entries = Buffer.alloc(size);
    file.read(entries, offset);
    return entries;
  }

  /** Host offset that an entry names, or 0. */
  #clusterAt(entries: Buffer, at: number, name: string): number {
    const offset = entryOffset(entries, at);
    if (offset % this.#clusterSize === 0 && offset < this.host.file.length) return offset;
    throw unfit(`bitmap ${name}, table entry`, offset, 'a cluster of the file');
  }
}

function unfit(field: string, given: number, allowed: string): ImageError {
  const message = `${field}: ${given}, allowed is ${allowed}; run a check with repair`;
  return new ImageError('invalid_image', message, { field, given, allowed });
}

/** Autoclear bits of software that we do not know say nothing of what we write. */
function withDirectory(header: Qcow2Header, directory: BitmapDirectory | undefined): Qcow2Header {
  const others = header.autoclearFeatures & (AUTOCLEAR.rawDataFile | AUTOCLEAR.zoneTableValid);
  const data = directory && encodeBitmapsExtension(directory);
  return {
    ...header,
    autoclearFeatures: directory === undefined ? others : others | AUTOCLEAR.bitmaps,
    extensions: withExtension(header.extensions, EXTENSION.bitmaps, data),
  };
}
