/** Takes experiments off the queue and sees each to its end, however often workers and databases come and go. */
import { availableParallelism } from 'node:os';
import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { EXPERIMENTS_QUEUE, QUEUE_PREFIX } from '@zonelab/contracts';
import { type Logger, redisOptions } from '@zonelab/platform';
import { DelayedError, WaitingError, Worker } from 'bullmq';
import { MAX_STARTS, REPAIR_INTERVAL_MS } from '../limits.ts';
import { type JobTiming, LOGGER, REDIS_URL, TIMING } from '../tokens.ts';
import { type AnyJob, ExperimentQueue, type RunJob } from './experiment-queue.ts';
import { ExperimentRunner } from './experiment-runner.ts';
import { SweepComparison } from './sweep-comparison.ts';

@Injectable()
export class ExperimentWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly shutdown = new AbortController();
  private worker: Worker<AnyJob['data'], null, AnyJob['name']> | undefined;
  private repairTimer: NodeJS.Timeout | undefined;
  private repairing: Promise<void> | undefined;

  constructor(
    private readonly runner: ExperimentRunner,
    private readonly queue: ExperimentQueue,
    @Inject(REDIS_URL) private readonly redisUrl: string,
    @Inject(TIMING) private readonly timing: JobTiming,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly sweeps: SweepComparison,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.repair();
    this.repairTimer = setInterval(() => {
      this.repairing ??= this.repair().finally(() => {
        this.repairing = undefined;
      });
    }, REPAIR_INTERVAL_MS);
    this.worker = new Worker<AnyJob['data'], null, AnyJob['name']>(
      EXPERIMENTS_QUEUE,
      (job, token) => this.processAny(job, token),
      {
        connection: redisOptions(this.redisUrl),
        prefix: QUEUE_PREFIX,
        concurrency: availableParallelism(), // each run has a thread of its own
        lockDuration: this.timing.lockDurationMs,
        stalledInterval: this.timing.stalledIntervalMs,
        maxStalledCount: MAX_STARTS,
        removeOnComplete: { count: 0 },
        removeOnFail: { count: 0 },
      },
    );
    this.worker.on('error', (err) => this.logger.warn({ err }, 'experiments queue'));
    this.worker.on('failed', (job, err) =>
      this.logger.error({ err, ...job?.data }, 'job not ended'),
    );
    await this.worker.waitUntilReady();
  }

  /** Runs in hand go back to the queue, for the next worker. */
  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.repairTimer);
    const closed = this.worker?.close();
    this.shutdown.abort(new Error('the worker is shutting down'));
    await Promise.all([closed, this.repairing]);
  }

  private async processAny(job: AnyJob, token?: string): Promise<null> {
    if ('experimentId' in job.data) return this.process(job as RunJob, token);
    if (await this.sweeps.finish(job.data.sweepId)) return null;
    // queued again by a comparison with the catalog, while some of its runs still go on
    await job.moveToDelayed(Date.now() + this.timing.retryDelayMs, token);
    throw new DelayedError();
  }

  /** Once the catalog knows how an experiment ended, its job is done, be it a success or not. */
  private async process(job: RunJob, token?: string): Promise<null> {
    const { experimentId } = job.data;
    if (job.stalledCounter >= MAX_STARTS) return this.giveUp(job, 'its workers died');
    this.logger.info({ experimentId, start: job.attemptsStarted }, 'experiment started');
    try {
      await this.runner.run(experimentId, {
        signal: this.shutdown.signal,
        onProgress: (progress) => job.updateProgress({ ...progress }),
      });
    } catch (error) {
      return this.postpone(job, error, token);
    }
    this.logger.info({ experimentId }, 'experiment ended');
    return null;
  }

  /** Moves the job to where it waits for its next start, and throws what tells BullMQ so. */
  private async postpone(job: RunJob, error: unknown, token?: string): Promise<null> {
    if (this.shutdown.signal.aborted) {
      await job.moveToWait(token);
      throw new WaitingError();
    }
    const { message = String(error) } = error as Partial<Error>;
    if (job.attemptsStarted >= MAX_STARTS) return this.giveUp(job, message);
    this.logger.warn({ err: error, experimentId: job.data.experimentId }, 'experiment postponed');
    await job.moveToDelayed(Date.now() + this.timing.retryDelayMs, token);
    throw new DelayedError();
  }

  private async giveUp({ data, attemptsStarted }: RunJob, reason: string): Promise<null> {
    const message = `given up after ${attemptsStarted} starts: ${reason}`;
    this.logger.error({ experimentId: data.experimentId }, message);
    await this.runner.giveUp(data.experimentId, message);
    return null;
  }

  /** What fails now is tried again at the next interval. */
  private async repair(): Promise<void> {
    try {
      const queued = await this.queue.repair();
      if (queued.length > 0) this.logger.warn({ queued }, 'experiments put back into the queue');
    } catch (err) {
      this.logger.warn({ err }, 'the experiments queue could not be compared with the catalog');
    }
  }
}
