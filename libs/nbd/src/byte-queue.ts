/** Received chunks as one stream of bytes, consumed from the front without gluing chunks together. */

const EMPTY = Buffer.alloc(0);

export class ByteQueue {
  private readonly waiting: Buffer[] = [];
  private head: Buffer = EMPTY;
  private position = 0;
  private total = 0;

  /** Bytes not yet consumed. */
  get length(): number {
    return this.total;
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.total += chunk.length;
    if (this.position === this.head.length) {
      this.head = chunk;
      this.position = 0;
    } else {
      this.waiting.push(chunk);
    }
  }

  /** Exactly `count` bytes, or undefined while there are fewer. A view of the chunk where it holds them all. */
  take(count: number): Buffer | undefined {
    if (this.total < count) return undefined;
    if (this.head.length - this.position >= count) return this.takeFromHead(count);
    const joined = Buffer.allocUnsafe(count);
    this.copyTo(joined, 0);
    return joined;
  }

  /** Moves what there is into `target` from `start` on, and returns how many bytes that were. */
  copyTo(target: Buffer, start: number): number {
    let filled = start;
    while (filled < target.length && this.total > 0) {
      const part = this.takeFromHead(Math.min(target.length - filled, this.headLength));
      part.copy(target, filled);
      filled += part.length;
    }
    return filled - start;
  }

  /** Drops up to `count` bytes, and returns how many that were. */
  skip(count: number): number {
    let skipped = 0;
    while (skipped < count && this.total > 0) {
      skipped += this.takeFromHead(Math.min(count - skipped, this.headLength)).length;
    }
    return skipped;
  }

  private get headLength(): number {
    return this.head.length - this.position;
  }

  private takeFromHead(count: number): Buffer {
    const start = this.position;
    const part = this.head.subarray(start, start + count);
    this.position += count;
    this.total -= count;
    if (this.position === this.head.length) {
      this.head = this.waiting.shift() ?? EMPTY;
      this.position = 0;
    }
    return part;
  }
}
