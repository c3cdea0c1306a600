/**
 * Large buffers for reuse, in power-of-two sizes. A fresh buffer of a megabyte costs hundreds of page
 * faults and brings the next garbage collection closer; a used one costs nothing.
 */

import { MAX_POOLED_BYTES, MIN_POOLED_BYTES } from './limits.ts';

export class BufferPool {
  private readonly free = new Map<number, Buffer[]>();
  private keptBytes = 0;

  /** A buffer of at least `count` bytes with arbitrary content. */
  acquire(count: number): Buffer {
    let size = MIN_POOLED_BYTES;
    while (size < count) size *= 2;
    const kept = this.free.get(size)?.pop();
    if (kept === undefined) return Buffer.allocUnsafeSlow(size);
    this.keptBytes -= size;
    return kept;
  }

  /** Gives back a buffer from `acquire`, which nobody may touch from now on. */
  release(buffer: Buffer): void {
    if (this.keptBytes + buffer.length > MAX_POOLED_BYTES) return;
    this.keptBytes += buffer.length;
    const kept = this.free.get(buffer.length);
    if (kept === undefined) this.free.set(buffer.length, [buffer]);
    else kept.push(buffer);
  }
}
