/** What stands below an overlay, or is converted: a flat, readable disk of any format. */
import { ImageError } from '../errors.ts';

/** A run of a disk's bytes of one kind, as `qemu-img map --output=json` tells it. Lengths and offsets are bytes. */
export interface Extent {
  readonly length: number;
  /** Which file of a chain answers for the bytes: 0 is the disk itself, 1 its backing file, and so on. */
  readonly depth: number;
  /** False where no file of the chain says anything about the bytes. */
  readonly present: boolean;
  /** The bytes read as zeroes. */
  readonly zero: boolean;
  /** The bytes are stored. */
  readonly data: boolean;
  readonly compressed: boolean;
  /** Where the bytes lie, or are going to, in the file that answers for them; undefined where nowhere. */
  readonly hostOffset: number | undefined;
}

export interface Disk {
  /** Virtual size in bytes. */
  readonly size: number;
  /** Fills `target` from `offset`; bytes past the end of the disk read as zeroes. Throws `ImageError`. */
  read(offset: number, target: Uint8Array): void;
  /** What [offset, offset + length), inside the disk, is made of; in order, and no two that could be one. */
  extents(offset: number, length: number): Extent[];
}

/** Gathers extents in order, and joins neighbours that differ in nothing but their place. */
export class ExtentList {
  /** The list's own, so that the last can grow. */
  readonly extents: { -readonly [Key in keyof Extent]: Extent[Key] }[] = [];

  add(next: Extent): void {
    const last = this.extents.at(-1);
    if (last !== undefined && joins(last, next)) last.length += next.length;
    else if (next.length > 0) this.extents.push({ ...next });
  }
}

function joins(last: Extent, next: Extent): boolean {
  const follows =
    last.hostOffset === undefined
      ? next.hostOffset === undefined
      : next.hostOffset === last.hostOffset + last.length;
  return (
    follows &&
    last.depth === next.depth &&
    last.present === next.present &&
    last.zero === next.zero &&
    last.data === next.data &&
    last.compressed === next.compressed
  );
}

/** Stands for a backing file that nobody opened: an image can be looked at without it, but not read through it. */
export class MissingDisk implements Disk {
  readonly size = Number.MAX_SAFE_INTEGER;

  constructor(
    private readonly path: string,
    private readonly backingFile: string,
  ) {}

  read(): never {
    return this.#refuse();
  }

  extents(): never {
    return this.#refuse();
  }

  #refuse(): never {
    throw new ImageError(
      'unsupported_feature',
      `${this.path}: its backing file ${this.backingFile} is not open`,
      { path: this.path, field: 'backing_file', given: this.backingFile },
    );
  }
}
