/**
 * A file that can lose power. It keeps every write with its place in time; `stateAt` tells what a disk could hold
 * after a crash: everything that a finished sync covers, and any subset of the 512-byte sectors written since.
 */
import { readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import type { BlockFile } from './file.ts';

const SECTOR = 512;

interface Event {
  readonly position: number;
  readonly data: Buffer;
}

export class CrashFile implements BlockFile {
  readonly #initial: Buffer;
  readonly #present: GrowingBuffer;
  readonly #writes: Event[] = [];
  /** For each moment, the number of writes that were durable. A moment is a count of things that happened. */
  readonly #durable: number[] = [0];
  readonly #written: number[] = [0];

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
    const index = this.#writes.findLastIndex((event) => event.position === position);
    return this.#written.indexOf(index + 1);
  }

  get length(): number {
    return this.#present.content.length;
  }

  read(target: Uint8Array, position: number): void {
    target.fill(0);
    target.set(this.#present.content.subarray(position, position + target.length));
  }

  write(data: Uint8Array, position: number): void {
    const copy = Buffer.from(data);
    this.#present.apply({ position, data: copy });
    this.#writes.push({ position, data: copy });
    this.#tick(this.#durable.at(-1) as number);
  }

  async sync(): Promise<void> {
    const covered = this.#writes.length;
    await setImmediate();
    this.#tick(Math.max(covered, this.#durable.at(-1) as number));
  }

  syncNow(): void {
    this.#tick(this.#writes.length);
  }

  truncate(): void {
    throw new Error('the engine does not truncate files that it serves');
  }

  close(): void {}

  /** What the disk holds after a crash at a moment. `keeps` decides for every sector that was not yet durable. */
  stateAt(moment: number, keeps: () => boolean): Buffer {
    const state = new GrowingBuffer(this.#initial);
    const durable = this.#durable[moment] as number;
    for (const [index, event] of this.#writes.slice(0, this.#written[moment]).entries()) {
      if (index < durable) state.apply(event);
      else for (const sector of sectors(event)) if (keeps()) state.apply(sector);
    }
    return state.content;
  }

  #tick(durable: number): void {
    this.#durable.push(durable);
    this.#written.push(this.#writes.length);
  }
}

/** Bytes that writes past the end make longer. */
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

  apply({ position, data }: Event): void {
    const end = position + data.length;
    if (end > this.#bytes.length) {
      const larger = Buffer.alloc(2 * end);
      this.content.copy(larger);
      this.#bytes = larger;
    }
    data.copy(this.#bytes, position);
    this.#length = Math.max(this.#length, end);
  }
}

/** The write cut where sectors of the disk begin. */
function sectors({ position, data }: Event): Event[] {
  const pieces: Event[] = [];
  for (let done = 0; done < data.length; ) {
    const length = Math.min(SECTOR - ((position + done) % SECTOR), data.length - done);
    pieces.push({ position: position + done, data: data.subarray(done, done + length) });
    done += length;
  }
  return pieces;
}
