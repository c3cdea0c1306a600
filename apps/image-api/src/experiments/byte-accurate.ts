/** Byte-accurate runs: whether an image can carry one out, and the geometry that the device gets from it. */

import { Injectable } from '@nestjs/common';
import { Catalog } from '@zonelab/catalog';
import {
  type ExperimentDefinition,
  type Image,
  MAX_REPORT_ZONES,
  SECTOR_BYTES,
} from '@zonelab/contracts';
import { invalidRequest } from '../http/validation.pipe.ts';
import { ZonesService } from '../zones/zones.service.ts';

type Geometry = NonNullable<ExperimentDefinition['device']['geometry']>;

@Injectable()
export class ByteAccurate {
  constructor(
    private readonly catalog: Catalog,
    private readonly zones: ZonesService,
  ) {}

  /** The definition on a device of the image's geometry. Errors: `not_found`, `state_conflict`, 422. */
  async onImage(imageId: string, definition: ExperimentDefinition): Promise<ExperimentDefinition> {
    const { device } = definition;
    if (device.geometry !== undefined)
      refuse('device.geometry', device.geometry, 'nothing: imageId gives the geometry');
    if (device.prefilledZones)
      refuse('device.prefilledZones', device.prefilledZones, '0: the image is empty at the start');
    const image = await this.catalog.images.getReady(imageId, 'a byte-accurate run');
    const geometry = geometryOf(image);
    await this.refuseExport(imageId);
    await this.refuseUsed(imageId);
    return { ...definition, device: { ...device, geometry } };
  }

  private async refuseExport(imageId: string): Promise<void> {
    const served = await this.catalog.exports.ofImage(imageId);
    if (!served) return this.catalog.images.refuseOverlays(imageId);
    const { id, readOnly, options } = served;
    if (readOnly) refuse('imageId', imageId, `an image whose export ${id} is not read-only`);
    if (options.limits === 'off')
      refuse('imageId', imageId, `an image whose export ${id} has options.limits on`);
  }

  private async refuseUsed(imageId: string): Promise<void> {
    for (let from = 0; ; ) {
      const page = await this.zones.report(imageId, { from, count: MAX_REPORT_ZONES });
      const used = page.items.find(
        ({ type, condition }) => type === 'sequential' && condition !== 'empty',
      );
      if (used) {
        const why = `zone ${used.index} is ${used.condition}; POST /v1/images/${imageId}/zones/reset empties them`;
        refuse('imageId', imageId, `an image whose sequential zones are all empty: ${why}`);
      }
      if (page.nextCursor === null) return;
      from = Number(page.nextCursor);
    }
  }
}

function geometryOf({ id, zoneSize, profile, maxAppendSectors, ...image }: Image): Geometry {
  if (zoneSize === null || profile === null) return refuse('imageId', id, 'a zoned image');
  return {
    profile,
    size: image.size,
    zoneSize,
    zoneCapacity: image.zoneCapacity ?? zoneSize,
    conventionalZones: image.conventionalZones ?? 0,
    maxOpenZones: image.maxOpenZones ?? 0,
    maxActiveZones: image.maxActiveZones ?? 0,
    maxAppendBytes: (maxAppendSectors ?? 0) * SECTOR_BYTES,
    logicalBlockSize: image.logicalBlockSize === 4096 ? 4096 : 512,
  };
}

function refuse(path: string, given: unknown, allowed: string): never {
  throw invalidRequest([{ path, given, allowed }]);
}
