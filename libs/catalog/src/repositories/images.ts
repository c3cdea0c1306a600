/** Images in the catalog. */

import {
  type Image,
  type ListImages,
  type Page,
  SECTOR_BYTES,
  type UpdateImage,
} from '@zonelab/contracts';
import type { Database } from '../client.ts';
import { CatalogError, notFound, refusingTakenName } from '../errors.ts';
import type { Image as ImageRow, PrismaClient } from '../generated/client.ts';
import { pageArguments, toPage } from '../page.ts';

/** Sizes are bytes. */
export interface NewImage {
  name: string;
  pool: string;
  size: number;
  clusterSize: number;
  logicalBlockSize: number;
  labels: Record<string, string>;
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

export class ImagesRepository {
  constructor(private readonly prisma: PrismaClient) {}

  /** A row in status `creating`. Errors: `name_taken`. */
  async create({ zoned, ...image }: NewImage): Promise<Image> {
    const data = { ...image, ...zoned };
    return toImage(
      await refusingTakenName('image', image.name, this.prisma.image.create({ data })),
    );
  }

  /** Errors: `not_found`. */
  async get(id: string): Promise<Image> {
    const row = await this.prisma.image.findUnique({ where: { id } });
    if (!row) throw notFound('image', id);
    return toImage(row);
  }

  async list({ name, status, ...page }: ListImages): Promise<Page<Image>> {
    const { where, ...rest } = pageArguments(page);
    const filters = { ...where, ...(name && { name }), ...(status && { status }) };
    const rows = await this.prisma.image.findMany({ ...rest, where: filters });
    return toPage(rows, page.limit, toImage);
  }

  /** The file is there. */
  async markReady(id: string): Promise<Image> {
    return toImage(await this.prisma.image.update({ where: { id }, data: { status: 'ready' } }));
  }

  /** Errors: `not_found`, `name_taken`. */
  async update(id: string, { name, labels }: UpdateImage): Promise<Image> {
    const data = { ...(name !== undefined && { name }), ...(labels && { labels }) };
    const update = this.prisma.image.updateManyAndReturn({ where: { id }, data });
    const [row] = await refusingTakenName('image', name ?? '', update);
    if (!row) throw notFound('image', id);
    return toImage(row);
  }

  /**
   * Sets status `deleting`, from which no export can be made any more. Again on a row in it already, so that a deletion
   * cut short can be finished. Errors: `not_found`, `image_exported`.
   */
  async beginDelete(id: string): Promise<Image> {
    return this.prisma.$transaction(async (database) => {
      await lockImage(database, id);
      const taken = await database.export.findFirst({ where: { imageId: id } });
      if (taken) throw imageExported(id, taken);
      return toImage(await database.image.update({ where: { id }, data: { status: 'deleting' } }));
    });
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

function toImage(row: ImageRow): Image {
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
    pool: row.pool,
    labels: row.labels as Record<string, string>,
    error: row.error,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}

/** Sizes were safe integers when they were written. */
function narrow(value: bigint | null): number | null {
  return value === null ? null : Number(value);
}
