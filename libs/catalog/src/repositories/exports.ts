/** Exports in the catalog: which gateway serves which image, and how. */

import type {
  Export,
  ExportOptions,
  FaultPlan,
  ListExports,
  Page,
  UpdateExport,
} from '@zonelab/contracts';
import type { Database } from '../client.ts';
import { CatalogError, notFound, refusingTakenName } from '../errors.ts';
import type {
  Export as ExportRow,
  Image as ImageRow,
  Prisma,
  PrismaClient,
} from '../generated/client.ts';
import { pageArguments, toPage } from '../page.ts';
import { imageExported, lockImage, refuseOverlays, refuseUnready } from './images.ts';
import { limits, type QuotaOwner, refuseOverQuota } from './quotas.ts';

export interface NewExport {
  imageId: string;
  gatewayId: string;
  name: string;
  readOnly: boolean;
  options: ExportOptions;
  /** Absent: it counts against no quota. */
  owner?: QuotaOwner | undefined;
}

/** An export with the pool and the fault plan of its image: what a gateway needs to serve it. */
export interface PlacedExport extends Export {
  pool: string;
  faults?: FaultPlan | undefined;
}

/** A gateway out of luck for a moment is asked again soon, one with a broken image not every second. */
const FIRST_RETRY_SECONDS = 5;
const LAST_RETRY_SECONDS = 300;

/** Longer than a gateway takes to answer. */
const TRY_LASTS_SECONDS = 60;

/** What a gateway saw of an export's clients since it last told. */
export interface SeenClients {
  readonly exportId: string;
  /** Whether there was any. */
  readonly seen: boolean;
  /** Now. */
  readonly connections: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
}

/** What is being detached is never revived. */
const STANDING = { status: { not: 'detaching' } } as const;

const IMAGE_FACTS = { image: { select: { pool: true, faults: true } } } as const;

export class ExportsRepository {
  constructor(private readonly prisma: PrismaClient) {}

  /**
   * A row in status `attaching`. A writable export is the only one of its image; read-only ones may be many.
   * Errors: `not_found`, `state_conflict` where the image is not ready, `image_exported`, `image_has_overlays` where it
   * would be written, `name_taken`, `quota_exceeded`.
   */
  async create(wanted: NewExport): Promise<Export> {
    const { owner, ...facts } = wanted;
    const { imageId, name } = facts;
    const create = this.prisma.$transaction(async (database) => {
      const image = await lockImage(database, imageId);
      refuseUnready(image, 'an export');
      await refuseHindered(database, facts);
      if (owner && limits(owner.quota)) await refuseOverQuota(database, owner.id, { exports: 1 });
      const ownerKeyId = owner?.id ?? null;
      return database.export.create({ data: { ...facts, ...writing(facts), ownerKeyId } });
    });
    return toExport(await refusingTakenName('export of the gateway', name, create));
  }

  /**
   * Changes one that its gateway serves, which is to be told then. Answers it as it was before and as it is.
   * Errors: `not_found`, `state_conflict` where it is not active; becoming writable, those of `create` for a writable one.
   */
  async change(id: string, wanted: UpdateExport): Promise<{ before: Export; now: Export }> {
    const { imageId } = await this.get(id);
    return this.prisma.$transaction(async (database) => {
      const image = await lockImage(database, imageId);
      const row = await database.export.findUnique({ where: { id } });
      if (!row) throw notFound('export', id);
      const before = toExport(row);
      refuseInactive(before);
      const readOnly = wanted.readOnly ?? row.readOnly;
      if (row.readOnly && !readOnly) {
        refuseUnready(image, 'a writable export');
        await refuseHindered(database, { imageId, readOnly }, id);
      }
      const options = { ...before.options, ...(wanted.rates && { rates: wanted.rates }) };
      const data = { readOnly, options, ...writing({ imageId, readOnly }) };
      return { before, now: toExport(await database.export.update({ where: { id }, data })) };
    });
  }

  /** Takes a change back that the gateway refused. Nothing where the export has been moved or detached meanwhile. */
  async changeBack({ id, imageId, gatewayId, readOnly, options }: Export): Promise<void> {
    const data = { readOnly, options, ...writing({ imageId, readOnly }) };
    await this.prisma.export.updateMany({ where: { id, gatewayId, ...STANDING }, data });
  }

  /** Errors: `not_found`. */
  async get(id: string): Promise<Export> {
    const row = await this.prisma.export.findUnique({ where: { id } });
    if (!row) throw notFound('export', id);
    return toExport(row);
  }

  async list({ imageId, gatewayId, ...page }: ListExports): Promise<Page<Export>> {
    const { where, ...rest } = pageArguments(page);
    const filters = { ...where, ...(imageId && { imageId }), ...(gatewayId && { gatewayId }) };
    const rows = await this.prisma.export.findMany({ ...rest, where: filters });
    return toPage(rows, page.limit, toExport);
  }

  /** The export through which an image is managed: the writable one, else any; undefined where it rests. */
  async ofImage(imageId: string): Promise<Export | undefined> {
    const orderBy = { readOnly: 'asc' } as const;
    const row = await this.prisma.export.findFirst({ where: { imageId }, orderBy });
    return row ? toExport(row) : undefined;
  }

  /** All that a gateway has to serve, as it must know after a restart. */
  async ofGateway(gatewayId: string): Promise<PlacedExport[]> {
    const rows = await this.prisma.export.findMany({
      where: { gatewayId, status: { in: ['attaching', 'active', 'failed'] } },
      include: IMAGE_FACTS,
      orderBy: { id: 'asc' },
    });
    return rows.map(toPlaced);
  }

  /** Those that a gateway without a heartbeat for `deadAfterMs` should serve. */
  async stranded(deadAfterMs: number): Promise<PlacedExport[]> {
    const dead = await this.prisma.$queryRaw<{ id: string }[]>`
      SELECT id FROM gateways
      WHERE heartbeat_at <= clock_timestamp() - ${deadAfterMs} * interval '1 ms'`;
    const rows = await this.prisma.export.findMany({
      where: { ...STANDING, gatewayId: { in: dead.map(({ id }) => id) } },
      include: IMAGE_FACTS,
      orderBy: { id: 'asc' },
    });
    return rows.map(toPlaced);
  }

  /**
   * Those that failed and are due for another try, which is the caller's from now on: nobody else gets them for a while.
   */
  async takeDue(): Promise<PlacedExport[]> {
    const due = await this.prisma.$queryRaw<{ id: string }[]>`
      UPDATE exports SET retry_at = clock_timestamp() + ${TRY_LASTS_SECONDS} * interval '1 second'
      WHERE status = 'failed' AND (retry_at IS NULL OR retry_at <= clock_timestamp())
      RETURNING id`;
    const rows = await this.prisma.export.findMany({
      where: { id: { in: due.map(({ id }) => id) } },
      include: IMAGE_FACTS,
      orderBy: { id: 'asc' },
    });
    return rows.map(toPlaced);
  }

  /** Those that have been on their way for longer than since `before`: whoever asked for it is gone. */
  async stuck(before: Date): Promise<PlacedExport[]> {
    const rows = await this.prisma.export.findMany({
      where: { status: { in: ['attaching', 'detaching'] }, updatedAt: { lt: before } },
      include: IMAGE_FACTS,
      orderBy: { id: 'asc' },
    });
    return rows.map(toPlaced);
  }

  /**
   * Gives an export to another gateway, in status `attaching`. False where somebody else has moved or detached it
   * meanwhile. Errors: `name_taken` where that gateway serves another under the name.
   */
  async move(id: string, from: string, to: string, name: string): Promise<boolean> {
    const move = this.prisma.export.updateMany({
      where: { id, gatewayId: from, ...STANDING },
      data: {
        gatewayId: to,
        status: 'attaching',
        uri: null,
        error: null,
        attempts: 0,
        retryAt: null,
        connections: 0,
      },
    });
    return (await refusingTakenName('export of the gateway', name, move)).count === 1;
  }

  /** Of exports that belong to the gateway; others are left alone. */
  async noteClients(gatewayId: string, all: readonly SeenClients[]): Promise<void> {
    await this.prisma.$executeRaw`
      UPDATE exports SET connections = news.connections, read_bytes = exports.read_bytes + news.read_bytes,
        written_bytes = exports.written_bytes + news.written_bytes,
        first_seen_at = CASE WHEN news.seen THEN COALESCE(exports.first_seen_at, now()) ELSE exports.first_seen_at END,
        last_seen_at = CASE WHEN news.seen THEN now() ELSE exports.last_seen_at END
      FROM unnest(${all.map(({ exportId }) => exportId)}::uuid[], ${all.map(({ seen }) => seen)}::boolean[],
        ${all.map(({ connections }) => connections)}::int[], ${all.map(({ readBytes }) => readBytes)}::bigint[],
        ${all.map(({ writtenBytes }) => writtenBytes)}::bigint[])
        AS news(id, seen, connections, read_bytes, written_bytes)
      WHERE exports.id = news.id AND exports.gateway_id = ${gatewayId}`;
  }

  /** The gateway serves it at `uri`. Errors: `not_found`, also where it is being detached, or was moved elsewhere: that stands. */
  async activate(id: string, uri: string, gatewayId: string): Promise<Export> {
    const data = { status: 'active', uri, error: null, attempts: 0, retryAt: null } as const;
    return this.update(id, data, { ...STANDING, gatewayId });
  }

  /** The gateway cannot serve it now. Each failure doubles the time until the next try. Errors: `not_found`, as for `activate`. */
  async fail(id: string, error: string, gatewayId: string): Promise<Export> {
    const failed = await this.prisma.$executeRaw`
      UPDATE exports SET status = 'failed', uri = NULL, error = ${error}, updated_at = clock_timestamp(),
        attempts = attempts + 1, retry_at = clock_timestamp() + interval '1 second' *
          least(${LAST_RETRY_SECONDS}, ${FIRST_RETRY_SECONDS} * 2 ^ least(attempts, 20))
      WHERE id = ${id}::uuid AND gateway_id = ${gatewayId} AND status <> 'detaching'`;
    if (failed === 0) throw notFound('export', id);
    return this.get(id);
  }

  /** Errors: `not_found`. */
  async beginDetach(id: string): Promise<Export> {
    return this.update(id, { status: 'detaching' });
  }

  /** Takes out what a gateway was to detach: one that starts anew serves nothing yet. */
  async removeDetaching(gatewayId: string): Promise<void> {
    await this.prisma.export.deleteMany({ where: { gatewayId, status: 'detaching' } });
  }

  /** Takes the row out, whether it is there or not. No gateway may serve it any more. */
  async remove(id: string): Promise<void> {
    await this.prisma.export.deleteMany({ where: { id } });
  }

  private async update(
    id: string,
    data: Partial<Pick<ExportRow, 'status' | 'uri' | 'error' | 'attempts' | 'retryAt'>>,
    only: Prisma.ExportWhereInput = {},
  ): Promise<Export> {
    const where = { id, ...only };
    const [row] = await this.prisma.export.updateManyAndReturn({ where, data });
    if (!row) throw notFound('export', id);
    return toExport(row);
  }
}

/** Read-only exports share an image with each other and with overlays, and a writable one with none. */
async function refuseHindered(
  database: Database,
  { imageId, readOnly }: Pick<NewExport, 'imageId' | 'readOnly'>,
  except?: string,
): Promise<void> {
  const where = {
    imageId,
    ...(readOnly && { readOnly: false }),
    ...(except !== undefined && { id: { not: except } }),
  };
  const taken = await database.export.findFirst({ where });
  if (taken) throw imageExported(imageId, taken);
  if (!readOnly) await refuseOverlays(database, imageId);
}

/** The unique column that holds the place of an image's writer. */
function writing({ imageId, readOnly }: Pick<NewExport, 'imageId' | 'readOnly'>) {
  return { writableImageId: readOnly ? null : imageId };
}

function refuseInactive({ id, status }: Export): void {
  if (status === 'active') return;
  const message = `export ${id}: its status is ${status}, a change needs active`;
  throw new CatalogError('state_conflict', message, { resource: 'export', id, state: status });
}

function toPlaced(row: ExportRow & { image: Pick<ImageRow, 'pool' | 'faults'> }): PlacedExport {
  const { pool, faults } = row.image;
  return {
    ...toExport(row),
    pool,
    ...(faults !== null && { faults: faults as unknown as FaultPlan }),
  };
}

export function toExport(row: ExportRow): Export {
  return {
    id: row.id,
    imageId: row.imageId,
    gatewayId: row.gatewayId,
    name: row.name,
    readOnly: row.readOnly,
    options: row.options as ExportOptions,
    status: row.status,
    uri: row.uri,
    error: row.error,
    stats: {
      connections: row.connections,
      readBytes: Number(row.readBytes),
      writtenBytes: Number(row.writtenBytes),
      firstSeenAt: row.firstSeenAt?.toISOString() ?? null,
      lastSeenAt: row.lastSeenAt?.toISOString() ?? null,
    },
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}
