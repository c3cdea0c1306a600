/** Fleets: what is wanted is written down and queued; jobs bring the disks there. */

import { Injectable } from '@nestjs/common';
import { Catalog, CatalogError, type FleetDiskParts, type ListedDisk } from '@zonelab/catalog';
import type {
  AttachQuery,
  CreateFleet,
  Fleet,
  FleetAttachments,
  FleetDisk,
  ListFleetDisks,
  ListFleets,
  Page,
  UpdateFleet,
} from '@zonelab/contracts';
import { type AttachDocument, AttachService } from '../attach/attach.service.ts';
import { toProblem } from '../http/translate.ts';
import { FleetQueue } from './fleet-queue.ts';
import { ServedZones } from './served-zones.ts';
import { refuseImpossibleDisks } from './template.ts';

@Injectable()
export class FleetsService {
  constructor(
    private readonly catalog: Catalog,
    private readonly queue: FleetQueue,
    private readonly attaching: AttachService,
    private readonly zones: ServedZones,
  ) {}

  /** Errors: `invalid_request`; `not_found`, `state_conflict` of a base; `name_taken`. */
  async create(body: CreateFleet): Promise<Fleet> {
    refuseImpossibleDisks(body);
    const templates = [body.template, ...body.overrides.map(({ template }) => template)];
    for (const baseId of new Set(templates.map(({ backingImageId }) => backingImageId)))
      if (baseId !== undefined) await this.catalog.images.getReady(baseId, 'a fleet');
    for (const gatewayId of new Set(body.placement.gatewayIds))
      await this.catalog.gateways.get(gatewayId);
    return this.queued(await this.catalog.fleets.create(body));
  }

  list(query: ListFleets): Promise<Page<Fleet>> {
    return this.catalog.fleets.list(query);
  }

  get(id: string): Promise<Fleet> {
    return this.catalog.fleets.get(id);
  }

  async update(id: string, { count }: UpdateFleet): Promise<Fleet> {
    return this.queued(await this.catalog.fleets.resize(id, count));
  }

  async replace(id: string, disk: number): Promise<Fleet> {
    return this.queued(await this.catalog.fleets.replace(id, disk));
  }

  async delete(id: string): Promise<Fleet> {
    return this.queued(await this.catalog.fleets.beginDelete(id));
  }

  async disks(id: string, query: ListFleetDisks): Promise<Page<FleetDisk>> {
    await this.catalog.fleets.get(id);
    const { items, nextCursor } = await this.catalog.fleetDisks.list(id, query);
    const zones = await this.zones.ofServed(items);
    const zonesOf = ({ imageId }: ListedDisk) => zones.get(imageId ?? '')?.conditions ?? null;
    return { items: items.map((disk) => ({ ...disk, zones: zonesOf(disk) })), nextCursor };
  }

  async attachment(id: string, disk: number, query: AttachQuery): Promise<AttachDocument> {
    const { export: served } = await this.catalog.fleetDisks.get(id, disk);
    if (!served) throw noExport(id, disk);
    return this.attaching.document(served.id, query);
  }

  /** A document for each disk that is wanted, or why there is none. */
  async attachments(id: string, query: AttachQuery): Promise<FleetAttachments> {
    await this.catalog.fleets.get(id);
    const disks = await this.catalog.fleetDisks.wanted(id);
    const zones =
      query.format === 'qemu' ? await this.zones.ofServed(servedParts(disks)) : new Map();
    const items = disks.map(async ({ number: disk, name, image, export: served }) => {
      try {
        if (!served || !image) throw noExport(id, disk);
        const { content } = await this.attaching.documentOf(
          served,
          image,
          query,
          zones.get(image.id),
        );
        return { disk, name, content, problem: null };
      } catch (error) {
        const problem = toProblem(error);
        if (!problem) throw error;
        const { code, detail } = problem;
        return { disk, name, content: null, problem: { code, detail } };
      }
    });
    return { items: await Promise.all(items) };
  }

  private async queued(fleet: Fleet): Promise<Fleet> {
    await this.queue.enqueue(fleet.id);
    return fleet;
  }
}

function servedParts(disks: readonly FleetDiskParts[]) {
  return disks.map(({ image, export: served }) => ({
    imageId: image?.profile ? image.id : null,
    gatewayId: served?.gatewayId ?? null,
    exportStatus: served?.status ?? null,
  }));
}

function noExport(fleetId: string, disk: number): CatalogError {
  const message = `disk ${disk} of fleet ${fleetId}: it is not exported, attaching needs that`;
  const context = { resource: 'disk', id: fleetId };
  return new CatalogError('state_conflict', message, context);
}
