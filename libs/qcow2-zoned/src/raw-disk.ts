/** A raw image as a disk: its bytes are the file's. The last sector of a file of odd length is filled with zeroes. */
import { ImageError } from './errors.ts';
import type { BlockFile } from './file.ts';
import { roundUp } from './format/bytes.ts';
import { type Extent, ExtentList } from './image/disk.ts';
import { ZERO_BUFFER_BYTES, ZERO_SCAN_BYTES } from './limits.ts';

const SECTOR_BYTES = 512;
const ZEROES = Buffer.alloc(ZERO_SCAN_BYTES);

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

  /**
   * Zeroes are told from data by looking, in pieces of 64 KiB, and only where the file is sparse: nothing that Node
   * offers tells where its holes are. So zeroes that were written into a sparse file are told as holes too.
   */
  extents(offset: number, length: number): Extent[] {
    const list = new ExtentList();
    const { sparse } = this;
    const step = sparse ? ZERO_SCAN_BYTES : Math.max(1, length);
    const piece = Buffer.allocUnsafe(sparse ? ZERO_SCAN_BYTES : 0);
    for (let at = offset, end = offset + length; at < end; ) {
      const part = Math.min(step - (sparse ? at % step : 0), end - at);
      const hole = sparse && this.#isZero(at, piece.subarray(0, part));
      list.add({
        ...{ length: part, depth: 0, present: true, compressed: false },
        ...{ zero: hole, data: !hole, hostOffset: at },
      });
      at += part;
    }
    return list.extents;
  }

  /** Bytes; a multiple of 512. New bytes read as zeroes. */
  resize(size: number): void {
    this.#assertWritable();
    this.file.truncate(size);
  }

  flush(): Promise<void> {
    return this.file.sync();
  }

  #isZero(offset: number, piece: Buffer): boolean {
    this.file.read(piece, offset);
    return piece.equals(ZEROES.subarray(0, piece.length));
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
