/** How often a key may ask, and an address may try keys that are none. Counted in this process alone. */

import { Injectable } from '@nestjs/common';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { MAX_FAILED_KEYS_PER_MINUTE, MAX_REQUESTS_PER_MINUTE } from '../limits.ts';
import { ProblemError } from './problem.ts';

@Injectable()
export class Rates {
  private readonly requests = new RateLimiterMemory({
    points: MAX_REQUESTS_PER_MINUTE,
    duration: 60,
  });
  private readonly failures = new RateLimiterMemory({
    points: MAX_FAILED_KEYS_PER_MINUTE,
    duration: 60,
  });

  /** Throws the problem 429 where the key has asked too often. `quota`: its own limit, where it has one. */
  async countRequest(keyId: string, quota = MAX_REQUESTS_PER_MINUTE): Promise<void> {
    const allowed = Math.min(quota, MAX_REQUESTS_PER_MINUTE);
    const refused = refuse(`at most ${allowed} requests`);
    const counted = await this.requests.consume(keyId).catch(refused);
    if (counted.consumedPoints > allowed) refused(counted);
  }

  /** Throws the problem 429 where the address has tried too many. */
  async countFailure(address: string): Promise<void> {
    await this.failures
      .consume(address)
      .catch(refuse(`at most ${MAX_FAILED_KEYS_PER_MINUTE} refused keys`));
  }
}

function refuse(allowed: string) {
  return (reason: unknown): never => {
    if (!(reason instanceof RateLimiterRes)) throw reason;
    const retryAfterSeconds = Math.ceil(reason.msBeforeNext / 1000);
    throw new ProblemError({
      status: 429,
      code: 'too_many_requests',
      detail: `allowed are ${allowed} a minute; ask again in ${retryAfterSeconds} s`,
      context: { retryAfterSeconds },
    });
  };
}
