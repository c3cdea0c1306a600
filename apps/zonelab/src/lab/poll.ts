/** Waiting for what sends no event. */
import { setTimeout as delay } from 'node:timers/promises';
import { CliError } from '../errors.ts';
import { POLL_INTERVAL_MS } from '../limits.ts';

export interface PollOptions {
  /** What is waited for, for the message when it does not come. */
  readonly what: string;
  readonly timeoutMs: number;
  /** Ends the wait with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Calls `probe` until it answers something, at most until the deadline. */
export async function poll<T>(
  probe: () => Promise<T | undefined> | T | undefined,
  { what, timeoutMs, signal }: PollOptions,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    if (performance.now() >= deadline) {
      throw new CliError('failed', `${what}: not within ${timeoutMs / 1000} s`);
    }
    await delay(POLL_INTERVAL_MS);
    signal?.throwIfAborted();
  }
}
