/** Experiments in the catalog. Only the worker that runs one moves it on, and only until it is cancelled. */

import type {
  Experiment,
  ExperimentDefinition,
  ExperimentReport,
  ListExperiments,
  Page,
  Queueing,
} from '@zonelab/contracts';
import { CatalogError, notFound, reportExpired } from '../errors.ts';
import type { Experiment as ExperimentRow, Prisma, PrismaClient } from '../generated/client.ts';
import { pageArguments, toPage } from '../page.ts';

/** Reports can be large, and are read alone. */
const WITHOUT_REPORT = { report: true } as const;

type Row = Omit<ExperimentRow, 'report'>;
export type ExperimentSummary = NonNullable<Experiment['summary']>;

/** What its job needs. */
export interface QueuedExperiment {
  readonly id: string;
  readonly priority: number;
}

export interface StartedExperiment {
  readonly definition: ExperimentDefinition;
  readonly timeoutSeconds: number | null;
  readonly imageId: string | null;
  /** The token of the lease under which an earlier start wrote to the image. */
  readonly imageLease: bigint | null;
}

export class ExperimentsRepository {
  constructor(
    private readonly prisma: PrismaClient,
    private readonly now: () => Date = () => new Date(),
  ) {}

  async create(definition: ExperimentDefinition, queueing: Queueing = {}): Promise<Experiment> {
    const { priority = 0, timeoutSeconds = null, imageId = null } = queueing;
    const data = { name: definition.name ?? null, definition, priority, timeoutSeconds, imageId };
    return toExperiment(await this.prisma.experiment.create({ data, omit: WITHOUT_REPORT }));
  }

  /** Errors: `not_found`. */
  async get(id: string): Promise<Experiment> {
    const row = await this.prisma.experiment.findUnique({ where: { id }, omit: WITHOUT_REPORT });
    if (!row) throw notFound('experiment', id);
    return toExperiment(row);
  }

  async list({ status, sweepId, ...page }: ListExperiments): Promise<Page<Experiment>> {
    const { where, ...rest } = pageArguments(page);
    const filters = { ...where, ...(status && { status }), ...(sweepId && { sweepId }) };
    const rows = await this.prisma.experiment.findMany({
      ...rest,
      where: filters,
      omit: WITHOUT_REPORT,
    });
    return toPage(rows, page.limit, toExperiment);
  }

  /** Errors: `not_found`, `state_conflict` unless it succeeded. */
  async report(id: string): Promise<ExperimentReport> {
    const row = await this.prisma.experiment.findUnique({ where: { id } });
    if (!row) throw notFound('experiment', id);
    if (row.report === null && row.status === 'succeeded') throw reportExpired('experiment', id);
    if (row.report === null) {
      const message = `experiment ${id}: its status is ${row.status}, a report needs succeeded`;
      const context = { resource: 'experiment', id, state: row.status };
      throw new CatalogError('state_conflict', message, context);
    }
    return row.report as ExperimentReport;
  }

  /** Those whose jobs must be in the queue: what rebuilds it after Redis lost it. */
  async unfinished(): Promise<readonly QueuedExperiment[]> {
    return this.prisma.experiment.findMany({
      where: { status: { in: ['queued', 'running'] } },
      select: { id: true, priority: true },
      orderBy: { id: 'asc' },
    });
  }

  /**
   * Takes up a queued experiment, or again one whose worker died. Undefined where there is nothing to do: it is
   * cancelled, finished or gone.
   */
  async start(id: string): Promise<StartedExperiment | undefined> {
    const [row] = await this.prisma.experiment.updateManyAndReturn({
      where: { id, status: { in: ['queued', 'running'] } },
      data: { status: 'running', progress: 0, startedAt: this.now() },
      omit: WITHOUT_REPORT,
    });
    if (!row) return undefined;
    return {
      definition: row.definition as unknown as ExperimentDefinition,
      timeoutSeconds: row.timeoutSeconds,
      imageId: row.imageId,
      imageLease: row.imageLease,
    };
  }

  /** To come before the first write to the image. False where the experiment no longer runs. */
  beginImage(id: string, imageLease: bigint): Promise<boolean> {
    return this.move(id, ['running'], { imageLease });
  }

  /** `progress` from 0 to 1. False where the experiment no longer runs, so that its worker must stop. */
  progress(id: string, progress: number): Promise<boolean> {
    return this.move(id, ['running'], { progress });
  }

  /** False where it was cancelled meanwhile; the report is dropped then. */
  succeed(
    id: string,
    report: ExperimentReport,
    summary?: ExperimentSummary,
    verifiedBytes?: number,
  ): Promise<boolean> {
    return this.finish(id, ['running'], {
      status: 'succeeded',
      progress: 1,
      ...summary,
      ...(verifiedBytes !== undefined && { verifiedBytes: BigInt(verifiedBytes) }),
      report: report as Prisma.InputJsonObject,
    });
  }

  fail(id: string, error: string): Promise<boolean> {
    return this.finish(id, ['queued', 'running'], { status: 'failed', error });
  }

  /** No change where it has ended already. Errors: `not_found`. */
  async cancel(id: string): Promise<Experiment> {
    await this.finish(id, ['queued', 'running'], { status: 'cancelled' });
    return this.get(id);
  }

  /**
   * Cancels it where it has not ended, and takes it out where it has; answers it as it is then, or was.
   * Errors: `not_found`; `state_conflict` where it has ended and belongs to a sweep.
   */
  async delete(id: string): Promise<Experiment> {
    if (await this.finish(id, ['queued', 'running'], { status: 'cancelled' })) return this.get(id);
    const experiment = await this.get(id);
    const { status, sweepId } = experiment;
    if (sweepId !== null) {
      const message = `experiment ${id}: it has ended as ${status}, and goes with its sweep ${sweepId}`;
      throw new CatalogError('state_conflict', message, {
        resource: 'experiment',
        id,
        state: status,
      });
    }
    await this.prisma.experiment.deleteMany({ where: { id } });
    return experiment;
  }

  /** Drops the reports of those that ended before; their summaries stay. */
  async dropReports(finishedBefore: Date): Promise<void> {
    await this.prisma.$executeRaw`
      UPDATE experiments SET report = NULL WHERE finished_at < ${finishedBefore} AND report IS NOT NULL`;
  }

  private finish(
    id: string,
    from: ExperimentRow['status'][],
    data: Prisma.ExperimentUpdateManyMutationInput,
  ): Promise<boolean> {
    return this.move(id, from, { ...data, finishedAt: this.now() });
  }

  private async move(
    id: string,
    from: ExperimentRow['status'][],
    data: Prisma.ExperimentUpdateManyMutationInput,
  ): Promise<boolean> {
    const where = { id, status: { in: from } };
    return (await this.prisma.experiment.updateMany({ where, data })).count === 1;
  }
}

/** At the pace since its start; null unless it runs and has come somewhere. */
function remainingSeconds({ status, progress, startedAt }: Row): number | null {
  if (status !== 'running' || startedAt === null || progress <= 0) return null;
  const elapsed = (Date.now() - startedAt.getTime()) / 1000;
  return Math.max(0, Math.round((elapsed / progress) * (1 - progress) * 10) / 10);
}

function toSummary(row: Row): Experiment['summary'] {
  const { durationNs, iops, readBytesPerSecond, writtenBytesPerSecond } = row;
  const { p99LatencyNs, writeAmplification } = row;
  if (durationNs === null) return null;
  return {
    durationNs,
    iops,
    readBytesPerSecond,
    writtenBytesPerSecond,
    p99LatencyNs,
    writeAmplification,
  };
}

export function toExperiment(row: Row): Experiment {
  const definition = row.definition as unknown as ExperimentDefinition;
  return {
    id: row.id,
    name: row.name,
    status: row.status,
    progress: row.progress,
    seed: definition.seed,
    definition: { ...definition },
    error: row.error,
    priority: row.priority,
    timeoutSeconds: row.timeoutSeconds,
    remainingSeconds: remainingSeconds(row),
    imageId: row.imageId,
    verifiedBytes: row.verifiedBytes === null ? null : Number(row.verifiedBytes),
    sweepId: row.sweepId,
    sweepLabel: row.sweepLabel,
    summary: toSummary(row),
    createdAt: row.createdAt.toISOString(),
    startedAt: row.startedAt?.toISOString() ?? null,
    finishedAt: row.finishedAt?.toISOString() ?? null,
  };
}
