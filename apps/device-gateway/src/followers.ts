/** Who follows the zones of an image, and what each has seen of them. */

import { ZoneWatch } from '@zonelab/qcow2-zoned';
import { FORGET_FOLLOWER_MS, MAX_FOLLOWERS } from './limits.ts';

interface Follower {
  readonly watch: ZoneWatch;
  askedAtMs: number;
}

export class Followers {
  /** In order of their last question. */
  private readonly known = new Map<string, Follower>();

  constructor(private readonly now: () => number = Date.now) {}

  /** The watch of a follower: a new one where it was not known, or has been forgotten. */
  watchOf(name: string): ZoneWatch {
    const nowMs = this.now();
    const follower = this.known.get(name) ?? { watch: new ZoneWatch(), askedAtMs: nowMs };
    follower.askedAtMs = nowMs;
    this.known.delete(name);
    this.known.set(name, follower);
    this.forget(nowMs);
    return follower.watch;
  }

  private forget(nowMs: number): void {
    for (const [name, { askedAtMs }] of this.known) {
      const late = nowMs - askedAtMs > FORGET_FOLLOWER_MS;
      if (!late && this.known.size <= MAX_FOLLOWERS) return;
      this.known.delete(name);
    }
  }
}
