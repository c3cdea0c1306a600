/** Changes the persistent dirty bitmaps of an image, and copies them to another. */
import { ImageError } from '../errors.ts';
import {
  type Bitmap,
  bitmapTableEntries,
  directoryEntryBytes,
  MAX_BITMAP_GRANULARITY,
  MAX_BITMAP_NAME_BYTES,
  MIN_BITMAP_GRANULARITY,
} from '../format/bitmaps.ts';
import { roundUp } from '../format/bytes.ts';
import { ENTRY_BYTES } from '../format/entries.ts';
import type { BitmapDraft } from '../image/bitmap-keeper.ts';
import { DirtyBitmap } from '../image/dirty-bitmap.ts';
import type { Qcow2Image } from '../image/image.ts';
import { MAX_BITMAP_BYTES, MAX_BITMAPS } from '../limits.ts';
import type { OpenedDisk } from '../open.ts';

/** One step; several act in order on the same bitmap. */
export type BitmapAction =
  /** `granularity`: bytes; default: a cluster, but from 4 KiB to 64 KiB. */
  | { readonly kind: 'add'; readonly granularity?: number | undefined }
  | { readonly kind: 'remove' | 'clear' | 'enable' | 'disable' }
  /** Adds what bitmap `source` has, of `from` or of the image itself. */
  | { readonly kind: 'merge'; readonly source: string; readonly from?: OpenedDisk | undefined };

const DEFAULT_GRANULARITY = { min: 4096, max: 65_536 } as const;

/** The bitmaps of an image while they are changed; `store` writes them. */
export class BitmapEditor {
  #drafts: readonly BitmapDraft[];
  #changed = false;

  constructor(private readonly image: Qcow2Image) {
    this.#drafts = image.bitmaps();
  }

  /**
   * Errors: `invalid_option` for a bitmap that is not there, a name or granularity that cannot be, or a size that differs,
   * `image_corrupt` for a bitmap that was not closed, which can only be removed.
   */
  apply(name: string, action: BitmapAction): void {
    switch (action.kind) {
      case 'add':
        this.add(name, action);
        break;
      case 'remove':
        this.#named(name);
        this.#set(this.#drafts.filter((draft) => draft.name !== name));
        break;
      case 'clear':
        this.#change(name, (draft) => ({ ...draft, content: this.#empty(draft) }));
        break;
      case 'enable':
      case 'disable':
        this.#change(name, (draft) => ({ ...draft, auto: action.kind === 'enable' }));
        break;
      case 'merge':
        this.#usable(name);
        this.merge(name, this.#source(action));
    }
  }

  #source({ source, from }: { source: string; from?: OpenedDisk | undefined }): DirtyBitmap {
    if (from === undefined) return this.#contentOf(this.#usable(source));
    if (from.image === undefined) throw notFound(source, []);
    const other = new BitmapEditor(from.image);
    return other.#contentOf(other.#usable(source));
  }

  /** `auto`: whether writers are to keep it up to date. */
  add(name: string, options: { granularity?: number | undefined; auto?: boolean } = {}): void {
    const { granularity = this.#defaultGranularity(), auto = true } = options;
    this.refuseNew(name, granularity);
    const content = new DirtyBitmap(this.image.size, granularity, this.image.clusterSize);
    this.#set([...this.#drafts, { name, granularity, auto, inUse: false, content }]);
  }

  /** Throws `invalid_option` where no such bitmap can be added. */
  refuseNew(name: string, granularity: number): void {
    const bytes = Buffer.byteLength(name);
    if (bytes === 0) throw refusal('name', name, 'Bitmap name cannot be empty');
    if (bytes > MAX_BITMAP_NAME_BYTES)
      throw refusal(
        'name',
        name,
        `Can't make bitmap '${name}' persistent: Name length exceeds maximum (${MAX_BITMAP_NAME_BYTES} characters)`,
      );
    const bits = Math.log2(granularity);
    if (
      !Number.isInteger(bits) ||
      granularity < MIN_BITMAP_GRANULARITY ||
      granularity > MAX_BITMAP_GRANULARITY
    )
      throw refusal('granularity', granularity, 'Granularity must be power of 2 and at least 512');
    if (this.#drafts.some((draft) => draft.name === name))
      throw refusal('name', name, `Bitmap already exists: ${name}`);
    if (this.image.header.version < 3)
      throw refusal(
        'compat',
        '0.10',
        `Can't make bitmap '${name}' persistent: Cannot store dirty bitmaps in qcow2 v2 files`,
      );
    const { size, clusterSize } = this.image;
    const entries = bitmapTableEntries(size, granularity, clusterSize);
    if (entries * clusterSize > MAX_BITMAP_BYTES || this.#drafts.length === MAX_BITMAPS)
      throw refusal(
        'granularity',
        granularity,
        `Can't make bitmap '${name}' persistent: Too much space will be occupied by the bitmap. Use larger granularity`,
      );
  }

  /** Sets all of a bitmap. */
  fill(name: string): void {
    this.#change(name, (draft) => {
      const content = this.#empty(draft);
      content.set(0, this.image.size);
      return { ...draft, content };
    });
  }

  /** Sets in a bitmap what `source` has set. */
  merge(name: string, source: DirtyBitmap): void {
    if (source.diskSize !== this.image.size)
      throw refusal(
        'size',
        source.diskSize,
        `Bitmaps are of different sizes (destination size is ${this.image.size}, ` +
          `source size is ${source.diskSize}) and can't be merged`,
      );
    this.#change(name, (draft) => {
      const content = this.#contentOf(draft);
      for (const { offset, length } of source.ranges()) content.set(offset, length);
      return { ...draft, content };
    });
  }

  /** Writes what changed, durably. Errors: see `BitmapKeeper`. */
  async store(): Promise<void> {
    if (this.#changed) await this.image.replaceBitmaps(this.#drafts);
    this.#changed = false;
  }

  #set(drafts: readonly BitmapDraft[]): void {
    this.#drafts = drafts;
    this.#changed = true;
  }

  #change(name: string, change: (draft: BitmapDraft) => BitmapDraft): void {
    const changed = change(this.#usable(name));
    // a draft with content has no table any more
    const next = 'content' in changed ? withoutTable(changed) : changed;
    this.#set(this.#drafts.map((draft) => (draft.name === name ? next : draft)));
  }

  #named(name: string): BitmapDraft {
    const found = this.#drafts.find((draft) => draft.name === name);
    if (found !== undefined) return found;
    throw notFound(
      name,
      this.#drafts.map((draft) => draft.name),
    );
  }

  #usable(name: string): BitmapDraft {
    const draft = this.#named(name);
    if (!draft.inUse) return draft;
    throw new ImageError('image_corrupt', `Bitmap '${name}' is inconsistent and cannot be used`, {
      field: 'bitmap',
      given: name,
      allowed: 'to be removed',
    });
  }

  #contentOf(draft: BitmapDraft): DirtyBitmap {
    return 'content' in draft ? draft.content : this.image.bitmapContent(draft);
  }

  #empty({ granularity }: BitmapDraft): DirtyBitmap {
    return new DirtyBitmap(this.image.size, granularity, this.image.clusterSize);
  }

  #defaultGranularity(): number {
    const { min, max } = DEFAULT_GRANULARITY;
    return Math.min(max, Math.max(min, this.image.clusterSize));
  }
}

function notFound(name: string, present: readonly string[]): ImageError {
  return new ImageError('invalid_option', `Dirty bitmap '${name}' not found`, {
    field: 'bitmap',
    given: name,
    allowed: present.join(', ') || 'none: there are no bitmaps',
  });
}

function withoutTable<T extends BitmapDraft>(draft: T & { content: DirtyBitmap }): BitmapDraft {
  const { name, inUse, auto, granularity, content } = draft;
  return { name, inUse, auto, granularity, content };
}

function refusal(field: string, given: string | number, message: string): ImageError {
  return new ImageError('invalid_option', message, { field, given });
}

/** Bytes that the bitmaps of an image will take in one with clusters of `clusterSize`, each of them full. */
export function measureBitmaps(image: Qcow2Image, clusterSize: number): number {
  let sum = 0;
  let directory = 0;
  for (const { name, granularity } of image.bitmaps()) {
    const pieces = bitmapTableEntries(image.size, granularity, clusterSize);
    sum += pieces * clusterSize + roundUp(pieces * ENTRY_BYTES, clusterSize);
    directory += directoryEntryBytes(name);
  }
  return sum + roundUp(directory, clusterSize);
}

/** Bitmaps and what they hold, to be put into another image. */
export type BitmapCopy = Pick<Bitmap, 'name' | 'granularity' | 'auto'> & {
  readonly content: DirtyBitmap;
};

/** What `BitmapAdder` takes: every bitmap that was closed cleanly. */
export function bitmapCopies(image: Qcow2Image): BitmapCopy[] {
  return image
    .bitmaps()
    .filter(({ inUse }) => !inUse)
    .map((bitmap) => ({ ...bitmap, content: image.bitmapContent(bitmap) }));
}

/**
 * Adds bitmaps to an image of the same size whose data is being written. The bitmaps that it has already are kept: those
 * that writers are to keep up to date say afterwards that everything changed.
 */
export class BitmapAdder {
  readonly #editor: BitmapEditor;

  /** To be made before the first write. Errors: those of `BitmapEditor`. */
  constructor(image: Qcow2Image, copies: readonly BitmapCopy[]) {
    this.#editor = new BitmapEditor(image);
    const present = image.bitmaps();
    // QEMU keeps its list the other way round: of several that it refuses, it names the last
    const backwards = [...copies].reverse();
    for (const { name, granularity } of backwards)
      naming('create', name, () => this.#editor.refuseNew(name, granularity));
    for (const { name, granularity, auto } of copies) this.#editor.add(name, { granularity, auto });
    for (const { name, content } of backwards)
      naming('populate', name, () => this.#editor.merge(name, content));
    for (const { name, auto, inUse } of present) if (auto && !inUse) this.#editor.fill(name);
  }

  /** Writes the bitmaps, durably. */
  store(): Promise<void> {
    return this.#editor.store();
  }
}

function naming(what: string, name: string, work: () => void): void {
  try {
    work();
  } catch (cause) {
    if (!(cause instanceof ImageError)) throw cause;
    const message = `Failed to ${what} bitmap ${name}: ${cause.message}`;
    throw new ImageError(cause.code, message, cause.context, { cause });
  }
}
