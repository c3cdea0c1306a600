/**
 * A file that can lose power. It keeps every write with its place in time; `stateAt` tells what a disk could hold
 * after a crash: everything that a finished sync covers, and any subset of the 512-byte sectors written since. A
 * truncate is one more change: it happened or not, at its turn or before every write that is not durable.
 */
import { readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import type { BlockFile } from './file.ts';

const SECTOR = 512;

interface Write {
  readonly position: number;
  readonly data: Buffer;
}

/** A write, or another length of the file. */
type Event = Write | { readonly length: number };

export class CrashFile implements BlockFile {
  readonly #initial: Buffer;
  readonly #present: GrowingBuffer;
  readonly #events: Event[] = [];
  /** For each moment, the number of changes that were durable. A moment is a count of things that happened. */
  readonly #durable: number[] = [0];
  readonly #made: number[] = [0];

  constructor(readonly path: string) {
    this.#initial = readFileSync(path);
    this.#present = new GrowingBuffer(this.#initial);
  }

  /** The present moment. */
  get now(): number {
    return this.#durable.length - 1;
  }

  /** The moment right after the latest write at exactly this position. */
  afterWriteAt(position: number): number {
    const index = this.#events.findLastIndex(
      (event) => 'data' in event && event.position === position,
    );
    return this.#made.indexOf(index + 1);
  }

  /** The moments at which something had become durable, and the beginning. */
  get boundaries(): number[] {
    return this.#durable.flatMap((count, moment) =>
      moment === 0 || count > (this.#durable[moment - 1] as number) ? [moment] : [],
    );
  }

  get length(): number {
    return this.#present.content.length;
  }

  read(target: Uint8Array, position: number): void {
    target.fill(0);
    target.set(this.#present.content.subarray(position, position + target.length));
  }

  write(data: Uint8Array, position: number): void {
    this.#change({ position, data: Buffer.from(data) });
  }

  async sync(): Promise<void> {
    const covered = this.#events.length;
    await setImmediate();
    this.#tick(Math.max(covered, this.#durable.at(-1) as number));
  }

  syncNow(): void {
    this.#tick(this.#events.length);
  }

  truncate(length: number): void {
    this.#change({ length });
  }

  close(): void {}

  /** What the disk holds after a crash at a moment. `keeps` decides for every sector and truncate not yet durable. */
  stateAt(moment: number, keeps: () => boolean): Buffer {
    const state = new GrowingBuffer(this.#initial);
    const durable = this.#durable[moment] as number;
    for (const event of this.#events.slice(0, durable)) state.apply(event);
    const atTurn: Event[] = [];
    for (const event of this.#events.slice(durable, this.#made[moment])) {
      if ('data' in event) {
        atTurn.push(...sectors(event).filter(keeps));
        continue;
      }
      const early = !keeps();
      if (!keeps()) continue;
      if (early) state.apply(event);
      else atTurn.push(event);
    }
    for (const event of atTurn) state.apply(event);
    return state.content;
  }

  #change(event: Event): void {
    this.#present.apply(event);
    this.#events.push(event);
    this.#tick(this.#durable.at(-1) as number);
  }

  #tick(durable: number): void {
    this.#durable.push(durable);
    this.#made.push(this.#events.length);
  }
}

/** Bytes that writes past the end make longer, and truncates shorter or longer. */
class GrowingBuffer {
  #bytes: Buffer;
  #length: number;

  constructor(initial: Buffer) {
    this.#bytes = Buffer.from(initial);
    this.#length = initial.length;
  }

  get content(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  apply(event: Event): void {
    if (!('data' in event)) {
      this.#reserve(event.length);
      this.#bytes.fill(0, event.length, Math.max(event.length, this.#length));
      this.#length = event.length;
      return;
    }
    const { position, data } = event;
    const end = position + data.length;
    this.#reserve(end);
    data.copy(this.#bytes, position);
    this.#length = Math.max(this.#length, end);
  }

  #reserve(end: number): void {
    if (end <= this.#bytes.length) return;
    const larger = Buffer.alloc(2 * end);
    this.content.copy(larger);
    this.#bytes = larger;
  }
}

/** The write cut where sectors of the disk begin. */
function sectors({ position, data }: Write): Write[] {
  const pieces: Write[] = [];
  for (let done = 0; done < data.length; ) {
    const length = Math.min(SECTOR - ((position + done) % SECTOR), data.length - done);
    pieces.push({ position: position + done, data: data.subarray(done, done + length) });
    done += length;
  }
  return pieces;
}
