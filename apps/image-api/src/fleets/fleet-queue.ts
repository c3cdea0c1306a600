/** Changes of fleets in the queue: one flow each, its disks under the one job that writes down what came of them. */

import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Catalog, type FleetChange } from '@zonelab/catalog';
import { FLEETS_QUEUE, fleetDiskJobId, fleetJobId, QUEUE_PREFIX } from '@zonelab/contracts';
import { redisOptions } from '@zonelab/platform';
import { FlowProducer, Queue } from 'bullmq';
import { DISK_ATTEMPTS, DISK_RETRY_DELAY_MS, ENQUEUE_TIMEOUT_MS } from '../limits.ts';
import { type ImageApiOptions, OPTIONS } from '../options.ts';
import { withDeadline } from '../with-deadline.ts';

const FORGOTTEN = { removeOnComplete: true, removeOnFail: true } as const;

@Injectable()
export class FleetQueue implements OnApplicationShutdown {
  private readonly flows: FlowProducer;
  private readonly queue: Queue;

  constructor(
    private readonly catalog: Catalog,
    @Inject(OPTIONS) private readonly options: ImageApiOptions,
  ) {
    const settings = { connection: redisOptions(options.redisUrl), prefix: QUEUE_PREFIX };
    this.flows = new FlowProducer(settings);
    this.queue = new Queue(FLEETS_QUEUE, settings);
    const warn = (err: Error) => options.logger.warn({ err }, 'Redis');
    this.flows.on('error', warn);
    this.queue.on('error', warn);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.flows.close();
    await this.queue.close();
  }

  /** What Redis does not take now is queued once the catalog is compared with it. */
  async enqueue(fleetId: string): Promise<void> {
    const change = await this.catalog.fleets.changeOf(fleetId);
    if (!change) return;
    await withDeadline(ENQUEUE_TIMEOUT_MS, this.add(change)).catch((err: unknown) =>
      this.options.logger.warn({ err, fleetId }, 'not queued yet'),
    );
  }

  /** Queues every change that has not ended and has no job. */
  async repair(): Promise<void> {
    for (const change of await this.catalog.fleets.unsettled()) {
      const job = await this.queue.getJob(fleetJobId(change.fleetId, change.generation));
      const state = await job?.getState();
      if (job && state !== 'completed' && state !== 'failed' && state !== 'unknown') continue;
      await job?.remove();
      await this.add(change);
    }
  }

  private async add({ fleetId, generation, disks }: FleetChange): Promise<void> {
    await this.flows.add({
      name: 'settle',
      queueName: FLEETS_QUEUE,
      data: { fleetId, generation },
      opts: { ...FORGOTTEN, jobId: fleetJobId(fleetId, generation), attempts: DISK_ATTEMPTS },
      children: disks.map((disk) => ({
        name: 'disk',
        queueName: FLEETS_QUEUE,
        data: { fleetId, disk },
        opts: {
          ...FORGOTTEN,
          jobId: fleetDiskJobId(fleetId, generation, disk),
          attempts: DISK_ATTEMPTS,
          backoff: { type: 'exponential', delay: DISK_RETRY_DELAY_MS },
          ignoreDependencyOnFailure: true,
        },
      })),
    });
  }
}
