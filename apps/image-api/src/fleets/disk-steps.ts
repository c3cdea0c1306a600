/**
 * Brings one disk of a fleet to what is wanted of it, from wherever it is: whoever did this before may have been cut short
 * after any step. Images are found again by name and labels, exports by their image.
 */

import { Injectable } from '@nestjs/common';
import { Catalog, CatalogError, type FleetDiskParts } from '@zonelab/catalog';
import type { Export, Fleet, Image } from '@zonelab/contracts';
import { ExportsService } from '../exports/exports.service.ts';
import { toProblem } from '../http/translate.ts';
import { ImagesService } from '../images/images.service.ts';
import { templateOf } from './template.ts';

/** Labels of an image that was made for a disk: whose it is, and in place of how many before it. */
const FLEET_LABEL = 'zonelab.fleet';
const GENERATION_LABEL = 'zonelab.generation';

@Injectable()
export class DiskSteps {
  constructor(
    private readonly catalog: Catalog,
    private readonly images: ImagesService,
    private readonly exports: ExportsService,
  ) {}

  /**
   * What is wanted is read anew after each step, so that a change that comes meanwhile counts. To be called by one at a
   * time. Where it fails, the disk has the reason and the error is thrown.
   */
  async bring(fleetId: string, number: number): Promise<void> {
    try {
      for (;;) {
        const disk = await this.catalog.fleetDisks.get(fleetId, number);
        if (await this.step(disk)) return;
      }
    } catch (error) {
      if (isNotFound(error) && error.context.resource === 'disk') return;
      const failure = toProblem(error)?.detail ?? 'see the log of the API';
      await this.catalog.fleetDisks.note({ fleetId, number }, { failure });
      throw error;
    }
  }

  /** True where nothing is left to do. */
  private async step(disk: FleetDiskParts): Promise<boolean> {
    const { fleetId, number, image, desired } = disk;
    const outdated = image !== null && disk.madeGeneration !== disk.generation;
    if (desired === 'absent' || outdated) {
      await this.takeDown(disk);
      if (desired === 'absent') await this.catalog.fleetDisks.remove(fleetId, number);
      return false;
    }
    const fleet = await this.catalog.fleets.get(fleetId);
    if (image === null) {
      const made = await this.makeImage(disk, fleet);
      await this.catalog.fleetDisks.note(disk, {
        imageId: made.id,
        madeGeneration: disk.generation,
      });
      return false;
    }
    if (disk.export?.status !== 'active') {
      const { id } = await this.makeExport(disk, image, fleet);
      await this.catalog.fleetDisks.note(disk, { exportId: id, failure: null });
      return false;
    }
    return true;
  }

  private async takeDown(disk: FleetDiskParts): Promise<void> {
    const image = disk.image ?? (await this.ownImage(disk));
    if (image) {
      const served = await this.exportOf(disk, image);
      if (served) await unlessGone(this.exports.delete(served.id));
      await unlessGone(this.images.delete(image.id));
    }
    const nothing = { imageId: null, exportId: null, madeGeneration: null };
    await this.catalog.fleetDisks.note(disk, nothing);
  }

  /** The one that an attempt before this one made, if it got so far. */
  private async makeImage(disk: FleetDiskParts, fleet: Fleet): Promise<Image> {
    const generation = String(disk.generation);
    const earlier = await this.ownImage(disk);
    if (earlier?.status === 'ready' && earlier.labels[GENERATION_LABEL] === generation)
      return earlier;
    if (earlier) await unlessGone(this.images.delete(earlier.id));
    const own = { [FLEET_LABEL]: fleet.id, [GENERATION_LABEL]: generation };
    const labels = { ...fleet.labels, ...own };
    return this.images.create({ ...templateOf(fleet, disk.number), name: disk.name, labels });
  }

  private async makeExport(disk: FleetDiskParts, image: Image, fleet: Fleet): Promise<Export> {
    const served = await this.exportOf(disk, image);
    if (served?.status === 'active') return served;
    if (served && served.status !== 'detaching')
      return this.exports.attach({ ...served, pool: image.pool });
    if (served) await unlessGone(this.exports.delete(served.id));
    const { gatewayIds = [] } = fleet.placement;
    const gatewayId = gatewayIds[disk.number % gatewayIds.length];
    return this.exports.create({
      imageId: image.id,
      name: disk.name,
      ...fleet.export,
      ...(gatewayId !== undefined && { gatewayId }),
    });
  }

  private async ownImage({ name, fleetId }: FleetDiskParts): Promise<Image | undefined> {
    const image = await this.catalog.images.named(name);
    return image?.labels[FLEET_LABEL] === fleetId ? image : undefined;
  }

  private async exportOf(disk: FleetDiskParts, image: Image): Promise<Export | undefined> {
    if (disk.export) return disk.export;
    const served = await this.catalog.exports.ofImage(image.id);
    return served?.name === disk.name ? served : undefined;
  }
}

async function unlessGone(action: Promise<unknown>): Promise<void> {
  try {
    await action;
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

function isNotFound(error: unknown): error is CatalogError {
  return error instanceof CatalogError && error.code === 'not_found';
}
