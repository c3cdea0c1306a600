/** Images: a row in the catalog and a file in a pool, which come and go together. */

import { mkdir, rm } from 'node:fs/promises';
import { Inject, Injectable } from '@nestjs/common';
import { Catalog, type QuotaOwner } from '@zonelab/catalog';
import {
  type CreateImage,
  type Image,
  type ImageTemplate,
  type ListImages,
  type Page,
  SECTOR_BYTES,
  type UpdateImage,
} from '@zonelab/contracts';
import { imageFolder, imagePath } from '@zonelab/platform';
import {
  type CreateOptions,
  createImage,
  ImageError,
  validateCreateOptions,
  zoneGeometry,
} from '@zonelab/qcow2-zoned';
import { type ImageApiOptions, OPTIONS } from '../options.ts';
import { RestingImages } from '../zones/resting-images.ts';

const DEFAULT_CLUSTER_BYTES = 65_536;

/** What is not its base's. */
type NewOverlay = Pick<CreateImage, 'name' | 'labels' | 'clusterSize'>;

@Injectable()
export class ImagesService {
  constructor(
    private readonly catalog: Catalog,
    private readonly resting: RestingImages,
    @Inject(OPTIONS) private readonly options: ImageApiOptions,
  ) {}

  /** Refused before anything exists; what fails later leaves neither file nor row. */
  async create(body: CreateImage, owner?: QuotaOwner): Promise<Image> {
    if (body.backingImageId !== undefined)
      return this.createOverlay(body.backingImageId, body, owner);
    const wanted = toCreateOptions(body);
    validateCreateOptions(wanted);
    const pool = this.options.pools[0].name;
    const image = await this.catalog.images.create({ ...toRow(body, wanted, pool), owner });
    return this.withFile(image, (path) => createImage(path, wanted));
  }

  /**
   * The row comes first and keeps everybody from opening the base for writing; whoever has it open already has its lease,
   * which is waited for before the file is made.
   */
  async createOverlay(baseId: string, body: NewOverlay, owner?: QuotaOwner): Promise<Image> {
    const { name, labels, clusterSize = DEFAULT_CLUSTER_BYTES } = body;
    const row = { name, labels, clusterSize, owner };
    const image = await this.catalog.images.createOverlay(baseId, row);
    const backing = { file: `../${baseId}/image.qcow2`, format: 'qcow2' } as const;
    return this.withFile(image, (path) =>
      this.resting.whileLeased(baseId, () => createImage(path, { clusterSize, backing })),
    );
  }

  private async withFile(
    { id, pool }: Image,
    make: (path: string) => Promise<void>,
  ): Promise<Image> {
    const folder = imageFolder(this.options.pools, pool, id);
    try {
      await mkdir(folder, { recursive: true });
      await make(imagePath(this.options.pools, pool, id));
      return await this.catalog.images.markReady(id);
    } catch (error) {
      await this.catalog.images.remove(id);
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  list(query: ListImages): Promise<Page<Image>> {
    return this.catalog.images.list(query);
  }

  get(id: string): Promise<Image> {
    return this.catalog.images.get(id);
  }

  update(id: string, body: UpdateImage, version?: number): Promise<Image> {
    return this.catalog.images.update(id, body, version);
  }

  /** The row goes last, so that a deletion cut short can be asked for again. */
  delete(id: string): Promise<void> {
    return this.resting.whileLeased(id, async () => {
      const { pool } = await this.catalog.images.beginDelete(id);
      await rm(imageFolder(this.options.pools, pool, id), { recursive: true, force: true });
      await this.catalog.images.remove(id);
    });
  }
}

/** Throws what `create` would for an image of this form, with `prefix` before the names of fields; a base is not looked at. */
export function refuseImpossible(template: ImageTemplate, prefix = ''): void {
  if (template.backingImageId !== undefined) return;
  try {
    validateCreateOptions(toCreateOptions(template));
  } catch (error) {
    if (error instanceof ImageError && error.context.field !== undefined)
      error.context.field = `${prefix}${error.context.field}`;
    throw error;
  }
}

function toCreateOptions(body: ImageTemplate): CreateOptions {
  const { size = 0, clusterSize = DEFAULT_CLUSTER_BYTES, zoneSize, maxAppendSectors } = body;
  if (zoneSize === undefined) return { size, clusterSize };
  const { profile, zoneCapacity, conventionalZones, maxOpenZones, maxActiveZones } = body;
  const { logicalBlockSize } = body;
  return {
    size,
    clusterSize,
    zoned: {
      zoneSize,
      profile,
      zoneCapacity,
      conventionalZones,
      maxOpenZones,
      maxActiveZones,
      maxAppendBytes: maxAppendSectors === undefined ? undefined : maxAppendSectors * SECTOR_BYTES,
      logicalBlockSize,
    },
  };
}

function toRow(body: CreateImage, { size, zoned }: CreateOptions, pool: string) {
  const { name, labels, clusterSize = DEFAULT_CLUSTER_BYTES } = body;
  const common = { name, labels, pool, size, clusterSize };
  if (!zoned) return { ...common, logicalBlockSize: SECTOR_BYTES };
  const { size: _, logicalBlockSize, ...geometry } = zoneGeometry({ ...zoned, size });
  return { ...common, logicalBlockSize, zoned: geometry };
}
