/** Experiments: written to the catalog, and queued for a worker from there. */

import {
  Inject,
  Injectable,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { Catalog, type QueuedExperiment } from '@zonelab/catalog';
import {
  type CompareQuery,
  type CreateExperiment,
  EXPERIMENTS_QUEUE,
  type Experiment,
  experimentJobId,
  jobPriority,
  type ListExperiments,
  type Page,
  QUEUE_PREFIX,
  type ReportQuery,
} from '@zonelab/contracts';
import { redisOptions } from '@zonelab/platform';
import {
  type ComparedRun,
  renderCsv,
  renderHtml,
  type ExperimentReport as SimulationReport,
} from '@zonelab/zone-workload';
import { Queue } from 'bullmq';
import { ENQUEUE_TIMEOUT_MS, SWEEP_EVERY_MS } from '../limits.ts';
import { type ImageApiOptions, OPTIONS } from '../options.ts';
import { TracesService } from '../traces/traces.service.ts';
import { withDeadline } from '../with-deadline.ts';
import { ByteAccurate } from './byte-accurate.ts';
import { comparisonDocument, type ReportDocument } from './documents.ts';
import { refuseUnrunnable } from './unrunnable.ts';

@Injectable()
export class ExperimentsService implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly queue: Queue;
  private sweeps: NodeJS.Timeout | undefined;

  constructor(
    private readonly catalog: Catalog,
    private readonly traces: TracesService,
    private readonly images: ByteAccurate,
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

  async create(body: CreateExperiment): Promise<Experiment> {
    const { priority, timeoutSeconds, imageId, ...asked } = body;
    const given = imageId === undefined ? asked : await this.images.onImage(imageId, asked);
    refuseUnrunnable(given);
    const [definition = given] = await this.traces.pin([given]);
    const queueing = { priority, timeoutSeconds, imageId };
    const experiment = await this.catalog.experiments.create(definition, queueing);
    await this.enqueue(experiment);
    return experiment;
  }

  list(query: ListExperiments): Promise<Page<Experiment>> {
    return this.catalog.experiments.list(query);
  }

  get(id: string): Promise<Experiment> {
    return this.catalog.experiments.get(id);
  }

  /** The report as JSON, as one of its tables, or as a page. */
  async report(id: string, { format, table }: ReportQuery): Promise<ReportDocument> {
    const report = await this.catalog.experiments.report(id);
    if (format === 'json') return { type: 'application/json', content: report };
    const simulated = report as unknown as SimulationReport;
    return format === 'html'
      ? { type: 'text/html', content: renderHtml(simulated) }
      : { type: 'text/csv', content: renderCsv(simulated)[table] };
  }

  /** Reports side by side, in the order asked for. */
  async compare({ ids, format }: CompareQuery): Promise<ReportDocument> {
    const runs: ComparedRun[] = [];
    for (const id of ids) {
      const { name, sweepLabel } = await this.catalog.experiments.get(id);
      const report = await this.catalog.experiments.report(id);
      const label = sweepLabel ?? name ?? id;
      runs.push({ label, values: {}, report: report as unknown as SimulationReport });
    }
    return comparisonDocument('comparison', runs, format);
  }

  /** Where it runs: its worker asks the catalog how it stands, and stops. */
  delete(id: string): Promise<Experiment> {
    return this.catalog.experiments.delete(id);
  }

  /** Redis may have lost jobs; one that it has is not queued twice. */
  private sweep(): void {
    const queueAll = async () => {
      for (const queued of await this.catalog.experiments.unfinished()) await this.enqueue(queued);
    };
    queueAll().catch((err: unknown) => this.options.logger.error({ err }, 'sweep failed'));
  }

  /** An experiment that Redis does not take now stays queued in the catalog, for the next sweep. */
  private async enqueue({ id: experimentId, priority }: QueuedExperiment): Promise<void> {
    const settings = {
      jobId: experimentJobId(experimentId),
      priority: jobPriority(priority),
      removeOnComplete: true,
      removeOnFail: true,
    };
    const add = this.queue.add('run', { experimentId }, settings);
    await withDeadline(ENQUEUE_TIMEOUT_MS, add).catch((err: unknown) =>
      this.options.logger.warn({ err, experimentId }, 'not queued yet'),
    );
  }
}
