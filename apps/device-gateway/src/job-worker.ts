/** Jobs of this gateway's queue. The map below has a handler for each, with its payload and result. */

import { Inject, Injectable } from '@nestjs/common';
import {
  type GatewayJobName,
  type GatewayPayload,
  type GatewayResult,
  gatewayQueue,
  QUEUE_PREFIX,
} from '@zonelab/contracts';
import { type Config, connectRedis, type Logger } from '@zonelab/platform';
import { type Job, UnrecoverableError, Worker } from 'bullmq';
import { Attachments } from './attachments.ts';
import { ExportService } from './export-service.ts';
import { JOB_CONCURRENCY } from './limits.ts';
import { outcomeOf } from './refusals.ts';
import { CONFIG, LOGGER } from './tokens.ts';

type Handlers = {
  [N in GatewayJobName]: (payload: GatewayPayload<N>) => Promise<GatewayResult<N>>;
};

@Injectable()
export class JobWorker {
  private worker: Worker | undefined;
  private redis: ReturnType<typeof connectRedis> | undefined;
  private readonly handlers: Handlers;

  constructor(
    exports: ExportService,
    attachments: Attachments,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.handlers = {
      attach: (payload) => outcomeOf(async () => ({ uri: await exports.attach(payload) })),
      detach: ({ exportId }) =>
        outcomeOf(async () => {
          await exports.detach(exportId);
          return null;
        }),
      update: (payload) =>
        outcomeOf(async () => {
          await attachments.update(payload);
          return null;
        }),
      exportStats: ({ exportId }) => outcomeOf(() => attachments.stats(exportId)),
      resize: (payload) =>
        outcomeOf(async () => {
          await exports.resize(payload);
          return null;
        }),
      manageZones: (payload) =>
        outcomeOf(async () => ({ zone: await attachments.manage(payload) })),
      zoneChanges: (payload) => outcomeOf(() => attachments.changes(payload)),
      countZones: ({ imageIds }) =>
        outcomeOf(async () => ({ items: await attachments.countZones(imageIds) })),
      reportZones: (payload) => outcomeOf(() => attachments.report(payload)),
      setFaults: (payload) =>
        outcomeOf(async () => {
          await attachments.setFaults(payload);
          return null;
        }),
      faultStatus: ({ imageId }) => outcomeOf(() => attachments.faultStatus(imageId)),
    };
  }

  /** Takes jobs from now on; waits for Redis as long as that takes, without holding anything else up. */
  start(): void {
    const warn = (err: Error) => this.logger.warn({ err }, 'job queue out of reach');
    const redis = connectRedis(this.config.redisUrl).on('error', warn);
    const worker = new Worker(gatewayQueue(this.config.gatewayId), (job) => this.handle(job), {
      connection: redis,
      prefix: QUEUE_PREFIX,
      concurrency: JOB_CONCURRENCY,
    });
    worker.on('error', warn);
    worker.on('failed', (job, err) =>
      this.logger.error({ err, job: job?.name, data: job?.data }, 'job failed'),
    );
    this.worker = worker;
    this.redis = redis;
  }

  /** Takes no more jobs, and waits for those in hand; without Redis nobody would hear their answers. */
  async stop(): Promise<void> {
    await this.worker?.close(this.redis?.status !== 'ready');
    this.redis?.disconnect();
  }

  private handle(job: Job): Promise<unknown> {
    const handler = this.handlers[job.name as GatewayJobName] as
      | ((payload: unknown) => Promise<unknown>)
      | undefined;
    if (handler !== undefined) return handler(job.data);
    const known = Object.keys(this.handlers).join(', ');
    throw new UnrecoverableError(`job name: got ${job.name}, allowed are ${known}`);
  }
}
