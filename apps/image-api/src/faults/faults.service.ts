/** Fault plans of images: kept in the catalog, and followed by whoever has the image open now or opens it later. */

import { Injectable } from '@nestjs/common';
import { Catalog } from '@zonelab/catalog';
import { type FaultPlan, type ImageFaults, MAX_PAGE_ITEMS } from '@zonelab/contracts';
import { parseFaultPlan } from '@zonelab/qcow2-zoned';
import { Gateways } from '../gateways/gateways.ts';
import { RestingImages } from '../zones/resting-images.ts';

@Injectable()
export class FaultsService {
  constructor(
    private readonly catalog: Catalog,
    private readonly gateways: Gateways,
    private readonly resting: RestingImages,
  ) {}

  /** Errors: `not_found`; those of `Gateways.ask`. */
  get(imageId: string): Promise<ImageFaults> {
    return this.resting.alone(imageId, () => this.describe(imageId));
  }

  /**
   * Null: nothing fails any more. Counting begins anew. Errors: `not_found`, `invalid_request`; those of `Gateways.ask`,
   * and then the plan holds from the next time that the image is opened.
   */
  set(imageId: string, plan: FaultPlan | null): Promise<ImageFaults> {
    return this.resting.alone(imageId, async () => {
      if (plan !== null) parseFaultPlan(plan);
      await this.catalog.images.setFaults(imageId, plan);
      this.resting.setFaults(imageId, plan);
      for (const gatewayId of await this.servedBy(imageId))
        await this.gateways.ask(gatewayId, 'setFaults', { imageId, plan });
      return this.describe(imageId);
    });
  }

  private async describe(imageId: string): Promise<ImageFaults> {
    const plan = await this.catalog.images.faults(imageId);
    if (plan === null) return { plan, status: null };
    const [gatewayId] = await this.servedBy(imageId);
    const status =
      gatewayId === undefined
        ? this.resting.faultStatus(imageId)
        : await this.gateways.ask(gatewayId, 'faultStatus', { imageId });
    return { plan, status: status as ImageFaults['status'] };
  }

  /** Live gateways that have the image open: several where it is exported for reading. */
  private async servedBy(imageId: string): Promise<string[]> {
    const { items } = await this.catalog.exports.list({ imageId, limit: MAX_PAGE_ITEMS });
    if (items.length === 0) return [];
    const alive = (await this.catalog.gateways.list()).filter((gateway) => gateway.alive);
    const serving = new Set(
      items.filter(({ status }) => status === 'active').map(({ gatewayId }) => gatewayId),
    );
    return alive.map(({ id }) => id).filter((id) => serving.has(id));
  }
}
