/** Takes work on images off the queues of the pools that this process reaches, and sees each to its end. */
import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { type ImageJobs, poolQueue, QUEUE_PREFIX } from '@zonelab/contracts';
import { type Logger, type Pool, redisOptions } from '@zonelab/platform';
import { DelayedError, type Job, WaitingError, Worker } from 'bullmq';
import { IMAGE_CONCURRENCY, MAX_IMAGE_STARTS, MAX_STARTS } from '../limits.ts';
import { type JobTiming, LOGGER, POOLS, REDIS_URL, TIMING } from '../tokens.ts';
import { ImageRunner, isPassing } from './image-runner.ts';

type WorkJob = Job<ImageJobs['work']['payload'], null, 'work'>;

@Injectable()
export class ImageWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly shutdown = new AbortController();
  private workers: Worker<WorkJob['data'], null, 'work'>[] = [];

  constructor(
    private readonly runner: ImageRunner,
    @Inject(POOLS) private readonly pools: readonly Pool[],
    @Inject(REDIS_URL) private readonly redisUrl: string,
    @Inject(TIMING) private readonly timing: JobTiming,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    this.workers = this.pools.map(({ name }) => {
      const worker = new Worker<WorkJob['data'], null, 'work'>(
        poolQueue(name),
        (job, token) => this.process(job, token),
        {
          connection: redisOptions(this.redisUrl),
          prefix: QUEUE_PREFIX,
          concurrency: IMAGE_CONCURRENCY,
          lockDuration: this.timing.lockDurationMs,
          stalledInterval: this.timing.stalledIntervalMs,
          maxStalledCount: MAX_STARTS,
          removeOnComplete: { count: 0 },
          removeOnFail: { count: 0 },
        },
      );
      worker.on('error', (err) => this.logger.warn({ err, pool: name }, 'image queue'));
      worker.on('failed', (job, err) =>
        this.logger.error({ err, ...job?.data }, 'image work not ended'),
      );
      return worker;
    });
    await Promise.all(this.workers.map((worker) => worker.waitUntilReady()));
  }

  /** Work in hand goes back to the queue, for the next worker. */
  async beforeApplicationShutdown(): Promise<void> {
    const closed = this.workers.map((worker) => worker.close());
    this.shutdown.abort(new Error('the worker is shutting down'));
    await Promise.all(closed);
  }

  private async process(job: WorkJob, token?: string): Promise<null> {
    const { imageId, workId } = job.data;
    if (job.stalledCounter >= MAX_STARTS) return this.giveUp(job, 'its workers died');
    try {
      await this.runner.run(imageId, workId, this.shutdown.signal);
    } catch (error) {
      return this.postpone(job, error, token);
    }
    this.logger.info({ imageId }, 'image work ended');
    return null;
  }

  /** Moves the job to where it waits for its next start, and throws what tells BullMQ so. */
  private async postpone(job: WorkJob, error: unknown, token?: string): Promise<null> {
    if (this.shutdown.signal.aborted) {
      await job.moveToWait(token);
      throw new WaitingError();
    }
    const starts = isPassing(error) ? MAX_IMAGE_STARTS : MAX_STARTS;
    this.logger.warn({ err: error, ...job.data }, 'image work postponed');
    if (job.attemptsStarted >= starts) return this.giveUp(job, reasonOf(error));
    await job.moveToDelayed(Date.now() + this.timing.retryDelayMs, token);
    throw new DelayedError();
  }

  private async giveUp({ data, attemptsStarted }: WorkJob, reason: string): Promise<null> {
    const message = `given up after ${attemptsStarted} starts: ${reason}`;
    this.logger.error({ ...data }, message);
    await this.runner.giveUp(data.imageId, data.workId, message);
    return null;
  }
}

/** What every viewer may read: the code alone, since messages can name paths of this host. */
function reasonOf(error: unknown): string {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : 'see the log of the worker';
}
