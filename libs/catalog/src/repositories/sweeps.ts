/** Sweeps in the catalog: their experiments are rows of their own, written together with them. */

import type {
  Comparison,
  CreateSweep,
  ExperimentDefinition,
  ExperimentReport,
  Page,
  PageQuery,
  Queueing,
  Sweep,
} from '@zonelab/contracts';
import { CatalogError, notFound, reportExpired } from '../errors.ts';
import type { Prisma, PrismaClient, Sweep as SweepRow } from '../generated/client.ts';
import { pageArguments, toPage } from '../page.ts';
import type { QueuedExperiment } from './experiments.ts';

export interface NewSweepRun {
  readonly label: string;
  readonly values: Readonly<Record<string, unknown>>;
  readonly definition: ExperimentDefinition;
}

/** One ended run, for the comparison. */
export interface SweptReport {
  readonly label: string;
  readonly values: Readonly<Record<string, unknown>>;
  readonly report: ExperimentReport;
}

const WITHOUT_COMPARISON = { comparison: true } as const;
const RUNS = { experiments: { select: { status: true, progress: true } } } as const;

type Row = Omit<SweepRow, 'comparison'> & {
  experiments: { status: keyof Counts; progress: number }[];
};
type Counts = Record<'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled', number>;

export class SweepsRepository {
  constructor(
    private readonly prisma: PrismaClient,
    private readonly now: () => Date = () => new Date(),
  ) {}

  /** The sweep and all its experiments, or nothing. Returns what their jobs need, in order. */
  async create(
    sweep: CreateSweep,
    runs: readonly NewSweepRun[],
    { priority = 0, timeoutSeconds = null }: { [K in keyof Queueing]: Queueing[K] | null },
  ): Promise<{ sweep: Sweep; experiments: readonly QueuedExperiment[] }> {
    const { name = null } = sweep;
    const row = await this.prisma.sweep.create({
      data: {
        name,
        definition: sweep as unknown as Prisma.InputJsonObject,
        experiments: {
          create: runs.map(({ label, values, definition }, sweepIndex) => ({
            name: definition.name ?? null,
            definition,
            priority: priority ?? 0,
            timeoutSeconds: timeoutSeconds ?? null,
            sweepIndex,
            sweepLabel: label,
            sweepValues: values as Prisma.InputJsonObject,
          })),
        },
      },
      omit: WITHOUT_COMPARISON,
      include: {
        experiments: {
          select: { id: true, priority: true, status: true, progress: true },
          orderBy: { sweepIndex: 'asc' },
        },
      },
    });
    return { sweep: toSweep(row), experiments: row.experiments };
  }

  /** Errors: `not_found`. */
  async get(id: string): Promise<Sweep> {
    const row = await this.prisma.sweep.findUnique({
      where: { id },
      omit: WITHOUT_COMPARISON,
      include: RUNS,
    });
    if (!row) throw notFound('sweep', id);
    return toSweep(row);
  }

  async list(page: PageQuery): Promise<Page<Sweep>> {
    const rows = await this.prisma.sweep.findMany({
      ...pageArguments(page),
      omit: WITHOUT_COMPARISON,
      include: RUNS,
    });
    return toPage(rows, page.limit, toSweep);
  }

  /** Errors: `not_found`; `state_conflict` until all its experiments have ended. */
  async comparison(id: string): Promise<Comparison> {
    const row = await this.prisma.sweep.findUnique({ where: { id } });
    if (!row) throw notFound('sweep', id);
    if (row.comparison === null && row.finishedAt !== null) throw reportExpired('sweep', id);
    if (row.comparison === null) {
      const message = `sweep ${id}: a comparison needs all its experiments to have ended`;
      throw new CatalogError('state_conflict', message, {
        resource: 'sweep',
        id,
        state: 'running',
      });
    }
    return row.comparison as Comparison;
  }

  /** Reports of the runs that succeeded, in order; undefined while any run has not ended, or where there is no sweep. */
  async endedReports(id: string): Promise<readonly SweptReport[] | undefined> {
    const rows = await this.prisma.experiment.findMany({
      where: { sweepId: id },
      orderBy: { sweepIndex: 'asc' },
      select: { status: true, sweepLabel: true, sweepValues: true, report: true },
    });
    const open = rows.some(({ status }) => status === 'queued' || status === 'running');
    if (open || rows.length === 0) return undefined;
    return rows
      .filter(({ report }) => report !== null)
      .map(({ sweepLabel, sweepValues, report }) => ({
        label: sweepLabel ?? '',
        values: (sweepValues ?? {}) as Record<string, unknown>,
        report: report as ExperimentReport,
      }));
  }

  /** No change where it has finished already. */
  async finish(id: string, comparison: Comparison): Promise<void> {
    await this.prisma.sweep.updateMany({
      where: { id, finishedAt: null },
      data: { comparison: comparison as Prisma.InputJsonObject, finishedAt: this.now() },
    });
  }

  /** Those that wait for their comparison. */
  async unfinished(): Promise<string[]> {
    const rows = await this.prisma.sweep.findMany({
      where: { finishedAt: null },
      select: { id: true },
      orderBy: { id: 'asc' },
    });
    return rows.map(({ id }) => id);
  }

  /** Cancels it where it has not finished, else takes it out with its experiments. Errors: `not_found`. */
  async delete(id: string): Promise<Sweep> {
    const sweep = await this.get(id);
    if (sweep.finishedAt === null) return this.cancel(id);
    await this.prisma.sweep.deleteMany({ where: { id } });
    return sweep;
  }

  /** Drops the comparisons of those that finished before. */
  async dropReports(finishedBefore: Date): Promise<void> {
    await this.prisma.$executeRaw`
      UPDATE sweeps SET comparison = NULL WHERE finished_at < ${finishedBefore} AND comparison IS NOT NULL`;
  }

  /** Cancels every experiment that has not ended. Errors: `not_found`. */
  async cancel(id: string): Promise<Sweep> {
    await this.prisma.experiment.updateMany({
      where: { sweepId: id, status: { in: ['queued', 'running'] } },
      data: { status: 'cancelled', finishedAt: this.now() },
    });
    return this.get(id);
  }
}

function toSweep(row: Row): Sweep {
  const counts: Counts = { queued: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0 };
  for (const { status } of row.experiments) counts[status]++;
  const runs = row.experiments.length;
  const ended = counts.succeeded + counts.failed + counts.cancelled;
  const progress = row.experiments.reduce(
    (sum, run) => sum + (run.status === 'queued' || run.status === 'running' ? run.progress : 1),
    0,
  );
  return {
    id: row.id,
    name: row.name,
    status: statusOf(counts, ended === runs),
    progress: runs === 0 ? 1 : Math.min(1, progress / runs),
    runs,
    counts,
    definition: { ...(row.definition as object) },
    createdAt: row.createdAt.toISOString(),
    finishedAt: row.finishedAt?.toISOString() ?? null,
  };
}

function statusOf(
  { running, succeeded, failed, cancelled }: Counts,
  hasEnded: boolean,
): Sweep['status'] {
  if (!hasEnded) return running + succeeded + failed + cancelled > 0 ? 'running' : 'queued';
  if (cancelled > 0) return 'cancelled';
  return failed > 0 ? 'failed' : 'succeeded';
}
