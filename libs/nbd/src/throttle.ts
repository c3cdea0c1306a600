/**
 * A rate, kept as a balance that grows with time and may be overdrawn once: a request goes while the balance is
 * positive, whatever it costs, and the next one waits until the debt is paid. So large requests need no large burst.
 */

import { THROTTLE_BURST_MS } from './limits.ts';

/** Limits a second; what is left out is not limited. */
export interface Rates {
  readonly iops?: number;
  readonly bytesPerSecond?: number;
}

class Bucket {
  private balance: number;
  private readonly burst: number;
  private readonly perMs: number;

  constructor(
    perSecond: number,
    private at: number,
  ) {
    this.perMs = perSecond / 1000;
    // at least one unit, or a slow rate would never let anything go
    this.burst = Math.max(1, this.perMs * THROTTLE_BURST_MS);
    this.balance = this.burst;
  }

  /** Milliseconds until something may go; 0 for now. */
  delay(now: number): number {
    this.balance = Math.min(this.burst, this.balance + (now - this.at) * this.perMs);
    this.at = now;
    return this.balance > 0 ? 0 : (1 - this.balance) / this.perMs;
  }

  take(amount: number): void {
    this.balance -= amount;
  }
}

export class Throttle {
  private readonly requests: Bucket | undefined;
  private readonly bytes: Bucket | undefined;

  constructor(
    { iops, bytesPerSecond }: Rates,
    private readonly now: () => number,
  ) {
    if (iops !== undefined) this.requests = new Bucket(iops, now());
    if (bytesPerSecond !== undefined) this.bytes = new Bucket(bytesPerSecond, now());
  }

  /** Milliseconds until the next request may go; 0 for now. */
  delay(): number {
    const now = this.now();
    return Math.max(this.requests?.delay(now) ?? 0, this.bytes?.delay(now) ?? 0);
  }

  take(bytes: number): void {
    this.requests?.take(1);
    this.bytes?.take(bytes);
  }
}
