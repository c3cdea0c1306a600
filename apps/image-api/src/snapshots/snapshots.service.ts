/** Snapshots of resting images. While an image is exported its gateway writes it, and a snapshot waits. */

import { Injectable } from '@nestjs/common';
import { Catalog, CatalogError } from '@zonelab/catalog';
import type { ImageSnapshot, SnapshotPage } from '@zonelab/contracts';
import type { Snapshot, ZonedDevice } from '@zonelab/qcow2-zoned';
import { RestingImages } from '../zones/resting-images.ts';

@Injectable()
export class SnapshotsService {
  constructor(
    private readonly catalog: Catalog,
    private readonly resting: RestingImages,
  ) {}

  async list(imageId: string): Promise<SnapshotPage> {
    const items = await this.resting.alone(imageId, async () => {
      const image = await this.catalog.images.getResting(imageId, 'its snapshots');
      return this.resting.look(image, describeAll);
    });
    return { items, nextCursor: null };
  }

  /** Errors: `state_conflict`, `image_exported`; `name_taken` where the image has one of the name. */
  create(imageId: string, name: string): Promise<ImageSnapshot> {
    return this.change(imageId, async (device) => {
      refuseTaken(device, imageId, name);
      await device.createSnapshot(name, new Date());
      return describeAll(device).at(-1) as ImageSnapshot;
    });
  }

  delete(imageId: string, snapshot: string): Promise<void> {
    return this.change(imageId, (device) => device.deleteSnapshot(snapshot));
  }

  /** Back to what the image held then. What it holds now is lost unless another snapshot has it. */
  apply(imageId: string, snapshot: string): Promise<void> {
    return this.change(imageId, (device) => device.applySnapshot(snapshot));
  }

  private change<T>(imageId: string, action: (device: ZonedDevice) => Promise<T>): Promise<T> {
    return this.resting.alone(imageId, async () => {
      const image = await this.catalog.images.getResting(imageId, 'its snapshots');
      const device = await this.resting.forWriting(image);
      const result = await action(device);
      await device.flush();
      return result;
    });
  }
}

/** QEMU allows several of one name; then nobody can say which is meant. */
function refuseTaken(device: ZonedDevice, imageId: string, name: string): void {
  if (!device.snapshots().some((snapshot) => snapshot.name === name)) return;
  const message = `name: got ${name}, allowed is one that no other snapshot of image ${imageId} has`;
  throw new CatalogError('name_taken', message, { resource: 'snapshot', name });
}

function describeAll(device: ZonedDevice): ImageSnapshot[] {
  return device.snapshots().map((snapshot) => describe(snapshot, device.size));
}

function describe({ id, name, date, diskSize }: Snapshot, imageSize: number): ImageSnapshot {
  const createdAt = new Date(date.seconds * 1000 + date.nanoseconds / 1e6).toISOString();
  return { id, name, createdAt, size: diskSize ?? imageSize };
}
