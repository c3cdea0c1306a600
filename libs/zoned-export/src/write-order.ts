/**
 * Puts sequential writes in order that arrive out of order, as those of a client with several connections do. A
 * write ahead of its zone's write pointer waits until the write pointer gets there; after a while it goes to the device
 * as it is, and is refused for what it is.
 */

import type { MaybePromise } from '@zonelab/nbd';
import type { Zone } from '@zonelab/qcow2-zoned';
import type { Piece } from './zone-cutter.ts';

export interface WriteOrderOptions {
  /** Bytes that may wait, and how far ahead of a write pointer a write may be to wait at all. */
  readonly windowBytes: number;
  readonly waitMs: number;
}

interface Waiting {
  readonly go: (reached: boolean) => void;
}

export class WriteOrder {
  /** By the address that the write pointer must reach. Writes to the same place go first come, first served. */
  private readonly waiting = new Map<number, Waiting[]>();
  private waitingBytes = 0;

  constructor(
    private readonly zone: (index: number) => Zone,
    private readonly options: WriteOrderOptions,
  ) {}

  /** Runs `write` when its turn has come: at once, unless a piece is a little ahead of a write pointer. */
  inTurn(pieces: readonly Piece[], write: () => MaybePromise<void>): MaybePromise<void> {
    const awaited = this.awaited(pieces);
    if (awaited === undefined) return this.run(pieces, write);
    return this.wait(pieces, awaited).then((reached) =>
      reached ? this.inTurn(pieces, write) : this.run(pieces, write),
    );
  }

  private run(pieces: readonly Piece[], write: () => MaybePromise<void>): MaybePromise<void> {
    const written = write();
    if (written instanceof Promise) return written.then(() => this.release(pieces));
    this.release(pieces);
  }

  /** Where the first write pointer that is not there yet must get to; undefined where there is nothing to wait for. */
  private awaited(pieces: readonly Piece[]): number | undefined {
    const bytes = sum(pieces);
    if (this.waitingBytes + bytes > this.options.windowBytes) return undefined;
    return pieces.find((piece) => this.isAhead(piece))?.offset;
  }

  private isAhead({ offset, zone: span }: Piece): boolean {
    if (span === undefined || offset === span.start) return false;
    const { condition, writePointer } = this.zone(span.index);
    const writable = condition !== 'full' && condition !== 'read-only' && condition !== 'offline';
    return writable && offset > writePointer && offset - writePointer <= this.options.windowBytes;
  }

  /** Whether the write pointer got to `address` in time. */
  private wait(pieces: readonly Piece[], address: number): Promise<boolean> {
    const bytes = sum(pieces);
    this.waitingBytes += bytes;
    return new Promise((resolve) => {
      const go = (reached: boolean): void => {
        clearTimeout(timer);
        this.waitingBytes -= bytes;
        resolve(reached);
      };
      const waiting: Waiting = { go };
      const timer = setTimeout(() => {
        this.forget(address, waiting);
        go(false);
      }, this.options.waitMs);
      const list = this.waiting.get(address);
      if (list === undefined) this.waiting.set(address, [waiting]);
      else list.push(waiting);
    });
  }

  private forget(address: number, waiting: Waiting): void {
    const left = this.waiting.get(address)?.filter((other) => other !== waiting) ?? [];
    if (left.length > 0) this.waiting.set(address, left);
    else this.waiting.delete(address);
  }

  /** Lets go those who waited for what has just been written. */
  private release(pieces: readonly Piece[]): void {
    if (this.waiting.size === 0) return;
    for (const { offset, length } of pieces) {
      const address = offset + length;
      const next = this.waiting.get(address);
      if (next === undefined) continue;
      this.waiting.delete(address);
      for (const { go } of next) go(true);
    }
  }
}

function sum(pieces: readonly Piece[]): number {
  return pieces.reduce((total, { length }) => total + length, 0);
}
