/** A file in memory that counts what is asked of it, and gives up on whoever asks too much. */
import { ImageError } from '../errors.ts';
import type { BlockFile } from '../file.ts';

/** Not an `ImageError`, so that no code takes it for a refusal. */
export class TooMuchWork extends Error {
  override readonly name = 'TooMuchWork';
}

export interface WorkBounds {
  /** Bytes read and written, together. */
  readonly bytes: number;
  readonly calls: number;
  /** Length that the file may grow to; past it, the disk is full. */
  readonly length: number;
}

export class MemoryFile implements BlockFile {
  readonly path = 'memory.qcow2';
  #bytes: Buffer;
  #length: number;
  #done = 0;
  #calls = 0;

  /** Works on `initial` itself, not on a copy. */
  constructor(
    initial: Buffer,
    private readonly bounds: WorkBounds,
  ) {
    this.#bytes = initial;
    this.#length = initial.length;
  }

  get length(): number {
    return this.#length;
  }

  get content(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  read(target: Uint8Array, position: number): void {
    this.#count(target.length, position);
    const held =
      position < this.#length
        ? this.content.subarray(position, position + target.length)
        : Buffer.alloc(0);
    target.set(held);
    target.fill(0, held.length);
  }

  write(data: Uint8Array, position: number): void {
    this.#count(data.length, position);
    this.#reach(position + data.length);
    this.#bytes.set(data, position);
  }

  async sync(): Promise<void> {
    this.#count(0, 0);
  }

  syncNow(): void {
    this.#count(0, 0);
  }

  truncate(length: number): void {
    if (length > this.#length) this.#reach(length);
    this.#bytes.fill(0, length);
    this.#length = length;
  }

  close(): void {}

  #count(bytes: number, position: number): void {
    if (!Number.isSafeInteger(position) || position < 0)
      throw new ImageError('io_error', `${this.path}: no such position: ${position}`, {
        offset: position,
      });
    this.#done += bytes;
    this.#calls++;
    if (this.#done > this.bounds.bytes || this.#calls > this.bounds.calls)
      throw new TooMuchWork(`${this.#calls} calls, ${this.#done} bytes`);
  }

  #reach(end: number): void {
    if (end > this.bounds.length)
      throw new ImageError('no_space', `${this.path}: no space left`, { offset: end });
    if (end > this.#bytes.length) {
      const larger = Buffer.alloc(Math.min(2 * end, this.bounds.length));
      this.content.copy(larger);
      this.#bytes = larger;
    }
    this.#length = Math.max(this.#length, end);
  }
}
