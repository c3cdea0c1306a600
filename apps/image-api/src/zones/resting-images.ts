/**
 * Images that no gateway serves, opened here to manage their zones. One thing at a time happens to an image. It stays
 * open for a while, as a drive stays powered: closing it would close its open zones.
 */

import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Catalog, Lease } from '@zonelab/catalog';
import type { FaultPlan, Image } from '@zonelab/contracts';
import { imagePath, poolFolders } from '@zonelab/platform';
import { type FaultStatus, ZonedDevice } from '@zonelab/qcow2-zoned';
import { LEASE_PATIENCE_MS, MAX_RESTING_IMAGES, RESTING_IMAGE_IDLE_MS } from '../limits.ts';
import { type ImageApiOptions, OPTIONS } from '../options.ts';
import { KeyedMutex } from './keyed-mutex.ts';

interface OpenImage {
  device: ZonedDevice;
  lease: Lease;
  idle: NodeJS.Timeout;
}

@Injectable()
export class RestingImages implements OnApplicationShutdown {
  /** In order of last use. */
  private readonly open = new Map<string, OpenImage>();
  private readonly mutex = new KeyedMutex();
  /** What leases are held by: this process, and no earlier or later one. */
  private readonly owner = `image-api ${hostname()} ${randomBytes(4).toString('hex')}`;

  constructor(
    private readonly catalog: Catalog,
    @Inject(OPTIONS) private readonly options: ImageApiOptions,
  ) {}

  /** Runs `action` alone on the image, whether it is open here or not. */
  alone<T>(imageId: string, action: () => Promise<T>): Promise<T> {
    return this.mutex.run(imageId, action);
  }

  /** Runs `action` alone on the image, and while its file is closed here. */
  whileClosed<T>(imageId: string, action: () => Promise<T>): Promise<T> {
    return this.alone(imageId, async () => {
      await this.close(imageId);
      return action();
    });
  }

  /** Runs `action` alone on the image, while its file is closed here and no other process may write it. */
  whileLeased<T>(imageId: string, action: () => Promise<T>): Promise<T> {
    return this.whileClosed(imageId, async () => {
      const lease = await this.lease(imageId);
      try {
        return await action();
      } finally {
        await lease.release();
      }
    });
  }

  /** The device, open for writing under a lease. To be called inside `alone`. Errors: `image_has_overlays` among others. */
  async forWriting(image: Image): Promise<ZonedDevice> {
    const held = this.open.get(image.id);
    if (held) {
      this.open.delete(image.id);
      this.open.set(image.id, held);
      held.idle.refresh();
      return held.device;
    }
    const lease = await this.lease(image.id);
    const device = await this.openUnder(lease, image).catch(async (error: unknown) => {
      await lease.release();
      throw error;
    });
    const idle = setTimeout(() => this.closeSoon(image.id), RESTING_IMAGE_IDLE_MS).unref();
    this.open.set(image.id, { device, lease, idle });
    const [oldest] = this.open.keys();
    if (this.open.size > MAX_RESTING_IMAGES && oldest !== undefined) this.closeSoon(oldest);
    return device;
  }

  /** A device that is open here fails by the plan from now on; null: no more. */
  setFaults(imageId: string, plan: FaultPlan | null): void {
    this.open.get(imageId)?.device.setFaults(plan ?? undefined);
  }

  /** What the plan of an image has done that is open here; null where it is not, or has none. */
  faultStatus(imageId: string): FaultStatus[] | null {
    return this.open.get(imageId)?.device.faultStatus() ?? null;
  }

  /** Runs `look` on the device without changing the file. To be called inside `alone`. */
  async look<T>(image: Image, look: (device: ZonedDevice) => T): Promise<T> {
    const held = this.open.get(image.id);
    if (held) return look(held.device);
    const path = imagePath(this.options.pools, image.pool, image.id);
    const device = await ZonedDevice.open(path, {
      readOnly: true,
      allowedDirectories: poolFolders(this.options.pools),
    });
    try {
      return look(device);
    } finally {
      await device.close();
    }
  }

  /** Requests have ended: every image is closed cleanly. */
  async onApplicationShutdown(): Promise<void> {
    await Promise.all(
      [...this.open.keys()].map((id) => this.whileClosed(id, async () => undefined)),
    );
  }

  private lease(imageId: string): Promise<Lease> {
    const { logger } = this.options;
    return Lease.take(this.catalog.leases, imageId, this.owner, {
      patienceMs: LEASE_PATIENCE_MS,
      onLost: (reason) => {
        logger.error({ imageId, reason }, 'lease lost');
        this.closeSoon(imageId);
      },
    });
  }

  /** Overlays are made under the lease too: from here on there is none that could see a change. */
  private async openUnder(lease: Lease, image: Image): Promise<ZonedDevice> {
    await this.catalog.images.refuseOverlays(image.id);
    const path = imagePath(this.options.pools, image.pool, image.id);
    const faults = await this.catalog.images.faults(image.id);
    return ZonedDevice.open(path, {
      faults: faults ?? undefined,
      guard: () => lease.assertHeld(),
      allowedDirectories: poolFolders(this.options.pools),
    });
  }

  private closeSoon(imageId: string): void {
    const { logger } = this.options;
    this.whileClosed(imageId, async () => undefined).catch((err: unknown) =>
      logger.error({ err, imageId }, 'closing an image failed'),
    );
  }

  private async close(imageId: string): Promise<void> {
    const held = this.open.get(imageId);
    if (!held) return;
    clearTimeout(held.idle);
    this.open.delete(imageId);
    try {
      await held.device.close();
    } finally {
      await held.lease.release();
    }
  }
}
