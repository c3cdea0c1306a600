/**
 * The right to write an image, kept up by renewing it. Whoever holds one asks before every write (`assertHeld`), and
 * the answer turns to no before the database lets anyone else in: the time is counted from before each request was
 * sent, by two clocks, and ends early by a margin. A process that was paused finds its lease ended when it goes on.
 *
 * What no clock can tell, a pause between the question and the write, is the lock of the file's: until the paused
 * process ends or lets go, the next holder cannot open the file.
 */

import { setTimeout as delay } from 'node:timers/promises';
import { CatalogError } from './errors.ts';
import type { LeasesRepository } from './repositories/leases.ts';

/** How long a lease lasts unless it is renewed: what a crashed owner costs the next. */
export const LEASE_MS = 15_000;

/** Twice may fail before it counts. */
const RENEW_EVERY_MS = LEASE_MS / 3;

/** A write that was allowed is in the file long before this is over. */
const MARGIN_MS = 3_000;

export interface LeaseClock {
  /** Milliseconds that never go back, and may stand still while the machine sleeps. */
  monotonic(): number;
  /** Milliseconds of the wall clock, which may jump. */
  wall(): number;
}

const HOST_CLOCK: LeaseClock = {
  monotonic: () => performance.now(),
  wall: () => Date.now(),
};

export interface Moment {
  readonly monotonic: number;
  readonly wall: number;
}

export interface LeaseOptions {
  /** Called once when the lease ends without `release`. */
  onLost?: (reason: string) => void;
  /** Called at once and with every renewal: until when it holds, by both clocks, whatever comes. */
  onHeld?: (until: Moment) => void;
  /** How long to wait for another holder to let go; not at all if left out. */
  patienceMs?: number;
  clock?: LeaseClock;
  durationMs?: number;
}

const ASK_AGAIN_MS = 200;

export class Lease {
  private renewed: Moment;
  private lost: string | undefined;
  private released = false;
  private readonly timer: NodeJS.Timeout;
  private readonly validForMs: number;

  /** Errors: `image_leased`, `not_found`. */
  static async take(
    leases: LeasesRepository,
    imageId: string,
    owner: string,
    options: LeaseOptions = {},
  ): Promise<Lease> {
    const { clock = HOST_CLOCK, durationMs = LEASE_MS, patienceMs = 0 } = options;
    const giveUp = clock.monotonic() + patienceMs;
    for (;;) {
      const asked = momentOf(clock);
      try {
        const token = await leases.take(imageId, owner, durationMs);
        return new Lease(leases, imageId, token, asked, options);
      } catch (error) {
        const leased = error instanceof CatalogError && error.code === 'image_leased';
        if (!leased || clock.monotonic() >= giveUp) throw error;
      }
      await delay(ASK_AGAIN_MS);
    }
  }

  private constructor(
    private readonly leases: LeasesRepository,
    readonly imageId: string,
    /** Grows with every lease of the image. */
    readonly token: bigint,
    asked: Moment,
    private readonly options: LeaseOptions,
  ) {
    const duration = options.durationMs ?? LEASE_MS;
    this.validForMs = duration * (1 - MARGIN_MS / LEASE_MS);
    this.renewed = asked;
    this.tellHeld();
    const every = (duration / LEASE_MS) * RENEW_EVERY_MS;
    this.timer = setInterval(() => void this.renew(), every).unref();
  }

  /** Throws `lease_lost` where the image may no longer be written. */
  assertHeld(): void {
    if (this.lost === undefined && this.age() >= this.validForMs)
      this.lose(`not renewed for ${Math.round(this.age())} ms`);
    if (this.lost === undefined && !this.released) return;
    const message = `image ${this.imageId}: the lease is ${this.lost ? `lost: ${this.lost}` : 'released'}`;
    throw new CatalogError('lease_lost', message, { resource: 'image', id: this.imageId });
  }

  /** To come after the last write. A database out of reach lets it run out. */
  async release(): Promise<void> {
    clearInterval(this.timer);
    this.released = true;
    if (this.lost === undefined) await this.leases.release(this.imageId, this.token);
  }

  private async renew(): Promise<void> {
    const asked = momentOf(this.options.clock ?? HOST_CLOCK);
    const duration = this.options.durationMs ?? LEASE_MS;
    const answer = await this.leases
      .renew(this.imageId, this.token, duration)
      .catch(() => undefined); // out of reach: the next try may come through
    if (this.released || this.lost !== undefined) return;
    if (answer) {
      this.renewed = asked;
      this.tellHeld();
    } else if (answer === false) this.lose('it ended before it was renewed');
    else if (this.age() >= this.validForMs) this.lose('the catalog is out of reach');
  }

  private tellHeld(): void {
    const { monotonic, wall } = this.renewed;
    const { validForMs } = this;
    this.options.onHeld?.({ monotonic: monotonic + validForMs, wall: wall + validForMs });
  }

  private age(): number {
    const now = momentOf(this.options.clock ?? HOST_CLOCK);
    return Math.max(now.monotonic - this.renewed.monotonic, now.wall - this.renewed.wall);
  }

  private lose(reason: string): void {
    clearInterval(this.timer);
    this.lost = reason;
    this.options.onLost?.(reason);
  }
}

function momentOf(clock: LeaseClock): Moment {
  return { monotonic: clock.monotonic(), wall: clock.wall() };
}
