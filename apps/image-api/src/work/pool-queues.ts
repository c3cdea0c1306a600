/** The queues of work on images, one for each pool: whoever reaches the pool serves it. */

import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { type ImageJobs, imageJobId, poolQueue, QUEUE_PREFIX } from '@zonelab/contracts';
import { redisOptions } from '@zonelab/platform';
import { Queue } from 'bullmq';
import { ENQUEUE_TIMEOUT_MS } from '../limits.ts';
import { type ImageApiOptions, OPTIONS } from '../options.ts';
import { withDeadline } from '../with-deadline.ts';

@Injectable()
export class PoolQueues implements OnApplicationShutdown {
  private readonly queues = new Map<string, Queue>();

  constructor(@Inject(OPTIONS) private readonly options: ImageApiOptions) {}

  /** What Redis does not take now stays in the catalog, for the next sweep. What it has is not queued twice. */
  async add(pool: string, payload: ImageJobs['work']['payload']): Promise<void> {
    const jobId = imageJobId(payload.workId);
    const settings = { jobId, removeOnComplete: true, removeOnFail: true };
    const added = this.queueOf(pool).add('work', payload, settings);
    await withDeadline(ENQUEUE_TIMEOUT_MS, added).catch((err: unknown) =>
      this.options.logger.warn({ err, ...payload }, 'not queued yet'),
    );
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([...this.queues.values()].map((queue) => queue.close()));
  }

  private queueOf(pool: string): Queue {
    const known = this.queues.get(pool);
    if (known) return known;
    const { redisUrl, logger } = this.options;
    const connection = redisOptions(redisUrl);
    const queue = new Queue(poolQueue(pool), { connection, prefix: QUEUE_PREFIX });
    queue.on('error', (err) => logger.warn({ err, pool }, 'Redis'));
    this.queues.set(pool, queue);
    return queue;
  }
}
