/** How long work on images tells how far it is, lets others run, and is stopped. */
import { PACE_BYTES } from './limits.ts';

/** What every long operation can be given. */
export interface OperationOptions {
  /** Called as the work goes on, with bytes of the disk. */
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
  /** Stops the work between two pieces; the operation rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

export class Pace {
  #done = 0;
  #sincePause = 0;

  constructor(
    private readonly options: OperationOptions,
    readonly totalBytes: number,
  ) {
    options.signal?.throwIfAborted();
    options.onProgress?.(0, totalBytes);
  }

  /** Notes work done. Resolves once others have had their turn, from time to time. */
  advance(bytes: number): Promise<void> | undefined {
    this.#done += bytes;
    this.#sincePause += bytes;
    if (this.#sincePause < PACE_BYTES) return undefined;
    this.#sincePause = 0;
    return this.#pause();
  }

  finish(): void {
    this.options.onProgress?.(this.totalBytes, this.totalBytes);
  }

  async #pause(): Promise<void> {
    this.options.onProgress?.(Math.min(this.#done, this.totalBytes), this.totalBytes);
    await new Promise(setImmediate);
    this.options.signal?.throwIfAborted();
  }
}
