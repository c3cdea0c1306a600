/** What the queues hold, and who works on them: asked of Redis when somebody wants to see. */

import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Catalog } from '@zonelab/catalog';
import {
  EXPERIMENTS_QUEUE,
  FLEETS_QUEUE,
  gatewayQueue,
  poolQueue,
  QUEUE_PREFIX,
  type QueueState,
} from '@zonelab/contracts';
import { redisOptions } from '@zonelab/platform';
import { Queue } from 'bullmq';
import { ProblemError } from '../http/problem.ts';
import { READY_TIMEOUT_MS } from '../limits.ts';
import { type ImageApiOptions, OPTIONS } from '../options.ts';
import { withDeadline } from '../with-deadline.ts';

@Injectable()
export class QueuesService implements OnApplicationShutdown {
  private readonly queues = new Map<string, Queue>();

  constructor(
    private readonly catalog: Catalog,
    @Inject(OPTIONS) private readonly options: ImageApiOptions,
  ) {}

  /** Of this lab's services; those of gateways that are not alive are left out. */
  async list(): Promise<QueueState[]> {
    const gateways = await this.catalog.gateways.list();
    const names = [
      EXPERIMENTS_QUEUE,
      FLEETS_QUEUE,
      ...this.options.pools.map(({ name }) => poolQueue(name)),
      ...gateways.filter(({ alive }) => alive).map(({ id }) => gatewayQueue(id)),
    ];
    const reading = Promise.all(names.map((name) => this.read(name)));
    return withDeadline(READY_TIMEOUT_MS, reading).catch((cause: unknown) => {
      const detail = `Redis did not answer in ${READY_TIMEOUT_MS} ms`;
      throw new ProblemError({ status: 503, code: 'not_ready', detail }, { cause });
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([...this.queues.values()].map((queue) => queue.close()));
  }

  private async read(name: string): Promise<QueueState> {
    const queue = this.queue(name);
    const [counts, workers] = await Promise.all([
      queue.getJobCounts('wait', 'prioritized', 'waiting-children', 'delayed', 'active', 'failed'),
      queue.getWorkers(),
    ]);
    const { wait = 0, prioritized = 0, delayed = 0, active = 0, failed = 0 } = counts;
    return {
      name,
      waiting: wait + prioritized,
      ...{ delayed, active, failed },
      workers: workers.map(({ addr, age, idle }) => ({
        address: addr ?? '',
        connectedSeconds: Number(age ?? 0),
        idleSeconds: Number(idle ?? 0),
      })),
    };
  }

  private queue(name: string): Queue {
    const known = this.queues.get(name);
    if (known) return known;
    const { redisUrl, logger } = this.options;
    const queue = new Queue(name, { connection: redisOptions(redisUrl), prefix: QUEUE_PREFIX });
    queue.on('error', (err: Error) => logger.warn({ err, queue: name }, 'Redis'));
    this.queues.set(name, queue);
    return queue;
  }
}
