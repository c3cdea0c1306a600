/**
 * Work on whole images that a worker does, or that must be finished if its author dies. The row says what is to be
 * done until it is done, so that whoever loses the job, Redis or a worker, loses no work.
 */

import { randomUUID } from 'node:crypto';
import {
  type CheckImage,
  type ConvertImage,
  type Image,
  type ImageCheck,
  SECTOR_BYTES,
} from '@zonelab/contracts';
import { refusingTakenName } from '../errors.ts';
import { type Image as ImageRow, Prisma, type PrismaClient } from '../generated/client.ts';
import { imageExported, lockImage, refuseOverlays, refuseUnready, toImage } from './images.ts';
import { type QuotaOwner, refuseOverQuota } from './quotas.ts';

export type WantedWork =
  | ({ kind: 'check' } & CheckImage)
  | ({ kind: 'convert'; sourceId: string } & Omit<ConvertImage, 'name' | 'labels'>)
  | { kind: 'resize'; size: number };

/** Of one request for it: the same work is done once, and nobody finishes another's. */
export type ImageWork = WantedWork & { id: string };

export interface PendingWork {
  imageId: string;
  pool: string;
  work: ImageWork;
}

/** What the work changed of the image, beside its status. */
export interface WorkResult {
  check?: ImageCheck;
  size?: number;
  zoneCount?: number | null;
  clusterSize?: number;
}

export class ImageWorkRepository {
  constructor(private readonly prisma: PrismaClient) {}

  /**
   * Makes the image `busy` with it. Errors: `not_found`, `state_conflict` unless it is ready, or has failed and is to be
   * checked; `image_exported`; `image_has_overlays` where it would change; `quota_exceeded` where it would grow too far.
   */
  async begin(imageId: string, wanted: WantedWork): Promise<{ image: Image; work: ImageWork }> {
    const work = { ...wanted, id: randomUUID() };
    const image = await this.prisma.$transaction(async (database) => {
      const row = await lockImage(database, imageId);
      if (!(row.status === 'failed' && wanted.kind === 'check')) refuseUnready(row, wanted.kind);
      const taken = await database.export.findFirst({ where: { imageId } });
      if (taken) throw imageExported(imageId, taken);
      if (changes(wanted)) await refuseOverlays(database, imageId);
      if (wanted.kind === 'resize') await refuseTooMuch(database, row, wanted.size);
      const data = { status: 'busy', progress: 0, work, error: null } as const;
      return database.image.update({ where: { id: imageId }, data });
    });
    return { image: toImage(image), work };
  }

  /**
   * Whether an image that is being served may have that size. Errors: `not_found`, `image_has_overlays`,
   * `quota_exceeded`.
   */
  async assertMayResize(imageId: string, size: number): Promise<void> {
    await this.prisma.$transaction(async (database) => {
      const row = await lockImage(database, imageId);
      await refuseOverlays(database, imageId);
      await refuseTooMuch(database, row, size);
    });
  }

  /**
   * A row in status `creating` that a conversion of `sourceId` fills. Errors: `not_found`, `state_conflict` unless the
   * source is ready, `image_exported` where it is being written, `name_taken`, `quota_exceeded`.
   */
  async beginConversion(
    sourceId: string,
    { name, labels, ...wanted }: ConvertImage,
    owner?: QuotaOwner,
  ): Promise<Image> {
    const work = { kind: 'convert', sourceId, ...wanted, id: randomUUID() } as const;
    const create = this.prisma.$transaction(async (database) => {
      const source = await lockImage(database, sourceId);
      refuseUnready(source, 'a conversion');
      const writer = await database.export.findUnique({ where: { writableImageId: sourceId } });
      if (writer) throw imageExported(sourceId, writer);
      if (owner)
        await refuseOverQuota(database, owner.id, { images: 1, bytes: Number(source.size) });
      const shape = shapeOfConverted(source, wanted);
      const status = { progress: 0, work } as const;
      return database.image.create({
        data: { ...shape, ...status, name, labels, ownerKeyId: owner?.id ?? null },
      });
    });
    return toImage(await refusingTakenName('image', name, create));
  }

  /** What is to be done to the image; undefined where that is over, or another's. */
  async get(imageId: string, workId: string): Promise<PendingWork | undefined> {
    const row = await this.prisma.image.findUnique({ where: { id: imageId } });
    const pending = row ? toPending(row) : undefined;
    return pending?.work.id === workId ? pending : undefined;
  }

  /** All that is to be done and has not changed since `before`, the oldest first. */
  async unfinished(before?: Date): Promise<PendingWork[]> {
    const rows = await this.prisma.image.findMany({
      where: {
        status: { in: ['creating', 'busy'] },
        progress: { lt: 1 },
        ...(before && { updatedAt: { lt: before } }),
      },
      orderBy: { updatedAt: 'asc' },
    });
    return rows.map(toPending).filter((pending) => pending !== undefined);
  }

  /** `progress`: from 0 to below 1. False where the work is over, or another's. */
  async advance(imageId: string, workId: string, progress: number): Promise<boolean> {
    const data = { progress: Math.min(progress, 0.999) };
    const changed = await this.prisma.image.updateMany({ where: of(imageId, workId), data });
    return changed.count === 1;
  }

  /** The image is ready, or `failed` with the reason. False where the work is over, or another's. */
  async finish(
    imageId: string,
    workId: string,
    { check, ...facts }: WorkResult,
    failure?: string,
  ): Promise<boolean> {
    const data = {
      status: failure === undefined ? 'ready' : 'failed',
      error: failure ?? null,
      progress: 1,
      work: NOTHING,
      ...facts,
      ...(check && { checkReport: check as Prisma.InputJsonObject }),
    } as const;
    const changed = await this.prisma.image.updateMany({ where: of(imageId, workId), data });
    return changed.count === 1;
  }

  /** The work could not be done and left the image as it was; `reason` tells why. */
  async refuse(imageId: string, workId: string, reason: string): Promise<void> {
    const data = { status: 'ready', progress: 1, work: NOTHING, error: reason } as const;
    await this.prisma.image.updateMany({ where: of(imageId, workId), data });
  }
}

/** SQL's NULL, not JSON's. */
const NOTHING = Prisma.DbNull;

function of(imageId: string, workId: string): Prisma.ImageWhereInput {
  return { id: imageId, work: { path: ['id'], equals: workId } };
}

async function refuseTooMuch(
  database: Prisma.TransactionClient,
  { ownerKeyId, size: present }: ImageRow,
  size: number,
): Promise<void> {
  if (ownerKeyId === null) return;
  await refuseOverQuota(database, ownerKeyId, { bytes: size - Number(present) });
}

function changes(wanted: WantedWork): boolean {
  return wanted.kind === 'resize' || (wanted.kind === 'check' && wanted.repair !== undefined);
}

function toPending({ id, pool, work }: ImageRow): PendingWork | undefined {
  return work === null ? undefined : { imageId: id, pool, work: work as unknown as ImageWork };
}

/** Size and zones are the source's, but for what was asked for. */
function shapeOfConverted(
  source: ImageRow,
  wanted: Omit<ConvertImage, 'name' | 'labels'>,
): Omit<Prisma.ImageUncheckedCreateInput, 'name'> {
  const { pool, size, logicalBlockSize } = source;
  const clusterSize = wanted.clusterSize ?? source.clusterSize;
  const plain = { pool, size, clusterSize };
  if (wanted.zones === 'drop' || source.profile === null)
    return { ...plain, logicalBlockSize: SECTOR_BYTES };
  const bytes =
    wanted.maxAppendSectors === undefined ? undefined : wanted.maxAppendSectors * SECTOR_BYTES;
  return {
    ...plain,
    logicalBlockSize,
    profile: source.profile,
    zoneSize: source.zoneSize,
    zoneCapacity: source.zoneCapacity,
    zoneCount: source.zoneCount,
    conventionalZones: source.conventionalZones,
    maxOpenZones: wanted.maxOpenZones ?? source.maxOpenZones,
    maxActiveZones: wanted.maxActiveZones ?? source.maxActiveZones,
    maxAppendBytes: bytes ?? source.maxAppendBytes,
  };
}
