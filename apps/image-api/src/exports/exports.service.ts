/** Exports: a row in the catalog, and a gateway that serves what the row says. */

import { Inject, Injectable } from '@nestjs/common';
import { Catalog, type PlacedExport, type QuotaOwner } from '@zonelab/catalog';
import type {
  CreateExport,
  Export,
  ExportStats,
  ListExports,
  Page,
  UpdateExport,
} from '@zonelab/contracts';
import { Gateways } from '../gateways/gateways.ts';
import { ProblemError } from '../http/problem.ts';
import { type ImageApiOptions, OPTIONS } from '../options.ts';
import { RestingImages } from '../zones/resting-images.ts';

@Injectable()
export class ExportsService {
  constructor(
    private readonly catalog: Catalog,
    private readonly gateways: Gateways,
    private readonly resting: RestingImages,
    @Inject(OPTIONS) private readonly options: ImageApiOptions,
  ) {}

  /** Answers when clients can connect. Where the gateway cannot serve the image, nothing is left. */
  create(body: CreateExport, owner?: QuotaOwner): Promise<Export> {
    const { imageId, readOnly, options } = body;
    return this.resting.whileClosed(imageId, async () => {
      const image = await this.catalog.images.get(imageId);
      const { pool, name: imageName } = image;
      const { id: gatewayId } = await this.catalog.gateways.place(pool, body.gatewayId);
      const name = body.name ?? imageName;
      const row = { imageId, gatewayId, name, readOnly, options, owner };
      const made = await this.catalog.exports.create(row);
      try {
        const faults = (await this.catalog.images.faults(imageId)) ?? undefined;
        return await this.attach({ ...made, pool, faults });
      } catch (error) {
        await this.undo(made.id, gatewayId);
        throw error;
      }
    });
  }

  /** Has the gateway that the row names serve it. Errors: those of `Gateways.ask`; `not_found` where it is gone since. */
  async attach({ id: exportId, gatewayId, pool, ...facts }: PlacedExport): Promise<Export> {
    const { imageId, name, readOnly, options, faults } = facts;
    const payload = { exportId, imageId, name, pool, readOnly, options, ...(faults && { faults }) };
    const { uri } = await this.gateways.ask(gatewayId, 'attach', payload);
    return this.catalog.exports.activate(exportId, uri, gatewayId);
  }

  list(query: ListExports): Promise<Page<Export>> {
    return this.catalog.exports.list(query);
  }

  get(id: string): Promise<Export> {
    return this.catalog.exports.get(id);
  }

  /** Asked of the gateway that serves it. Errors: those of `Gateways.ask`. */
  async stats(id: string): Promise<ExportStats> {
    const { gatewayId } = await this.catalog.exports.get(id);
    return this.gateways.ask(gatewayId, 'exportStats', { exportId: id });
  }

  /**
   * Answers once the gateway serves it so. A change that the gateway refuses leaves the row as it was; where nobody knows
   * whether it acted, the row keeps the place of the image's writer, and the change can be asked for again.
   */
  async update(id: string, body: UpdateExport): Promise<Export> {
    const { imageId } = await this.catalog.exports.get(id);
    return this.resting.alone(imageId, async () => {
      const { before, now } = await this.catalog.exports.change(id, body);
      try {
        await this.gateways.ask(now.gatewayId, 'update', { exportId: id, ...body });
      } catch (error) {
        const readOnly = before.readOnly && (now.readOnly || !isUnknownOutcome(error));
        await this.catalog.exports.changeBack({ ...before, readOnly });
        throw error;
      }
      return now;
    });
  }

  /** The row stays until its gateway has let the image go. A dead gateway has, once it is known to be dead. */
  async delete(id: string): Promise<void> {
    const { gatewayId, imageId } = await this.catalog.exports.get(id);
    await this.resting.alone(imageId, async () => {
      await this.catalog.exports.beginDetach(id);
      const { alive } = await this.catalog.gateways.get(gatewayId);
      if (alive) await this.gateways.ask(gatewayId, 'detach', { exportId: id });
      await this.catalog.exports.remove(id);
    });
  }

  /** If the gateway cannot be told, the row stays, in status `detaching`, to be deleted when it can. */
  private async undo(exportId: string, gatewayId: string): Promise<void> {
    try {
      await this.catalog.exports.beginDetach(exportId);
      await this.gateways.ask(gatewayId, 'detach', { exportId });
      await this.catalog.exports.remove(exportId);
    } catch (err) {
      this.options.logger.error({ err, exportId, gatewayId }, 'undoing an export failed');
    }
  }
}

function isUnknownOutcome(error: unknown): boolean {
  const code = error instanceof ProblemError ? error.problem.code : undefined;
  return code === 'gateway_timeout' || code === 'gateway_failed';
}
