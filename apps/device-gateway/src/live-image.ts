/** An image that this gateway has open, and the exports that share it. */

import type {
  ZoneChangesResult,
  ZoneManagementPayload,
  ZoneReportPayload,
  ZoneReportResult,
} from '@zonelab/contracts';
import type { Zone, ZonedDevice } from '@zonelab/qcow2-zoned';
import { Followers } from './followers.ts';
import { MAX_CHANGED_ZONES, REPORT_CHUNK_ZONES, REPORT_SCAN_ZONES } from './limits.ts';

export class LiveImage {
  /** Ids of the exports that serve it. */
  readonly exportIds = new Set<string>();
  private readonly followers = new Followers();

  constructor(
    readonly device: ZonedDevice,
    /** Absent where the image is open for reading. */
    private readonly lease?: { release(): Promise<void> },
  ) {}

  /** Nobody uses it any more. The next owner may begin when this resolves, or rejects. */
  async close(): Promise<void> {
    try {
      await this.device.close();
    } finally {
      await this.lease?.release();
    }
  }

  /** Durable when it resolves. The zone that was named, as it is now; null where all were meant. */
  async manage({
    action,
    zoneIndex,
  }: Omit<ZoneManagementPayload, 'imageId'>): Promise<Zone | null> {
    const { device } = this;
    if (zoneIndex === undefined) await device.manageAll(action);
    else await device.manage(action, zoneIndex);
    await device.flush();
    return zoneIndex === undefined ? null : device.zone(zoneIndex);
  }

  /** What changed for a follower since it asked last. */
  changes(follower: string): ZoneChangesResult {
    const watch = this.followers.watchOf(follower);
    return { items: this.device.changedZones(watch, MAX_CHANGED_ZONES) ?? null };
  }

  /** Durable when it resolves. Clients see the new size when they connect again. */
  async resize(size: number): Promise<void> {
    await this.device.resize(size);
    await this.device.flush();
  }

  report({ from, count, state }: Omit<ZoneReportPayload, 'imageId'>): ZoneReportResult {
    const zoneCount = this.device.geometry?.zoneCount ?? 0;
    const lastLook = Math.min(zoneCount, from + REPORT_SCAN_ZONES);
    const items: Zone[] = [];
    let at = from;
    do {
      const wanted = state === undefined ? count : REPORT_CHUNK_ZONES;
      for (const zone of this.device.report(at, wanted)) {
        at = zone.index + 1;
        if (state === undefined || zone.condition === state) items.push(zone);
        if (items.length === count) break;
      }
    } while (items.length < count && at < lastLook);
    return { items, next: at < zoneCount ? at : null };
  }
}
