/** Zones of any image: asked of the gateway that serves it, or of the file where it rests. */

import { Injectable } from '@nestjs/common';
import { Catalog } from '@zonelab/catalog';
import type { Zone, ZoneAction, ZoneReport, ZoneReportQuery } from '@zonelab/contracts';
import { Gateways } from '../gateways/gateways.ts';
import { reportZones } from './report.ts';
import { RestingImages } from './resting-images.ts';

/** What needs an image that is ready. */
export const ZONE_USE = 'the report or management of zones';

@Injectable()
export class ZonesService {
  /** How often this process has changed the zones of an image while it rested. */
  private readonly changes = new Map<string, number>();

  constructor(
    private readonly catalog: Catalog,
    private readonly gateways: Gateways,
    private readonly resting: RestingImages,
  ) {}

  async report(imageId: string, query: ZoneReportQuery): Promise<ZoneReport> {
    return this.resting.alone(imageId, async () => {
      const served = await this.catalog.exports.ofImage(imageId);
      if (!served) {
        const image = await this.catalog.images.getReady(imageId, ZONE_USE);
        return this.resting.look(image, (device) => reportZones(device, query));
      }
      const payload = { imageId, ...query };
      const { items, next } = await this.gateways.ask(served.gatewayId, 'reportZones', payload);
      return { items, nextCursor: next === null ? null : String(next) };
    });
  }

  /** Grows with every command that this process gave to the image while it rested. */
  changesOf(imageId: string): number {
    return this.changes.get(imageId) ?? 0;
  }

  /** Answers the zone as it is then. Without an index all zones are meant, and the answer is null. */
  async manage(imageId: string, action: ZoneAction, zoneIndex?: number): Promise<Zone | null> {
    return this.resting.alone(imageId, async () => {
      const served = await this.catalog.exports.ofImage(imageId);
      if (served?.readOnly) await this.catalog.images.refuseOverlays(imageId);
      if (served) {
        const payload = { imageId, action, ...(zoneIndex !== undefined && { zoneIndex }) };
        return (await this.gateways.ask(served.gatewayId, 'manageZones', payload)).zone;
      }
      const image = await this.catalog.images.getReady(imageId, ZONE_USE);
      const device = await this.resting.forWriting(image);
      if (zoneIndex === undefined) await device.manageAll(action);
      else await device.manage(action, zoneIndex);
      await device.flush();
      this.changes.set(imageId, this.changesOf(imageId) + 1);
      return zoneIndex === undefined ? null : device.zone(zoneIndex);
    });
  }
}
