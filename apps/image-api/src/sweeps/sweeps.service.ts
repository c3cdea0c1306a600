/** Sweeps: checked whole, written whole, and queued as one flow of experiments under their comparison. */

import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Catalog, type NewSweepRun, type QueuedExperiment } from '@zonelab/catalog';
import {
  type CreateSweep,
  EXPERIMENTS_QUEUE,
  experimentDefinitionSchema,
  experimentJobId,
  jobPriority,
  type Page,
  type PageQuery,
  QUEUE_PREFIX,
  type ReportQuery,
  type Sweep,
  sweepJobId,
} from '@zonelab/contracts';
import { redisOptions } from '@zonelab/platform';
import {
  type ComparedRun,
  type ExperimentReport,
  expandSweep,
  WorkloadError,
} from '@zonelab/zone-workload';
import { FlowProducer } from 'bullmq';
import { comparisonDocument, type ReportDocument } from '../experiments/documents.ts';
import { refuseProblems, refuseUnrunnable } from '../experiments/unrunnable.ts';
import { invalidRequest } from '../http/validation.pipe.ts';
import { ENQUEUE_TIMEOUT_MS } from '../limits.ts';
import { type ImageApiOptions, OPTIONS } from '../options.ts';
import { TracesService } from '../traces/traces.service.ts';
import { withDeadline } from '../with-deadline.ts';

@Injectable()
export class SweepsService implements OnApplicationShutdown {
  private readonly flows: FlowProducer;

  constructor(
    private readonly catalog: Catalog,
    private readonly traces: TracesService,
    @Inject(OPTIONS) private readonly options: ImageApiOptions,
  ) {
    const connection = redisOptions(options.redisUrl);
    this.flows = new FlowProducer({ connection, prefix: QUEUE_PREFIX });
    this.flows.on('error', (err) => options.logger.warn({ err }, 'Redis'));
  }

  async onApplicationShutdown(): Promise<void> {
    await this.flows.close();
  }

  async create(body: CreateSweep): Promise<Sweep> {
    const { priority, timeoutSeconds } = body;
    const queueing = { priority, timeoutSeconds };
    const { sweep, experiments } = await this.catalog.sweeps.create(
      body,
      await this.pinned(runsOf(body)),
      queueing,
    );
    await this.enqueue(sweep.id, experiments);
    return sweep;
  }

  list(query: PageQuery): Promise<Page<Sweep>> {
    return this.catalog.sweeps.list(query);
  }

  get(id: string): Promise<Sweep> {
    return this.catalog.sweeps.get(id);
  }

  async report(id: string, { format }: ReportQuery): Promise<ReportDocument> {
    const comparison = await this.catalog.sweeps.comparison(id);
    if (format === 'json') return { type: 'application/json', content: comparison };
    const { name } = await this.catalog.sweeps.get(id);
    const swept = (await this.catalog.sweeps.endedReports(id)) ?? [];
    const runs = swept.map(
      ({ report, ...rest }): ComparedRun => ({
        ...rest,
        report: report as unknown as ExperimentReport,
      }),
    );
    return comparisonDocument(name ?? `sweep ${id}`, runs, format);
  }

  /** Where it has not finished: its experiments are cancelled; their workers ask the catalog, and stop. */
  delete(id: string): Promise<Sweep> {
    return this.catalog.sweeps.delete(id);
  }

  /** The runs with the hashes of their traces. */
  private async pinned(runs: readonly NewSweepRun[]): Promise<NewSweepRun[]> {
    const definitions = await this.traces.pin(
      runs.map(({ definition }) => definition),
      'base.',
    );
    return runs.map((run, index) => ({ ...run, definition: definitions[index] ?? run.definition }));
  }

  /** What Redis does not take now, workers put into the queue as they compare it with the catalog. */
  private async enqueue(sweepId: string, experiments: readonly QueuedExperiment[]): Promise<void> {
    const kept = { removeOnComplete: true, removeOnFail: true };
    const add = this.flows.add({
      name: 'compare',
      queueName: EXPERIMENTS_QUEUE,
      data: { sweepId },
      opts: { ...kept, jobId: sweepJobId(sweepId) },
      children: experiments.map(({ id, priority }) => ({
        name: 'run',
        queueName: EXPERIMENTS_QUEUE,
        data: { experimentId: id },
        opts: {
          ...kept,
          jobId: experimentJobId(id),
          priority: jobPriority(priority),
          ignoreDependencyOnFailure: true,
        },
      })),
    });
    await withDeadline(ENQUEUE_TIMEOUT_MS, add).catch((err: unknown) =>
      this.options.logger.warn({ err, sweepId }, 'not queued yet'),
    );
  }
}

/** Every run of the sweep, each of which can run. */
function runsOf({ base, mode, vary }: CreateSweep): NewSweepRun[] {
  return expanded(base, { mode, vary }).map(({ label, values, definition }) => {
    const parsed = experimentDefinitionSchema.safeParse(definition);
    if (!parsed.success) {
      throw invalidRequest(
        parsed.error.issues.map(({ path, message }) => ({
          path: ['base', ...path].join('.'),
          given: label,
          allowed: message,
        })),
      );
    }
    refuseUnrunnable(parsed.data, 'base.');
    return { label, values, definition: parsed.data };
  });
}

function expanded(base: object, sweep: Parameters<typeof expandSweep>[1]) {
  try {
    return expandSweep(base, sweep);
  } catch (error) {
    if (!(error instanceof WorkloadError) || !error.context.problems) throw error;
    refuseProblems(
      error.context.problems.map((problem) => ({
        ...problem,
        path: problem.path.replace(/^sweep\./, ''),
      })),
    );
    throw error;
  }
}
