/** An answer, or the end of the time for it. */

import { setTimeout as delay } from 'node:timers/promises';

/** Rejects with `'late'` when `answer` takes longer; the answer is then ignored, whatever it is. */
export async function withDeadline<T>(timeoutMs: number, answer: Promise<T>): Promise<T> {
  const timer = new AbortController();
  answer.catch(() => undefined);
  const late = delay(timeoutMs, 'late' as const, { signal: timer.signal });
  try {
    return await Promise.race([answer, late.then((reason) => Promise.reject(reason))]);
  } finally {
    late.catch(() => undefined);
    timer.abort();
  }
}
