/** Experiments: written to the catalog, and queued for a worker from there. */

import {
  Inject,
  Injectable,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { Catalog } from '@zonelab/catalog';
import {
  EXPERIMENTS_QUEUE,
  type Experiment,
  type ExperimentDefinition,
  type ExperimentReport,
  experimentJobId,
  type ListExperiments,
  type Page,
  QUEUE_PREFIX,
} from '@zonelab/contracts';
import { redisOptions } from '@zonelab/platform';
import { validate } from '@zonelab/zone-workload';
import { Queue } from 'bullmq';
import { invalidRequest } from '../http/validation.pipe.ts';
import { ENQUEUE_TIMEOUT_MS, SWEEP_EVERY_MS } from '../limits.ts';
import { type ImageApiOptions, OPTIONS } from '../options.ts';
import { withDeadline } from '../with-deadline.ts';

@Injectable()
export class ExperimentsService implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly queue: Queue;
  private sweeps: NodeJS.Timeout | undefined;

  constructor(
    private readonly catalog: Catalog,
    @Inject(OPTIONS) private readonly options: ImageApiOptions,
  ) {
    const connection = redisOptions(options.redisUrl);
    this.queue = new Queue(EXPERIMENTS_QUEUE, { connection, prefix: QUEUE_PREFIX });
    this.queue.on('error', (err) => options.logger.warn({ err }, 'Redis'));
  }

  onApplicationBootstrap(): void {
    this.sweep();
    this.sweeps = setInterval(() => this.sweep(), SWEEP_EVERY_MS).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.sweeps);
    await this.queue.close();
  }

  async create(definition: ExperimentDefinition): Promise<Experiment> {
    refuseUnrunnable(definition);
    const experiment = await this.catalog.experiments.create(definition);
    await this.enqueue(experiment.id);
    return experiment;
  }

  list(query: ListExperiments): Promise<Page<Experiment>> {
    return this.catalog.experiments.list(query);
  }

  get(id: string): Promise<Experiment> {
    return this.catalog.experiments.get(id);
  }

  report(id: string): Promise<ExperimentReport> {
    return this.catalog.experiments.report(id);
  }

  /** Its worker asks the catalog how it stands, and stops. */
  cancel(id: string): Promise<Experiment> {
    return this.catalog.experiments.cancel(id);
  }

  /** Redis may have lost jobs; one that it has is not queued twice. */
  private sweep(): void {
    const queueAll = async () => {
      for (const id of await this.catalog.experiments.unfinished()) await this.enqueue(id);
    };
    queueAll().catch((err: unknown) => this.options.logger.error({ err }, 'sweep failed'));
  }

  /** An experiment that Redis does not take now stays queued in the catalog, for the next sweep. */
  private async enqueue(experimentId: string): Promise<void> {
    const settings = {
      jobId: experimentJobId(experimentId),
      removeOnComplete: true,
      removeOnFail: true,
    };
    const add = this.queue.add('run', { experimentId }, settings);
    await withDeadline(ENQUEUE_TIMEOUT_MS, add).catch((err: unknown) =>
      this.options.logger.warn({ err, experimentId }, 'not queued yet'),
    );
  }
}

/** Refuses what the simulator would refuse: nothing is written down that cannot run. */
function refuseUnrunnable(definition: ExperimentDefinition): void {
  const problems = validate(definition);
  if (problems.length === 0) return;
  throw invalidRequest(
    problems.map(({ path, given, allowed }) => ({
      path: path.replace(/\[(\d+)\]/g, '.$1'),
      given: given === 'nothing' ? null : JSON.parse(given),
      allowed,
    })),
  );
}
