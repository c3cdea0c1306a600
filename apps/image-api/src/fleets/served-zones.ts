/** Zones of many images at once, asked of each gateway in one go. */

import { Inject, Injectable } from '@nestjs/common';
import { Catalog } from '@zonelab/catalog';
import type { FleetDisk, ZoneCounts } from '@zonelab/contracts';
import { Gateways } from '../gateways/gateways.ts';
import { type ImageApiOptions, OPTIONS } from '../options.ts';

type Served = Pick<FleetDisk, 'imageId' | 'gatewayId' | 'exportStatus'>;

@Injectable()
export class ServedZones {
  constructor(
    private readonly catalog: Catalog,
    private readonly gateways: Gateways,
    @Inject(OPTIONS) private readonly options: ImageApiOptions,
  ) {}

  /** By image. Plain disks, and images whose gateway does not tell, are left out. */
  async ofServed(disks: readonly Served[]): Promise<ReadonlyMap<string, ZoneCounts>> {
    const alive = (await this.catalog.gateways.list()).filter((gateway) => gateway.alive);
    const answers = alive.map(async ({ id }) => {
      const imageIds = disks
        .filter(({ gatewayId, exportStatus }) => gatewayId === id && exportStatus === 'active')
        .flatMap(({ imageId }) => imageId ?? []);
      if (imageIds.length === 0) return [];
      return (await this.gateways.ask(id, 'countZones', { imageIds })).items;
    });
    const zones = new Map<string, ZoneCounts>();
    for (const answer of await Promise.allSettled(answers)) {
      if (answer.status === 'rejected')
        this.options.logger.warn({ err: answer.reason }, 'zones not counted');
      else
        for (const { imageId, ...counts } of answer.value)
          if (Object.keys(counts.conditions).length > 0) zones.set(imageId, counts);
    }
    return zones;
  }
}
