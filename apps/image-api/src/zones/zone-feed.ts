/**
 * Zones as they change. Of an exported image its gateway is asked several times a second what changed; the zones of a
 * resting one change only by this API's own commands, after which its file is looked at.
 */

import { randomUUID } from 'node:crypto';
import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import { Catalog } from '@zonelab/catalog';
import type { Zone, ZoneStreamEvent } from '@zonelab/contracts';
import { ZoneWatch } from '@zonelab/qcow2-zoned';
import { Observable, type Subscriber } from 'rxjs';
import { Gateways } from '../gateways/gateways.ts';
import { ProblemError } from '../http/problem.ts';
import {
  MAX_CHANGED_ZONES,
  MAX_ZONE_STREAMS,
  PLACEMENT_POLL_MS,
  ZONE_IDLE_POLL_MS,
  ZONE_POLL_MS,
} from '../limits.ts';
import { type ImageApiOptions, OPTIONS } from '../options.ts';
import { RestingImages } from './resting-images.ts';
import { ZONE_USE, ZonesService } from './zones.service.ts';

/** What one stream knows between two looks. */
interface Look {
  readonly imageId: string;
  readonly follower: string;
  watch: ZoneWatch;
  /** Gateway that serves the image; undefined while it rests. */
  gatewayId: string | undefined;
  placedAtMs: number;
  /** How often this API had changed the image at the last look. */
  changes: number;
}

@Injectable()
export class ZoneFeed implements BeforeApplicationShutdown {
  private readonly streams = new Set<Subscriber<ZoneStreamEvent>>();

  constructor(
    private readonly catalog: Catalog,
    private readonly gateways: Gateways,
    private readonly resting: RestingImages,
    private readonly zones: ZonesService,
    @Inject(OPTIONS) private readonly options: ImageApiOptions,
  ) {}

  /** Of an image that has zones; never completes but by shutdown. Throws the problem 429. */
  follow(imageId: string): Observable<ZoneStreamEvent> {
    if (this.streams.size >= MAX_ZONE_STREAMS) throw tooMany();
    return new Observable((subscriber) => {
      this.streams.add(subscriber);
      void this.run(imageId, subscriber);
      return () => this.streams.delete(subscriber);
    });
  }

  beforeApplicationShutdown(): void {
    for (const stream of this.streams) stream.complete();
  }

  private async run(imageId: string, subscriber: Subscriber<ZoneStreamEvent>): Promise<void> {
    const follower = randomUUID();
    const look: Look = {
      ...{ imageId, follower, watch: new ZoneWatch(), gatewayId: undefined },
      ...{ placedAtMs: 0, changes: -1 },
    };
    while (!subscriber.closed) {
      let waitMs = ZONE_IDLE_POLL_MS;
      try {
        const items = await this.changed(look);
        if (items === null) subscriber.next({ type: 'reset', data: {} });
        else if (items.length > 0) subscriber.next({ type: 'zones', data: { items } });
        if (items === null || items.length > 0) waitMs = ZONE_POLL_MS;
      } catch (err) {
        // an image that is busy, or moves to another gateway: what it is then is found again
        this.options.logger.debug({ err, imageId }, 'zones not seen');
        look.placedAtMs = 0;
        waitMs = PLACEMENT_POLL_MS;
      }
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }

  /** Null where all zones may have changed. */
  private async changed(look: Look): Promise<Zone[] | null> {
    const moved = await this.place(look);
    const { imageId, follower, gatewayId } = look;
    if (gatewayId !== undefined) {
      const payload = { imageId, follower };
      const { items } = await this.gateways.ask(gatewayId, 'zoneChanges', payload);
      return moved ? null : items;
    }
    const changes = this.zones.changesOf(imageId);
    if (changes === look.changes && !moved) return [];
    look.changes = changes;
    const image = await this.catalog.images.getReady(imageId, ZONE_USE);
    const items = await this.resting.alone(imageId, () =>
      this.resting.look(image, (device) => device.changedZones(look.watch, MAX_CHANGED_ZONES)),
    );
    if (items?.length === MAX_CHANGED_ZONES) look.changes = -1; // there may be more
    return moved ? null : (items ?? null);
  }

  /** True where the image is served by another gateway than it was, or by none any more. */
  private async place(look: Look): Promise<boolean> {
    const nowMs = Date.now();
    if (nowMs - look.placedAtMs < PLACEMENT_POLL_MS) return false;
    const first = look.placedAtMs === 0;
    const served = await this.catalog.exports.ofImage(look.imageId);
    look.placedAtMs = nowMs;
    if (!first && served?.gatewayId === look.gatewayId) return false;
    look.gatewayId = served?.gatewayId;
    look.watch = new ZoneWatch();
    return true;
  }
}

function tooMany(): ProblemError {
  const detail = `allowed are at most ${MAX_ZONE_STREAMS} streams of zones at once`;
  return new ProblemError({ status: 429, code: 'too_many_listeners', detail });
}
