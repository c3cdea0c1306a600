/**
 * Keeps the order of calls. Most pass at once; while a flush makes room, or one call has the whole image to itself,
 * the others wait behind it, first come, first served.
 */

/** The answer itself where there was nothing to wait for. */
export type MaybePromise<T> = T | Promise<T>;

export class Turnstile {
  /** The last of those who wait, or who let others wait; undefined where nobody does. Never rejects. */
  #last: Promise<void> | undefined;

  /** `crowded`: whether `makeRoom` must come before a change. */
  constructor(
    private readonly crowded: () => boolean,
    private readonly makeRoom: () => Promise<void>,
  ) {}

  /** Runs a call that takes no room: at once, or behind those who wait. */
  pass<T>(call: () => MaybePromise<T>): MaybePromise<T> {
    return this.#last === undefined ? call() : this.#queue(async (): Promise<T> => call());
  }

  /** Runs a change: at once where there is room and nobody waits. */
  change<T>(call: () => MaybePromise<T>): MaybePromise<T> {
    if (this.#last === undefined && !this.crowded()) return call();
    return this.#queue(async (): Promise<T> => {
      if (this.crowded()) await this.makeRoom();
      return call();
    });
  }

  /** Runs `work` when all before it are through, and lets nobody else pass meanwhile. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    return this.#queue(work);
  }

  /** What fails is told to whom it concerns; those behind go on, and meet their own errors. */
  #queue<T>(work: () => Promise<T>): Promise<T> {
    const done = (this.#last ?? Promise.resolve()).then(work);
    const settled = done.then(
      () => undefined,
      () => undefined,
    );
    this.#last = settled;
    settled.then(() => {
      if (this.#last === settled) this.#last = undefined;
    });
    return done;
  }
}
