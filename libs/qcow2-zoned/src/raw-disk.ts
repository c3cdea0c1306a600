/** A raw image as a disk: its bytes are the file's. The last sector of a file of odd length is filled with zeroes. */
import { ImageError } from './errors.ts';
import type { BlockFile } from './file.ts';
import { roundUp } from './format/bytes.ts';
import { type Extent, ExtentList } from './image/disk.ts';
import { ZERO_BUFFER_BYTES, ZERO_SCAN_BYTES } from './limits.ts';
import { zeroRuns } from './operations/zeroes.ts';

const SECTOR_BYTES = 512;
/** What file systems give space in, mostly. */
const PAGE_BYTES = 4096;

export class RawDisk {
  constructor(
    private readonly file: BlockFile,
    readonly readOnly: boolean,
    /** True where the file occupies less space than it is long. */
    private readonly sparse = false,
  ) {}

  /** Bytes, a multiple of 512. */
  get size(): number {
    return roundUp(this.file.length, SECTOR_BYTES);
  }

  read(offset: number, target: Uint8Array): void {
    this.file.read(target, offset);
  }

  write(offset: number, data: Uint8Array): void {
    this.#assertInside(offset, data.length);
    this.file.write(data, offset);
  }

  writeZeroes(offset: number, length: number): void {
    this.#assertInside(offset, length);
    if (length === 0 || this.file.punch?.(offset, length)) return;
    const zeroes = Buffer.alloc(Math.min(length, ZERO_BUFFER_BYTES));
    for (let done = 0; done < length; done += zeroes.length)
      this.file.write(zeroes.subarray(0, Math.min(zeroes.length, length - done)), offset + done);
  }

  /** Gives space back where the file system can; the bytes read as zeroes then, and stay otherwise. */
  unmap(offset: number, length: number): void {
    this.#assertInside(offset, length);
    if (length > 0) this.file.punch?.(offset, length);
  }

  /** True where the host does not tell of holes: `extents` reads what it is asked about then. */
  get looksForHoles(): boolean {
    return this.file.length > 0 && this.file.stretch?.(0) === undefined;
  }

  /**
   * Holes as the host tells of them. Where it does not, zeroes are looked for, in pages of 4 KiB, and only where the file
   * is sparse: zeroes that were written into a sparse file are told as holes too then.
   */
  extents(offset: number, length: number): Extent[] {
    const list = new ExtentList();
    const end = offset + length;
    for (let at = offset; at < end; ) {
      const stretch = this.file.stretch?.(at);
      if (stretch === undefined) {
        this.#look(list, at, end);
        break;
      }
      // the last sector is filled up past the end of the file
      const next = stretch.end < this.file.length ? Math.min(stretch.end, end) : end;
      list.add(extentOf(at, next, stretch.hole));
      at = next;
    }
    return list.extents;
  }

  #look(list: ExtentList, start: number, end: number): void {
    if (!this.sparse) {
      list.add(extentOf(start, end, false));
      return;
    }
    const buffer = Buffer.allocUnsafe(Math.min(end - start, ZERO_SCAN_BYTES));
    for (let at = start; at < end; at += buffer.length) {
      const piece = buffer.subarray(0, Math.min(buffer.length, end - at));
      this.file.read(piece, at);
      for (const { from, to, zero } of zeroRuns(piece, PAGE_BYTES, at % PAGE_BYTES))
        list.add(extentOf(at + from, at + to, zero));
    }
  }

  /** Takes the space of a range; false where the host cannot. Throws `no_space`. */
  allocate(offset: number, length: number): boolean {
    this.#assertInside(offset, length);
    return this.file.allocate?.(offset, length) ?? false;
  }

  /** Bytes; a multiple of 512. New bytes read as zeroes. */
  resize(size: number): void {
    this.#assertWritable();
    this.file.truncate(size);
  }

  flush(): Promise<void> {
    return this.file.sync();
  }

  #assertInside(offset: number, length: number): void {
    this.#assertWritable();
    if (offset + length > this.size)
      throw new ImageError(
        'lba_out_of_range',
        `${this.file.path}: ${length} bytes at ${offset} end past the disk's ${this.size} bytes`,
        { path: this.file.path, offset, length },
      );
  }

  #assertWritable(): void {
    if (this.readOnly)
      throw new ImageError('image_read_only', `${this.file.path}: the image is open read-only`, {
        path: this.file.path,
      });
  }
}

function extentOf(start: number, end: number, hole: boolean): Extent {
  return {
    ...{ length: end - start, depth: 0, present: true, compressed: false },
    ...{ zero: hole, data: !hole, hostOffset: start },
  };
}
