/**
 * Checks, conversions and changes of size. The first two take as long as an image is large: the catalog says what is to
 * be done, and a worker does it. A change of size is quick, and done here.
 */

import { Inject, Injectable } from '@nestjs/common';
import { Catalog, type PendingWork, type QuotaOwner } from '@zonelab/catalog';
import type { CheckImage, ConvertImage, Export, Image, ResizeImage } from '@zonelab/contracts';
import { imagePath, poolFolders } from '@zonelab/platform';
import { ZonedDevice } from '@zonelab/qcow2-zoned';
import { Gateways } from '../gateways/gateways.ts';
import { invalidRequest } from '../http/validation.pipe.ts';
import { type ImageApiOptions, OPTIONS } from '../options.ts';
import { RestingImages } from '../zones/resting-images.ts';
import { PoolQueues } from './pool-queues.ts';

const ZONED_ONLY = ['maxOpenZones', 'maxActiveZones', 'maxAppendSectors'] as const;

@Injectable()
export class WorkService {
  constructor(
    private readonly catalog: Catalog,
    private readonly resting: RestingImages,
    private readonly queues: PoolQueues,
    private readonly gateways: Gateways,
    @Inject(OPTIONS) private readonly options: ImageApiOptions,
  ) {}

  /** Answers the image, busy; its `check` says what was found once it is not any more. */
  check(imageId: string, body: CheckImage): Promise<Image> {
    return this.resting.whileClosed(imageId, async () => {
      const { image, work } = await this.catalog.imageWork.begin(imageId, {
        kind: 'check',
        ...body,
      });
      await this.queues.add(image.pool, { imageId, workId: work.id });
      return image;
    });
  }

  /** Answers the new image, which is being created. */
  convert(sourceId: string, body: ConvertImage, owner?: QuotaOwner): Promise<Image> {
    return this.resting.whileClosed(sourceId, async () => {
      refuseUnfit(await this.catalog.images.get(sourceId), body);
      const image = await this.catalog.imageWork.beginConversion(sourceId, body, owner);
      await this.enqueue((one) => one.imageId === image.id);
      return image;
    });
  }

  /** Errors: those of `begin`; `invalid_request` for a size that the zones forbid, `invalid_zone_operation` for one in the way. */
  resize(imageId: string, { size, shrink }: ResizeImage): Promise<Image> {
    return this.resting.alone(imageId, async () => {
      const served = await this.catalog.exports.ofImage(imageId);
      if (served && !served.readOnly) return this.resizeLive(imageId, { size, shrink }, served);
      const image = await this.catalog.images.getResting(imageId, 'a change of its size');
      if (size < image.size && !shrink) throw refuseShrinking(size, image.size);
      const { work } = await this.catalog.imageWork.begin(imageId, { kind: 'resize', size });
      let device: ZonedDevice | undefined;
      try {
        device = await this.resting.forWriting(image);
        await device.resize(size);
        await device.flush();
      } finally {
        // whatever happened: what the catalog says then is what the file has
        await this.catalog.imageWork.finish(imageId, work.id, device ? sizesOf(device) : {});
      }
      return this.catalog.images.get(imageId);
    });
  }

  /** Its clients go on with the size that they were told, and see the new one when they connect again. */
  private async resizeLive(
    imageId: string,
    { size, shrink }: ResizeImage,
    { gatewayId }: Export,
  ): Promise<Image> {
    const { size: present } = await this.catalog.images.get(imageId);
    if (size < present && !shrink) throw refuseShrinking(size, present);
    await this.catalog.imageWork.assertMayResize(imageId, size);
    await this.gateways.ask(gatewayId, 'resize', { imageId, size });
    return this.catalog.images.get(imageId);
  }

  /** Queues what is to be done: Redis may have lost it, or never had it. */
  async enqueue(only: (one: PendingWork) => boolean = () => true): Promise<void> {
    for (const one of await this.catalog.imageWork.unfinished())
      if (one.work.kind !== 'resize' && only(one))
        await this.queues.add(one.pool, { imageId: one.imageId, workId: one.work.id });
  }

  /** Changes of size whose author died before `before`: what the file has counts. */
  async settleResizes(before: Date): Promise<void> {
    for (const { imageId, pool, work } of await this.catalog.imageWork.unfinished(before)) {
      if (work.kind !== 'resize') continue;
      await this.resting.whileLeased(imageId, async () => {
        const path = imagePath(this.options.pools, pool, imageId);
        const allowedDirectories = poolFolders(this.options.pools);
        const device = await ZonedDevice.open(path, { readOnly: true, allowedDirectories });
        const sizes = sizesOf(device);
        await device.close();
        await this.catalog.imageWork.finish(imageId, work.id, sizes);
      });
    }
  }
}

function sizesOf({ size, geometry }: ZonedDevice) {
  return { size, zoneCount: geometry?.zoneCount ?? null };
}

/** What the worker would refuse later, told at once. */
function refuseUnfit(source: Image, body: ConvertImage): void {
  const zoned = source.profile !== null && body.zones === 'keep';
  if (zoned && body.compression !== 'none')
    refuse('compression', body.compression, 'none for an image with zones');
  for (const field of ZONED_ONLY)
    if (!zoned && body[field] !== undefined)
      refuse(field, body[field], 'nothing where the new image has no zones');
}

function refuse(path: string, given: unknown, allowed: string): never {
  throw invalidRequest([{ path, given, allowed }]);
}

function refuseShrinking(size: number, present: number) {
  const allowed = `at least ${present}, the size now, unless shrink is true`;
  return invalidRequest([{ path: 'size', given: size, allowed }]);
}
