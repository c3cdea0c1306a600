/**
 * The data plane: images that are open, and the NBD exports over them. Knows no catalog and no queue.
 * Attaching and detaching happen one after the other for each image, so that one whose lease is still another's holds
 * up no others; zone commands go straight to the device, which keeps them in order itself.
 */

import type {
  AttachPayload,
  CountedZones,
  ExportStats,
  FaultsPayload,
  ResizePayload,
  UpdateExportPayload,
  ZoneChangesPayload,
  ZoneChangesResult,
  ZoneManagementPayload,
  ZoneReportPayload,
  ZoneReportResult,
} from '@zonelab/contracts';
import { formatNbdUri, LATENCY_BOUNDS, type NbdServer } from '@zonelab/nbd';
import { imagePath, type Pool, poolFolders } from '@zonelab/platform';
import { type FaultStatus, ImageError, type Zone, ZonedDevice } from '@zonelab/qcow2-zoned';
import { ZonedExport } from '@zonelab/zoned-export';
import { LiveImage } from './live-image.ts';
import type { PublicAddress } from './nbd-frontend.ts';
import { GatewayRefusal } from './refusals.ts';
import { countZones } from './zone-counts.ts';

interface Attachment {
  /** As attached, or as changed since. */
  payload: AttachPayload;
  readonly image: LiveImage;
  readonly target: ZonedExport;
}

/** The right to write an image. */
export interface WriteLease {
  /** Throws where the image may not be written any more. */
  assertHeld(): void;
  release(): Promise<void>;
}

export type TakeLease = (imageId: string, onLost: () => void) => Promise<WriteLease>;

export class Attachments {
  /** Told of exports that ended because the lease of their image was lost. */
  onLost: (ended: readonly AttachPayload[]) => void = () => undefined;
  private readonly attachments = new Map<string, Attachment>();
  private readonly images = new Map<string, LiveImage>();
  /** The last thing under way for each image. */
  private readonly lanes = new Map<string, Promise<unknown>>();
  /** The image of every export that is attached, or on its way. */
  private readonly imageIds = new Map<string, string>();
  /** Whose export name it is. */
  private readonly names = new Map<string, string>();
  private closing = false;

  constructor(
    private readonly server: NbdServer,
    private readonly address: PublicAddress,
    private readonly pools: readonly Pool[],
    private readonly takeLease: TakeLease,
  ) {}

  /**
   * Serves an image, and answers the URI of the export. Attaching what is attached changes nothing.
   * @throws GatewayRefusal `export_name_taken`, `shutting_down`
   * @throws ImageError where the image cannot be opened
   */
  attach(payload: AttachPayload): Promise<string> {
    const { exportId, imageId } = payload;
    this.imageIds.set(exportId, imageId);
    return this.inTurn(imageId, async () => {
      if (this.closing) throw new GatewayRefusal('shutting_down', 'this gateway is shutting down');
      if (!this.attachments.has(exportId)) await this.start(payload);
      return formatNbdUri({ ...this.address, name: payload.name });
    });
  }

  /**
   * Changes an export under its clients. A read-only one whose image is open for reading only is attached anew, and
   * its clients connect again.
   * @throws GatewayRefusal `not_attached`
   * @throws ImageError where the image cannot be opened for writing; the export goes on as it was
   */
  update({ exportId, readOnly, rates }: UpdateExportPayload): Promise<void> {
    return this.ofExport(exportId, async () => {
      const attachment = this.attachments.get(exportId);
      if (attachment === undefined) throw notAttached(`export ${exportId}`);
      const { payload, image, target } = attachment;
      const options = { ...payload.options, rates: rates ?? payload.options.rates };
      const wanted = { ...payload, readOnly: readOnly ?? payload.readOnly, options };
      if (!wanted.readOnly && image.device.readOnly) {
        await this.reattach(payload, wanted);
        return;
      }
      target.setReadOnly(wanted.readOnly);
      try {
        if (wanted.readOnly && !payload.readOnly) await image.device.flush();
      } catch (error) {
        target.setReadOnly(payload.readOnly);
        throw error;
      }
      attachment.payload = wanted;
      this.server.setRates(payload.name, options.rates ?? {});
    });
  }

  private async reattach(before: AttachPayload, wanted: AttachPayload): Promise<void> {
    const image = this.attachments.get(before.exportId)?.image;
    if (image !== undefined && image.exportIds.size > 1) {
      const message = `image ${before.imageId}: open here for reading; detach its other exports first`;
      throw new ImageError('image_in_use', message);
    }
    await this.end(before.exportId);
    try {
      await this.start(wanted);
    } catch (error) {
      await this.start(before);
      throw error;
    }
  }

  /** Ends an export once its requests in flight have finished; the last of an image closes it. */
  detach(exportId: string): Promise<void> {
    return this.ofExport(exportId, () => this.end(exportId));
  }

  /** What is attached now. */
  list(): { exportId: string; name: string; imageId: string; device: ZonedDevice }[] {
    return [...this.attachments.values()].map(({ payload, image }) => {
      const { exportId, name, imageId } = payload;
      return { exportId, name, imageId, device: image.device };
    });
  }

  manage(payload: ZoneManagementPayload): Promise<Zone | null> {
    return this.live(payload.imageId).manage(payload);
  }

  /** What clients have asked of an export so far. */
  async stats(exportId: string): Promise<ExportStats> {
    const name = this.attachments.get(exportId)?.payload.name;
    const counted = name === undefined ? undefined : this.server.stats(name);
    if (counted === undefined) throw notAttached(`export ${exportId}`);
    const { connections, inFlight, requests, errors, readBytes, writtenBytes } = counted;
    return {
      at: new Date().toISOString(),
      ...{ connections, inFlight, requests, errors, readBytes, writtenBytes },
      latencyBounds: [...LATENCY_BOUNDS],
      latencies: mapValues(counted.latencies, ({ buckets, ...sums }) => ({
        buckets: [...buckets],
        ...sums,
      })),
    };
  }

  async changes({ imageId, follower }: ZoneChangesPayload): Promise<ZoneChangesResult> {
    return this.live(imageId).changes(follower);
  }

  /** @throws GatewayRefusal `not_attached`; ImageError as `ZonedDevice.resize` does, the image as it was */
  resize({ imageId, size }: ResizePayload): Promise<ZonedDevice> {
    return this.inTurn(imageId, async () => {
      const image = this.live(imageId);
      await image.resize(size);
      return image.device;
    });
  }

  async report(payload: ZoneReportPayload): Promise<ZoneReportResult> {
    return this.live(payload.imageId).report(payload);
  }

  /** From now on the image fails as the plan says. Errors: `not_attached`. */
  async setFaults({ imageId, plan }: FaultsPayload): Promise<void> {
    this.live(imageId).device.setFaults(plan ?? undefined);
  }

  /** What the image's plan has done; null without one. Errors: `not_attached`. */
  async faultStatus(imageId: string): Promise<FaultStatus[] | null> {
    return this.live(imageId).device.faultStatus() ?? null;
  }

  /** Of those images that are attached here. */
  async countZones(imageIds: readonly string[]): Promise<CountedZones[]> {
    const counted: CountedZones[] = [];
    for (const imageId of imageIds) {
      const image = this.images.get(imageId);
      const counts = image && (await countZones(image.device));
      if (counts) counted.push({ imageId, ...counts });
    }
    return counted;
  }

  /** Refuses what is asked for from now on, and ends every export as `detach` does. */
  async close(): Promise<void> {
    this.closing = true;
    const ended = [...this.imageIds.keys()].map((exportId) => this.detach(exportId));
    const failed = (await Promise.allSettled(ended)).find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
  }

  private async start(payload: AttachPayload): Promise<void> {
    const { exportId, imageId, name } = payload;
    const taker = this.names.get(name);
    if (taker !== undefined) {
      const message = `export name ${name}: taken by export ${taker}`;
      throw new GatewayRefusal('export_name_taken', message);
    }
    this.names.set(name, exportId);
    this.imageIds.set(exportId, imageId);
    try {
      await this.serve(payload);
    } catch (error) {
      this.names.delete(name);
      this.imageIds.delete(exportId);
      throw error;
    }
  }

  private async serve(payload: AttachPayload): Promise<void> {
    const { exportId, imageId, name, readOnly, options } = payload;
    const image = this.images.get(imageId) ?? (await this.open(payload));
    if (!readOnly && image.device.readOnly) {
      const message = `image ${imageId}: open here for reading; detach its read-only exports first`;
      throw new ImageError('image_in_use', message);
    }
    const { zeroes, trim, reorder, allow, rates } = options;
    const target = new ZonedExport(image.device, { readOnly, zeroes, trim, reorder });
    this.server.addExport(name, target, { allow, rates });
    image.exportIds.add(exportId);
    this.images.set(imageId, image);
    this.attachments.set(exportId, { payload, image, target });
  }

  private async open(payload: AttachPayload): Promise<LiveImage> {
    const { pool, imageId, readOnly, options, faults } = payload;
    const path = imagePath(this.pools, pool, imageId);
    const common = {
      faults,
      enforceLimits: options.limits === 'on',
      allowedDirectories: poolFolders(this.pools),
    };
    if (readOnly) return new LiveImage(await ZonedDevice.open(path, { ...common, readOnly }));
    const lease = await this.takeLease(imageId, () => void this.endLost(imageId));
    try {
      const guard = () => lease.assertHeld();
      return new LiveImage(await ZonedDevice.open(path, { ...common, guard }), lease);
    } catch (error) {
      await lease.release();
      throw error;
    }
  }

  private async end(exportId: string): Promise<void> {
    const attachment = this.attachments.get(exportId);
    if (attachment === undefined) return;
    const { payload, image } = attachment;
    this.attachments.delete(exportId);
    this.imageIds.delete(exportId);
    await this.server.removeExport(payload.name).finally(() => this.names.delete(payload.name));
    image.exportIds.delete(exportId);
    if (image.exportIds.size > 0) return;
    this.images.delete(payload.imageId);
    await image.close();
  }

  /** Clients are cut off; what they had not flushed may be lost, as with any disk that goes away. */
  private endLost(imageId: string): Promise<void> {
    return this.inTurn(imageId, async () => {
      const ended = [...this.attachments.values()]
        .filter(({ payload }) => payload.imageId === imageId)
        .map(({ payload }) => payload);
      // the image cannot be closed cleanly: every write of that is refused
      for (const { exportId } of ended) await this.end(exportId).catch(() => undefined);
      this.onLost(ended);
    });
  }

  private live(imageId: string): LiveImage {
    const image = this.images.get(imageId);
    if (image !== undefined) return image;
    throw notAttached(`image ${imageId}`);
  }

  private ofExport<T>(exportId: string, action: () => Promise<T>): Promise<T> {
    return this.inTurn(this.imageIds.get(exportId) ?? '', action);
  }

  private inTurn<T>(imageId: string, action: () => Promise<T>): Promise<T> {
    const result = (this.lanes.get(imageId) ?? Promise.resolve()).then(action);
    const lane = result
      .catch(() => undefined)
      .then(() => {
        if (this.lanes.get(imageId) === lane) this.lanes.delete(imageId);
      });
    this.lanes.set(imageId, lane);
    return result;
  }
}

function notAttached(what: string): GatewayRefusal {
  return new GatewayRefusal('not_attached', `${what}: not attached to this gateway`);
}

function mapValues<K extends string, A, B>(
  values: Readonly<Record<K, A>>,
  change: (value: A) => B,
) {
  const entries = Object.entries<A>(values).map(([key, value]) => [key, change(value)]);
  return Object.fromEntries(entries) as Record<K, B>;
}
