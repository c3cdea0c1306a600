/** The worker as one Nest application context. */
import 'reflect-metadata';
import {
  type DynamicModule,
  type INestApplicationContext,
  Inject,
  Injectable,
  Module,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Catalog } from '@zonelab/catalog';
import { EXPERIMENTS_QUEUE, QUEUE_PREFIX } from '@zonelab/contracts';
import { type Logger, nestLogger, type Pool, redisOptions } from '@zonelab/platform';
import { Queue } from 'bullmq';
import { ExperimentQueue } from './experiments/experiment-queue.ts';
import { ExperimentRunner } from './experiments/experiment-runner.ts';
import { ExperimentWorker } from './experiments/experiment-worker.ts';
import { SweepComparison } from './experiments/sweep-comparison.ts';
import { TraceFiles } from './experiments/trace-files.ts';
import { IMAGE_THREAD_URL, ImageRunner } from './images/image-runner.ts';
import { IMAGE_THREAD } from './images/image-thread.ts';
import { ImageWorker } from './images/image-worker.ts';
import { LOCK_DURATION_MS, RETRY_DELAY_MS, STALLED_INTERVAL_MS } from './limits.ts';
import { ImageTargets } from './mirror/image-targets.ts';
import { SIMULATION_THREAD } from './simulation/simulate.ts';
import { type JobTiming, LOGGER, POOLS, REDIS_URL, THREAD, TIMING } from './tokens.ts';

export interface WorkerOptions {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /** Where traces and images are. */
  readonly pools: readonly Pool[];
  readonly logger: Logger;
  /** Module that simulation threads run; default: the one beside this file. */
  readonly simulationThread?: URL;
  /** Module that image threads run; default: the one beside this file. */
  readonly imageThread?: URL;
  readonly timing?: Partial<JobTiming>;
}

const DEFAULT_TIMING: JobTiming = {
  retryDelayMs: RETRY_DELAY_MS,
  lockDurationMs: LOCK_DURATION_MS,
  stalledIntervalMs: STALLED_INTERVAL_MS,
};

/** Closes what the providers share, after they have stopped using it. */
@Injectable()
class Connections implements OnApplicationShutdown {
  constructor(
    private readonly catalog: Catalog,
    @Inject(Queue) private readonly queue: Queue,
  ) {}

  async onApplicationShutdown(): Promise<void> {
    await this.queue.close();
    await this.catalog.close();
  }
}

@Module({})
export class WorkerModule {
  static with(options: WorkerOptions): DynamicModule {
    const { databaseUrl, redisUrl, pools, logger, imageThread = IMAGE_THREAD } = options;
    const { simulationThread = SIMULATION_THREAD, timing } = options;
    return {
      module: WorkerModule,
      providers: [
        { provide: Catalog, useFactory: () => new Catalog(databaseUrl) },
        { provide: Queue, useFactory: () => createQueue(redisUrl, logger) },
        { provide: REDIS_URL, useValue: redisUrl },
        { provide: TIMING, useValue: { ...DEFAULT_TIMING, ...timing } },
        { provide: LOGGER, useValue: logger },
        { provide: POOLS, useValue: pools },
        { provide: THREAD, useValue: simulationThread },
        { provide: IMAGE_THREAD_URL, useValue: imageThread },
        Connections,
        ExperimentQueue,
        ExperimentRunner,
        TraceFiles,
        ImageTargets,
        SweepComparison,
        ExperimentWorker,
        ImageRunner,
        ImageWorker,
      ],
    };
  }
}

/** Takes up work as soon as it is made; `close()` gives back what is in hand. */
export function createWorker(options: WorkerOptions): Promise<INestApplicationContext> {
  return NestFactory.createApplicationContext(WorkerModule.with(options), {
    logger: nestLogger(options.logger),
    abortOnError: false,
  });
}

function createQueue(redisUrl: string, logger: Logger): Queue {
  const queue = new Queue(EXPERIMENTS_QUEUE, {
    connection: redisOptions(redisUrl),
    prefix: QUEUE_PREFIX,
  });
  queue.on('error', (err) => logger.warn({ err }, 'experiments queue'));
  return queue;
}
