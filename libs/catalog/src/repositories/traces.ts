/** Traces in the catalog: which file holds which, and whether an experiment still needs it. */

import type { ListTraces, Page, Trace, TraceFormat } from '@zonelab/contracts';
import { CatalogError, notFound, refusingTakenName } from '../errors.ts';
import type { PrismaClient, Trace as TraceRow } from '../generated/client.ts';
import { pageArguments, toPage } from '../page.ts';

/** Where the file of a trace is. */
export interface TraceFile {
  readonly pool: string;
  readonly file: string;
}

export type NewTrace = Omit<Trace, 'id' | 'createdAt'> & TraceFile;
export type KeptTrace = Trace & TraceFile;

export class TracesRepository {
  constructor(private readonly prisma: PrismaClient) {}

  /** Errors: `name_taken`. */
  async create({ size, ...trace }: NewTrace): Promise<Trace> {
    const row = this.prisma.trace.create({ data: { ...trace, size: BigInt(size) } });
    return toTrace(await refusingTakenName('trace', trace.name, row));
  }

  /** Errors: `not_found`. */
  async get(id: string): Promise<Trace> {
    const row = await this.prisma.trace.findUnique({ where: { id } });
    if (!row) throw notFound('trace', id);
    return toTrace(row);
  }

  async list({ name, ...page }: ListTraces): Promise<Page<Trace>> {
    const { where, ...rest } = pageArguments(page);
    const filters = { ...where, ...(name !== undefined && { name }) };
    const rows = await this.prisma.trace.findMany({ ...rest, where: filters });
    return toPage(rows, page.limit, toTrace);
  }

  /** Those of these names that there are, and where their files are. */
  async named(names: readonly string[]): Promise<KeptTrace[]> {
    const rows = await this.prisma.trace.findMany({ where: { name: { in: [...names] } } });
    return rows.map((row) => ({ ...toTrace(row), pool: row.pool, file: row.file }));
  }

  /** Names of the files of a pool that hold a trace. */
  async filesIn(pool: string): Promise<Set<string>> {
    const rows = await this.prisma.trace.findMany({ where: { pool }, select: { file: true } });
    return new Set(rows.map(({ file }) => file));
  }

  /** Answers where its file is. Errors: `not_found`; `state_conflict` while an experiment that has not ended plays it. */
  async remove(id: string): Promise<TraceFile> {
    const { name } = await this.get(id);
    const [user] = await this.prisma.$queryRaw<{ id: string }[]>`
      SELECT id FROM experiments WHERE status IN ('queued', 'running') AND jsonb_path_exists(definition::jsonb,
        '$.workload.phases[*] ? (@.kind == "trace" && @.trace == $name)', jsonb_build_object('name', ${name}::text))
      LIMIT 1`;
    if (user) {
      const message = `trace ${name}: experiment ${user.id} plays it, and has not ended`;
      throw new CatalogError('state_conflict', message, { resource: 'trace', id, state: 'in use' });
    }
    const [row] = await this.prisma.$queryRaw<TraceFile[]>`
      DELETE FROM traces WHERE id = ${id}::uuid RETURNING pool, file`;
    if (!row) throw notFound('trace', id);
    return row;
  }
}

function toTrace({ id, name, format, size, sha256, createdAt }: TraceRow): Trace {
  return {
    id,
    name,
    format: format as TraceFormat,
    size: Number(size),
    sha256,
    createdAt: createdAt.toISOString(),
  };
}
