/** Zones of any image: asked of the gateway that serves it, or of the file where it rests. */

import { Injectable } from '@nestjs/common';
import { Catalog } from '@zonelab/catalog';
import type { Zone, ZoneAction, ZoneReport, ZoneReportQuery } from '@zonelab/contracts';
import { Gateways } from '../gateways/gateways.ts';
import { reportZones } from './report.ts';
import { RestingImages } from './resting-images.ts';

/** What needs an image that is ready. */
const USE = 'the report or management of zones';

@Injectable()
export class ZonesService {
  constructor(
    private readonly catalog: Catalog,
    private readonly gateways: Gateways,
    private readonly resting: RestingImages,
  ) {}

  async report(imageId: string, query: ZoneReportQuery): Promise<ZoneReport> {
    return this.resting.alone(imageId, async () => {
      const served = await this.catalog.exports.ofImage(imageId);
      if (!served) {
        const image = await this.catalog.images.getReady(imageId, USE);
        return this.resting.look(image, (device) => reportZones(device, query));
      }
      const payload = { imageId, ...query };
      const { items, next } = await this.gateways.ask(served.gatewayId, 'reportZones', payload);
      return { items, nextCursor: next === null ? null : String(next) };
    });
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
      const image = await this.catalog.images.getReady(imageId, USE);
      const device = await this.resting.forWriting(image);
      if (zoneIndex === undefined) await device.manageAll(action);
      else await device.manage(action, zoneIndex);
      await device.flush();
      return zoneIndex === undefined ? null : device.zone(zoneIndex);
    });
  }
}
