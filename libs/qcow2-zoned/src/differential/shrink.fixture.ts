/** Makes a failing sequence short: greedy removal of steps, then plainer options. */

import { simpler } from './options.fixture.ts';
import { Mismatch, play } from './play.fixture.ts';
import type { Sequence } from './steps.fixture.ts';

/** Sequences tried: some tens of seconds at most. */
const MOST_TRIES = 60;

/** The shortest sequence found that still fails, with how it fails. */
export async function shrink(
  sequence: Sequence,
  failure: Mismatch,
): Promise<{ sequence: Sequence; failure: Mismatch }> {
  let best = { sequence, failure };
  let tries = 0;
  const attempt = async (candidate: Sequence): Promise<boolean> => {
    if (tries++ >= MOST_TRIES) return false;
    const found = await failureOf(candidate);
    if (found === undefined) return false;
    best = { sequence: candidate, failure: found };
    return true;
  };
  for (
    let chunk = Math.ceil(sequence.steps.length / 2);
    chunk >= 1;
    chunk = Math.floor(chunk / 2)
  ) {
    for (let at = 0; at < best.sequence.steps.length; ) {
      const { steps } = best.sequence;
      const rest = [...steps.slice(0, at), ...steps.slice(at + chunk)];
      if (!(await attempt({ ...best.sequence, steps: rest }))) at += chunk;
    }
  }
  for (const choice of simpler(best.sequence.choice)) await attempt({ ...best.sequence, choice });
  return best;
}

/** Undefined where the sequence plays to its end. */
export async function failureOf(sequence: Sequence): Promise<Mismatch | undefined> {
  try {
    await play(sequence);
    return undefined;
  } catch (error) {
    if (error instanceof Mismatch) return error;
    throw error;
  }
}
