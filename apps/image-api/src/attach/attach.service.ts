/** Documents that attach an export, refused where what they describe would not work. */

import { Injectable } from '@nestjs/common';
import { Catalog, CatalogError } from '@zonelab/catalog';
import {
  type AttachQuery,
  type Export,
  type Image,
  MAX_REPORT_ZONES,
  type ZoneCounts,
} from '@zonelab/contracts';
import { ProblemError } from '../http/problem.ts';
import { ZonesService } from '../zones/zones.service.ts';
import {
  type Attachable,
  cloudInitDocument,
  libvirtDocument,
  placeOf,
  qemuDocument,
  qemuObstacle,
} from './documents.ts';

export interface AttachDocument {
  readonly type: string;
  readonly content: string;
}

@Injectable()
export class AttachService {
  constructor(
    private readonly catalog: Catalog,
    private readonly zones: ZonesService,
  ) {}

  /**
   * Errors: `not_found`; `state_conflict` where the export is not active; `not_attachable` in this way; `disk_used` where
   * QEMU would take written zones for empty ones.
   */
  async document(exportId: string, query: AttachQuery): Promise<AttachDocument> {
    const served = await this.catalog.exports.get(exportId);
    return this.documentOf(served, await this.catalog.images.get(served.imageId), query);
  }

  /** The same, of an export whose row, whose image's row and perhaps whose zones are known. */
  async documentOf(
    served: Export,
    image: Image,
    { format, fresh }: AttachQuery,
    zones?: Pick<ZoneCounts, 'firstUsed'>,
  ): Promise<AttachDocument> {
    const { id: exportId, uri, status } = served;
    if (status !== 'active' || uri === null) throw inactive(exportId, status);
    if (format === 'nbd') return { type: 'text/plain', content: `${uri}\n` };
    const place = placeOf(uri);
    if (!place)
      throw notAttachable(exportId, 'it asks for TLS, and this document has no certificates');
    const attachable = { image, export: served, place };
    if (format === 'libvirt')
      return { type: 'application/xml', content: libvirtDocument(attachable) };
    if (format === 'qemu')
      return { type: 'text/plain', content: await this.qemu(attachable, fresh === 'true', zones) };
    if (!('host' in place)) throw notAttachable(exportId, 'it is served on a unix socket alone');
    return { type: 'text/cloud-config', content: cloudInitDocument(attachable, place) };
  }

  private async qemu(
    attachable: Attachable,
    fresh: boolean,
    zones?: Pick<ZoneCounts, 'firstUsed'>,
  ): Promise<string> {
    const { image, export: served } = attachable;
    const obstacle = qemuObstacle(attachable);
    if (obstacle !== undefined) throw notAttachable(served.id, obstacle);
    const used = image.profile === null ? undefined : await this.firstUsed(image.id, zones);
    if (used !== undefined && !fresh) throw diskUsed(served.id, used);
    return qemuDocument(attachable, used !== undefined);
  }

  private async firstUsed(
    imageId: string,
    known?: Pick<ZoneCounts, 'firstUsed'>,
  ): Promise<number | undefined> {
    if (known) return known.firstUsed ?? undefined;
    for (let from = 0; ; ) {
      const { items, nextCursor } = await this.zones.report(imageId, {
        from,
        count: MAX_REPORT_ZONES,
      });
      const used = items.find(({ condition }) => condition !== 'empty');
      if (used) return used.index;
      if (nextCursor === null) return undefined;
      from = Number(nextCursor);
    }
  }
}

function inactive(id: string, state: string): CatalogError {
  const message = `export ${id}: its status is ${state}, attaching needs active`;
  return new CatalogError('state_conflict', message, { resource: 'export', id, state });
}

function notAttachable(exportId: string, why: string): ProblemError {
  const detail = `export ${exportId}: ${why}`;
  return new ProblemError({ status: 409, code: 'not_attachable', detail, context: { exportId } });
}

function diskUsed(exportId: string, zoneIndex: number): ProblemError {
  const detail = `export ${exportId}: zone ${zoneIndex} is in use, and QEMU starts with all zones empty; fresh=true gives a document that resets the zones first`;
  const context = { exportId, zoneIndex };
  return new ProblemError({ status: 409, code: 'disk_used', detail, context });
}
