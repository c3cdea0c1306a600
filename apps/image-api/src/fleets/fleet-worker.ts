/**
 * Takes changes of fleets off the queue, here rather than in a worker of its own: this process makes images and exports,
 * and holds those that rest. A disk belongs to one job at a time, also where two changes follow each other closely.
 */

import { randomBytes } from 'node:crypto';
import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { Catalog } from '@zonelab/catalog';
import { FLEETS_QUEUE, type FleetJobs, QUEUE_PREFIX } from '@zonelab/contracts';
import { redisOptions } from '@zonelab/platform';
import { DelayedError, type Job, Worker } from 'bullmq';
import {
  CLAIM_ASK_AGAIN_MS,
  DISK_CLAIM_MS,
  FLEET_DISKS_AT_ONCE,
  FLEET_LOCK_MS,
  REPAIR_FLEETS_EVERY_MS,
} from '../limits.ts';
import { type ImageApiOptions, OPTIONS } from '../options.ts';
import { DiskSteps } from './disk-steps.ts';
import { FleetQueue } from './fleet-queue.ts';

type DiskPayload = FleetJobs['disk']['payload'];
type SettlePayload = FleetJobs['settle']['payload'];
type FleetJob = Job<DiskPayload | SettlePayload, null, keyof FleetJobs>;

@Injectable()
export class FleetWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private worker: Worker<FleetJob['data'], null, keyof FleetJobs> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private repairing: Promise<void> = Promise.resolve();

  constructor(
    private readonly catalog: Catalog,
    private readonly steps: DiskSteps,
    private readonly queue: FleetQueue,
    @Inject(OPTIONS) private readonly options: ImageApiOptions,
  ) {}

  onApplicationBootstrap(): void {
    const { redisUrl, logger } = this.options;
    const worker = new Worker<FleetJob['data'], null, keyof FleetJobs>(
      FLEETS_QUEUE,
      (job: FleetJob, token?: string) => this.process(job, token),
      {
        connection: redisOptions(redisUrl),
        prefix: QUEUE_PREFIX,
        concurrency: FLEET_DISKS_AT_ONCE,
        lockDuration: FLEET_LOCK_MS,
        stalledInterval: FLEET_LOCK_MS / 2,
        // a dead process is no fault of the disk: what it was doing can be done again any number of times
        maxStalledCount: Number.MAX_SAFE_INTEGER,
      },
    );
    worker.on('error', (err) => logger.warn({ err }, 'fleets queue'));
    worker.on('failed', (job, err) => logger.warn({ err, ...job?.data }, 'disk not as wanted yet'));
    this.worker = worker;
    this.repair();
    this.timer = setInterval(() => this.repair(), REPAIR_FLEETS_EVERY_MS).unref();
  }

  /** Disks in hand are finished; the others wait for the next process. */
  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.repairing;
    await this.worker?.close();
  }

  private async process(job: FleetJob, token?: string): Promise<null> {
    if ('generation' in job.data) {
      const { fleetId, generation } = job.data;
      await this.catalog.fleets.settle(fleetId, generation);
      return null;
    }
    const { fleetId, disk } = job.data;
    const owner = `${job.id} ${randomBytes(4).toString('hex')}`;
    const claim = () => this.catalog.fleetDisks.claim(fleetId, disk, owner, DISK_CLAIM_MS);
    const claimed = await claim();
    if (claimed === undefined) return null;
    if (!claimed) {
      await job.moveToDelayed(Date.now() + CLAIM_ASK_AGAIN_MS, token);
      throw new DelayedError();
    }
    // one that fails is made up for by the next, before the claim ends
    const renewal = setInterval(() => void claim().catch(() => undefined), DISK_CLAIM_MS / 4);
    try {
      await this.steps.bring(fleetId, disk);
    } finally {
      clearInterval(renewal);
      await this.catalog.fleetDisks.release(fleetId, disk, owner);
    }
    return null;
  }

  private repair(): void {
    const { logger } = this.options;
    this.repairing = this.queue
      .repair()
      .catch((err: unknown) => logger.warn({ err }, 'fleets not compared with the queue'));
  }
}
