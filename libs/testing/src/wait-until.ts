/** Waiting in tests: for what happens, never for a length of time. */

import { setTimeout as delay } from 'node:timers/promises';

const POLL_EVERY_MS = 10;

/**
 * Asks until the answer is neither undefined nor false, and returns it.
 * @throws Error with `what` when it is not in time
 */
export async function waitUntil<T>(
  what: string,
  ask: () => T | undefined | false | Promise<T | undefined | false>,
  timeoutMs = 20_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > deadline) throw new Error(`not in ${timeoutMs} ms: ${what}`);
    await delay(POLL_EVERY_MS);
  }
}
