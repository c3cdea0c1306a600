/** Exports as the catalog wants them: served by the data plane, and the catalog told what came of it. */

import { Inject, Injectable } from '@nestjs/common';
import { Catalog, CatalogError, type PlacedExport } from '@zonelab/catalog';
import type { AttachPayload, ResizePayload } from '@zonelab/contracts';
import type { Config, Logger } from '@zonelab/platform';
import { ImageError } from '@zonelab/qcow2-zoned';
import { Attachments } from './attachments.ts';
import { GatewayRefusal } from './refusals.ts';
import { CONFIG, LOGGER } from './tokens.ts';

@Injectable()
export class ExportService {
  constructor(
    private readonly attachments: Attachments,
    private readonly catalog: Catalog,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    attachments.onLost = (ended) => {
      for (const payload of ended) void this.reattach(payload);
    };
  }

  /**
   * Serves an export and makes it active in the catalog, or failed with the reason. Idempotent.
   * @throws what `Attachments.attach` throws; GatewayRefusal `not_attached` where the catalog has no such export
   */
  async attach(payload: AttachPayload): Promise<string> {
    const { exportId, name } = payload;
    let uri: string;
    try {
      uri = await this.attachments.attach(payload);
    } catch (error) {
      await this.noteFailure(exportId, error);
      throw error;
    }
    try {
      await this.catalog.exports.activate(exportId, uri, this.config.gatewayId);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      // deleted or moved while the job waited: nobody would ever detach it
      await this.attachments.detach(exportId);
      throw new GatewayRefusal(
        'not_attached',
        `export ${exportId}: gone from the catalog, or elsewhere`,
      );
    }
    this.logger.info({ exportId, uri }, `export ${name} attached`);
    return uri;
  }

  async detach(exportId: string): Promise<void> {
    await this.attachments.detach(exportId);
    this.logger.info({ exportId }, 'export detached');
  }

  /** Makes the disk of a live image longer or shorter, and the catalog know it. */
  async resize(payload: ResizePayload): Promise<void> {
    const { imageId } = payload;
    const { size, geometry } = await this.attachments.resize(payload);
    await this.catalog.images.noteSize(imageId, { size, zoneCount: geometry?.zoneCount ?? null });
    this.logger.info({ imageId, size }, 'image resized');
  }

  /** To come before anything else: a gateway that starts serves nothing yet that is to be detached. */
  async forgetDetached(): Promise<void> {
    await this.catalog.exports.removeDetaching(this.config.gatewayId);
  }

  /**
   * Serves again what the catalog says belongs to this gateway. One that cannot be served harms no other. After a crash
   * the leases of its own earlier life can outlast the patience of an attachment: those are tried a second time.
   */
  async restore(): Promise<void> {
    const placed = await this.catalog.exports.ofGateway(this.config.gatewayId);
    const attached = placed.map((one) =>
      this.attach(toPayload(one)).catch((error: unknown) => {
        if (!(error instanceof ImageError && error.code === 'image_in_use')) throw error;
        return this.attach(toPayload(one));
      }),
    );
    for (const result of await Promise.allSettled(attached)) {
      if (result.status === 'fulfilled') continue;
      this.logger.error({ err: result.reason }, 'export not restored');
    }
  }

  /** Lets go of what the catalog has given to another gateway while this one was out of reach. */
  async dropStrays(gatewayId: string): Promise<void> {
    const served = this.attachments.list();
    if (served.length === 0) return;
    const placed = await this.catalog.exports.ofGateway(gatewayId);
    const wanted = new Set(placed.map(({ id }) => id));
    for (const { exportId } of served) {
      if (wanted.has(exportId)) continue;
      this.logger.warn({ exportId }, 'export belongs elsewhere now');
      await this.detach(exportId);
    }
  }

  /** After a lost lease: where the catalog still means this gateway to serve it, as soon as the image can be had. */
  private async reattach(payload: AttachPayload): Promise<void> {
    const { exportId } = payload;
    this.logger.error({ exportId }, 'lease lost: export ended');
    try {
      const { gatewayId, status } = await this.catalog.exports.get(exportId);
      if (gatewayId === this.config.gatewayId && status !== 'detaching') await this.attach(payload);
    } catch (err) {
      this.logger.error({ err, exportId }, 'export not taken up again');
    }
  }

  private async noteFailure(exportId: string, error: unknown): Promise<void> {
    try {
      await this.catalog.exports.fail(exportId, shownReason(error), this.config.gatewayId);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

function isNotFound(error: unknown): boolean {
  return error instanceof CatalogError && error.code === 'not_found';
}

/** What every viewer may read: no paths of this host, and nothing of a fault that nobody foresaw. */
function shownReason(error: unknown): string {
  if (error instanceof ImageError) {
    const { message, context } = error;
    return context.path === undefined ? message : message.replaceAll(context.path, 'image');
  }
  const foreseen = error instanceof GatewayRefusal || error instanceof CatalogError;
  return foreseen ? error.message : 'see the log of the gateway';
}

function toPayload({ id, imageId, name, pool, readOnly, options, faults }: PlacedExport) {
  const payload: AttachPayload = { exportId: id, imageId, name, pool, readOnly, options };
  return faults === undefined ? payload : { ...payload, faults };
}
