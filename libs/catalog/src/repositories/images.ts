/** Images in the catalog. */

import {
  type FaultPlan,
  type Image,
  type ListImages,
  type Page,
  SECTOR_BYTES,
  type UpdateImage,
} from '@zonelab/contracts';
import type { Database } from '../client.ts';
import { CatalogError, notFound, refusingTakenName } from '../errors.ts';
import { type Image as ImageRow, Prisma, type PrismaClient } from '../generated/client.ts';
import { pageArguments, toPage } from '../page.ts';
import { limits, type QuotaOwner, refuseOverQuota } from './quotas.ts';

/** Sizes are bytes. */
export interface NewImage {
  name: string;
  pool: string;
  size: number;
  clusterSize: number;
  logicalBlockSize: number;
  labels: Record<string, string>;
  /** Absent: it counts against no quota. */
  owner?: QuotaOwner | undefined;
  /** Absent: a plain disk. */
  zoned?:
    | {
        profile: 'zbc' | 'zns';
        zoneSize: number;
        zoneCapacity: number;
        zoneCount: number;
        conventionalZones: number;
        maxOpenZones: number;
        maxActiveZones: number;
        maxAppendBytes: number;
      }
    | undefined;
}

export type NewOverlay = Pick<NewImage, 'name' | 'labels' | 'clusterSize' | 'owner'>;

export class ImagesRepository {
  constructor(private readonly prisma: PrismaClient) {}

  /** A row in status `creating`. Errors: `name_taken`, `quota_exceeded`. */
  async create({ zoned, owner, ...image }: NewImage): Promise<Image> {
    const data = { ...image, ...zoned, ownerKeyId: owner?.id ?? null };
    const create =
      owner && limits(owner.quota)
        ? this.prisma.$transaction(async (database) => {
            await refuseOverQuota(database, owner.id, { images: 1, bytes: image.size });
            return database.image.create({ data });
          })
        : this.prisma.image.create({ data });
    return toImage(await refusingTakenName('image', image.name, create));
  }

  /**
   * A row in status `creating` of an image that has the size and the zones of `baseId`, and lies in its pool. From then
   * on nobody may begin to write the base. Errors: `not_found`, `state_conflict` where the base is not ready,
   * `image_exported` where it is exported for writing, `name_taken`, `quota_exceeded`.
   */
  async createOverlay(baseId: string, { name, owner, ...rest }: NewOverlay): Promise<Image> {
    const create = this.prisma.$transaction(async (database) => {
      const base = await lockImage(database, baseId);
      refuseUnready(base, 'an overlay');
      const writer = await database.export.findUnique({ where: { writableImageId: baseId } });
      if (writer) throw imageExported(baseId, writer);
      if (owner && limits(owner.quota))
        await refuseOverQuota(database, owner.id, { images: 1, bytes: Number(base.size) });
      const ownerKeyId = owner?.id ?? null;
      return database.image.create({
        data: { ...shapeOf(base), ...rest, name, backingImageId: baseId, ownerKeyId },
      });
    });
    return toImage(await refusingTakenName('image', name, create));
  }

  /** Throws `image_has_overlays` where the image has any. Whoever may make one must be kept from it by the image's lease. */
  async refuseOverlays(id: string): Promise<void> {
    await refuseOverlays(this.prisma, id);
  }

  /** Errors: `not_found`. */
  async get(id: string): Promise<Image> {
    const row = await this.prisma.image.findUnique({ where: { id } });
    if (!row) throw notFound('image', id);
    return toImage(row);
  }

  /** Ids of a pool's images, with the status and the time of the last change of each. */
  async inPool(pool: string): Promise<Pick<ImageRow, 'id' | 'status' | 'updatedAt'>[]> {
    const select = { id: true, status: true, updatedAt: true };
    return this.prisma.image.findMany({ where: { pool }, select });
  }

  /** An image that is ready. `use` says in an error what needs it so. Errors: `not_found`, `state_conflict`. */
  async getReady(id: string, use: string): Promise<Image> {
    const image = await this.get(id);
    refuseUnready(image, use);
    return image;
  }

  /** An image that is ready and not exported. Errors: as for `getReady`, and `image_exported`. */
  async getResting(id: string, use: string): Promise<Image> {
    const image = await this.getReady(id, use);
    const taken = await this.prisma.export.findFirst({ where: { imageId: id } });
    if (taken) throw imageExported(id, taken);
    return image;
  }

  async list({ label, ...query }: ListImages): Promise<Page<Image>> {
    const { name, status, ...page } = query;
    const { where, ...rest } = pageArguments(page);
    const filters = {
      ...where,
      ...(name && { name }),
      ...(status && { status }),
      ...(label && { id: { in: await this.labelled(label, query) } }),
    };
    const rows = await this.prisma.image.findMany({ ...rest, where: filters });
    return toPage(rows, page.limit, toImage);
  }

  /** Ids of the page's images that have all of `label`: what the index of labels answers, and Prisma cannot ask. */
  private async labelled(
    label: Record<string, string>,
    { name, status, cursor, limit }: ListImages,
  ): Promise<string[]> {
    const rows = await this.prisma.$queryRaw<{ id: string }[]>`
      SELECT id FROM images WHERE labels @> ${JSON.stringify(label)}::jsonb
        ${name === undefined ? Prisma.empty : Prisma.sql`AND name = ${name}`}
        ${status === undefined ? Prisma.empty : Prisma.sql`AND status = ${status}::image_status`}
        ${cursor === undefined ? Prisma.empty : Prisma.sql`AND id > ${cursor}::uuid`}
      ORDER BY id LIMIT ${limit + 1}`;
    return rows.map(({ id }) => id);
  }

  /** The one of that name; undefined where there is none. */
  async named(name: string): Promise<Image | undefined> {
    const row = await this.prisma.image.findUnique({ where: { name } });
    return row ? toImage(row) : undefined;
  }

  /** The file of a new image is there. Errors: `not_found`, `state_conflict` unless it is `creating`. */
  async markReady(id: string): Promise<Image> {
    const where = { id, status: 'creating' } as const;
    const data = { status: 'ready' } as const;
    const [row] = await this.prisma.image.updateManyAndReturn({ where, data });
    if (row) return toImage(row);
    const { status: state } = await this.get(id);
    const message = `image ${id}: its status is ${state}, becoming ready needs creating`;
    throw new CatalogError('state_conflict', message, { resource: 'image', id, state });
  }

  /** Errors: `not_found`, `name_taken`, `version_conflict` where `version` is given and is not the row's. */
  async update(id: string, { name, labels }: UpdateImage, version?: number): Promise<Image> {
    const data = { ...(name !== undefined && { name }), ...(labels && { labels }) };
    const where = { id, ...(version !== undefined && { version }) };
    const update = this.prisma.image.updateManyAndReturn({ where, data });
    const [row] = await refusingTakenName('image', name ?? '', update);
    if (row) return toImage(row);
    const { version: present } = await this.get(id);
    const message = `image ${id}: its version is ${present}, the change was meant for ${version}`;
    throw new CatalogError('version_conflict', message, { resource: 'image', id });
  }

  /**
   * Sets status `deleting`, from which no export can be made any more. Again on a row in it already, so that a deletion
   * cut short can be finished. Errors: `not_found`, `state_conflict` while it is busy, `image_exported`, `image_has_overlays`.
   */
  async beginDelete(id: string): Promise<Image> {
    return this.prisma.$transaction(async (database) => {
      const { status } = await lockImage(database, id);
      if (status === 'busy') refuseUnready({ id, status }, 'its deletion');
      const taken = await database.export.findFirst({ where: { imageId: id } });
      if (taken) throw imageExported(id, taken);
      await refuseOverlays(database, id);
      return toImage(await database.image.update({ where: { id }, data: { status: 'deleting' } }));
    });
  }

  /** The plan that the image is opened with; null: none. Errors: `not_found`. */
  async faults(id: string): Promise<FaultPlan | null> {
    const row = await this.prisma.image.findUnique({ where: { id }, select: { faults: true } });
    if (!row) throw notFound('image', id);
    return row.faults as FaultPlan | null;
  }

  /** Errors: `not_found`. */
  async setFaults(id: string, plan: FaultPlan | null): Promise<void> {
    const faults = plan === null ? Prisma.DbNull : (plan as Prisma.InputJsonObject);
    const changed = await this.prisma.image.updateMany({ where: { id }, data: { faults } });
    if (changed.count === 0) throw notFound('image', id);
  }

  /** What the file of an image has, whose size its gateway has changed. Errors: `not_found`. */
  async noteSize(id: string, facts: { size: number; zoneCount: number | null }): Promise<void> {
    const changed = await this.prisma.image.updateMany({ where: { id }, data: facts });
    if (changed.count === 0) throw notFound('image', id);
  }

  /** Images in a status that no worker has work on, unchanged since `before`. */
  async inStatus(status: Image['status'], before: Date): Promise<Image[]> {
    const where = { status, updatedAt: { lt: before }, work: { equals: Prisma.DbNull } };
    return (await this.prisma.image.findMany({ where, orderBy: { id: 'asc' } })).map(toImage);
  }

  /** False where its status does not lead to `failed`, or it is gone. */
  async fail(id: string, error: string): Promise<boolean> {
    const where = {
      id,
      status: { in: ['creating', 'ready', 'busy'] },
    } satisfies Prisma.ImageWhereInput;
    const data = { status: 'failed', error, work: Prisma.DbNull } as const;
    const failed = await this.prisma.image.updateMany({ where, data });
    return failed.count === 1;
  }

  /** Takes the row out, whether it is there or not. The file must be gone. */
  async remove(id: string): Promise<void> {
    await this.prisma.image.deleteMany({ where: { id } });
  }
}

/** Holds the row until the transaction ends, so that exports and deletions of one image go one by one. */
export async function lockImage(database: Database, id: string): Promise<ImageRow> {
  await database.$queryRaw`SELECT 1 FROM images WHERE id = ${id}::uuid FOR UPDATE`;
  const row = await database.image.findUnique({ where: { id } });
  if (!row) throw notFound('image', id);
  return row;
}

/** Throws `state_conflict` unless the image is ready. */
export function refuseUnready({ id, status }: Pick<Image, 'id' | 'status'>, use: string): void {
  if (status === 'ready') return;
  const message = `image ${id}: its status is ${status}, ${use} needs ready`;
  throw new CatalogError('state_conflict', message, { resource: 'image', id, state: status });
}

/** Throws `image_has_overlays`, naming the first. */
export async function refuseOverlays(database: Database, id: string): Promise<void> {
  const where = { backingImageId: id };
  const overlay = await database.image.findFirst({ where, orderBy: { id: 'asc' } });
  if (!overlay) return;
  const message = `image ${id}: image ${overlay.name} (${overlay.id}) is an overlay of it, so it must not change`;
  const context = { resource: 'image', id, overlayId: overlay.id };
  throw new CatalogError('image_has_overlays', message, context);
}

export function imageExported(
  imageId: string,
  by: { id: string; name: string; gatewayId: string },
): CatalogError {
  return new CatalogError(
    'image_exported',
    `image ${imageId}: gateway ${by.gatewayId} exports it as ${by.name}; delete export ${by.id} first`,
    { resource: 'image', id: imageId, exportId: by.id, gatewayId: by.gatewayId },
  );
}

/** What an overlay has from its base. */
function shapeOf(base: ImageRow) {
  return {
    pool: base.pool,
    size: base.size,
    logicalBlockSize: base.logicalBlockSize,
    profile: base.profile,
    zoneSize: base.zoneSize,
    zoneCapacity: base.zoneCapacity,
    zoneCount: base.zoneCount,
    conventionalZones: base.conventionalZones,
    maxOpenZones: base.maxOpenZones,
    maxActiveZones: base.maxActiveZones,
    maxAppendBytes: base.maxAppendBytes,
  };
}

export function toImage(row: ImageRow): Image {
  return {
    id: row.id,
    name: row.name,
    status: row.status,
    size: Number(row.size),
    clusterSize: row.clusterSize,
    profile: row.profile,
    zoneSize: narrow(row.zoneSize),
    zoneCapacity: narrow(row.zoneCapacity),
    zoneCount: row.zoneCount,
    conventionalZones: row.conventionalZones,
    maxOpenZones: narrow(row.maxOpenZones),
    maxActiveZones: narrow(row.maxActiveZones),
    maxAppendSectors:
      row.maxAppendBytes === null ? null : Number(row.maxAppendBytes) / SECTOR_BYTES,
    logicalBlockSize: row.logicalBlockSize,
    backingImageId: row.backingImageId,
    pool: row.pool,
    labels: row.labels as Record<string, string>,
    error: row.error,
    work: (row.work as { kind: Image['work'] } | null)?.kind ?? null,
    check: row.checkReport as Image['check'],
    version: row.version,
    progress: row.progress,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}

/** Sizes were safe integers when they were written. */
function narrow(value: bigint | null): number | null {
  return value === null ? null : Number(value);
}
