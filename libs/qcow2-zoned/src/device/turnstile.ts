/**
 * Keeps the order of calls. Most pass at once; while a flush makes room, or one call has the whole image to itself,
 * the others wait behind it, first come, first served.
 */

/** The answer itself where there was nothing to wait for. */
export type MaybePromise<T> = T | Promise<T>;

export class Turnstile {
  #closed: Promise<void> | undefined;

  /** Resolves when nothing is in the way; undefined where nothing is. Never rejects. */
  get opening(): Promise<void> | undefined {
    return this.#closed;
  }

  /** Runs `pass` at once, or after `makeRoom` where `crowded`. */
  through<T>(pass: () => T, crowded: boolean, makeRoom: () => Promise<void>): MaybePromise<T> {
    if (this.#closed === undefined && !crowded) return pass();
    if (this.#closed === undefined) this.#closeUntil(makeRoom());
    return (this.#closed as unknown as Promise<void>).then(pass);
  }

  /** Runs `work` when all before it are through, and lets nobody else pass meanwhile. */
  async alone(work: () => Promise<void>): Promise<void> {
    while (this.#closed !== undefined) await this.#closed;
    const done = work();
    this.#closeUntil(done);
    await done;
  }

  /** What fails is told to whom it concerns; those who wait go on, and meet their own errors. */
  #closeUntil(done: Promise<void>): void {
    this.#closed = done
      .catch(() => undefined)
      .finally(() => {
        this.#closed = undefined;
      });
  }
}
