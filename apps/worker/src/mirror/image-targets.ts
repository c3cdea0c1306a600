/**
 * Images that carry runs out. A resting one is written under its lease; one that is exported, through its gateway. It
 * belongs to the experiment until that ends: a start after one that was interrupted resets its zones, provided that
 * nobody else has held its lease meanwhile.
 */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { Inject, Injectable } from '@nestjs/common';
import { Catalog, Lease, type StartedExperiment } from '@zonelab/catalog';
import type { Export, Image } from '@zonelab/contracts';
import { imagePath, type Pool, poolFolders } from '@zonelab/platform';
import { type ZonedGeometry, zoneGeometry } from '@zonelab/qcow2-zoned';
import { WorkloadError } from '@zonelab/zone-workload';
import { IMAGE_PATIENCE_MS } from '../limits.ts';
import { POOLS, REDIS_URL } from '../tokens.ts';
import { GatewayLine } from './gateway-line.ts';
import { monotonicMs } from './open-target.ts';
import type { AskGateway, TargetInput } from './target.ts';

const USE = 'a byte-accurate run';

/** Of exports, of which no lease tells who wrote meanwhile. */
const NO_LEASE = 0n;

export interface HeldImage {
  readonly input: TargetInput;
  readonly ask: AskGateway;
  /** Aborted where the right to write is lost. */
  readonly signal: AbortSignal;
}

type Run<T> = (image: HeldImage | undefined) => Promise<T>;

@Injectable()
export class ImageTargets {
  private readonly owner = `worker ${hostname()} ${randomBytes(4).toString('hex')}`;

  constructor(
    private readonly catalog: Catalog,
    @Inject(POOLS) private readonly pools: readonly Pool[],
    @Inject(REDIS_URL) private readonly redisUrl: string,
  ) {}

  /** Runs with the image of the experiment in hand, or without where it has none. */
  async using<T>(experimentId: string, started: StartedExperiment, run: Run<T>): Promise<T> {
    const { imageId } = started;
    if (imageId === null) return run(undefined);
    const image = await this.catalog.images.getReady(imageId, USE).catch((cause: unknown) => {
      throw new WorkloadError(
        'mirror_mismatch',
        `imageId: ${(cause as Error).message}`,
        {},
        { cause },
      );
    });
    const served = await this.catalog.exports.ofImage(imageId);
    return served
      ? this.throughExport(experimentId, started, { image, served }, run)
      : this.underLease(experimentId, started, image, run);
  }

  private async underLease<T>(
    experimentId: string,
    { imageLease }: StartedExperiment,
    image: Image,
    run: Run<T>,
  ): Promise<T> {
    const heldUntil = new SharedArrayBuffer(16);
    const until = new Float64Array(heldUntil);
    const lost = new AbortController();
    const lease = await Lease.take(this.catalog.leases, image.id, this.owner, {
      patienceMs: IMAGE_PATIENCE_MS,
      clock: { monotonic: monotonicMs, wall: Date.now },
      onHeld: ({ monotonic, wall }) => until.set([monotonic, wall]),
      onLost: (reason) => {
        until.fill(0);
        lost.abort(new Error(`image ${image.id}: the lease is lost: ${reason}`));
      },
    });
    try {
      await this.catalog.images.getResting(image.id, USE);
      await this.catalog.images.refuseOverlays(image.id);
      if (imageLease !== null && lease.token !== imageLease + 1n) {
        const message = `image ${image.id}: somebody else has held it since the run was interrupted`;
        throw new WorkloadError('mirror_mismatch', message);
      }
      await this.catalog.experiments.beginImage(experimentId, lease.token);
      const input: TargetInput = {
        kind: 'file',
        path: imagePath(this.pools, image.pool, image.id),
        allowedDirectories: poolFolders(this.pools),
        heldUntil,
        reset: imageLease !== null,
      };
      return await run({ input, ask: noGateway, signal: lost.signal });
    } finally {
      until.fill(0);
      await lease.release();
    }
  }

  private async throughExport<T>(
    experimentId: string,
    { imageLease }: StartedExperiment,
    { image, served }: { image: Image; served: Export },
    run: Run<T>,
  ): Promise<T> {
    const { uri, gatewayId } = served;
    if (uri === null || served.readOnly || served.options.limits === 'off') {
      const message = `imageId: export ${served.id} is ${served.status}${served.readOnly ? ', read-only' : ''}, limits ${served.options.limits}; a run needs an active, writable one that holds limits`;
      throw new WorkloadError('mirror_mismatch', message);
    }
    await this.catalog.experiments.beginImage(experimentId, NO_LEASE);
    const line = new GatewayLine(this.redisUrl, gatewayId, image.id);
    try {
      const input: TargetInput = {
        kind: 'export',
        uri,
        geometry: geometryOf(image),
        reset: imageLease !== null,
      };
      return await run({ input, ask: line.ask, signal: new AbortController().signal });
    } finally {
      await line.close();
    }
  }
}

function noGateway(): never {
  throw new Error('a resting image has no gateway');
}

function geometryOf({ size, zoneSize, maxAppendSectors, ...image }: Image): ZonedGeometry {
  return zoneGeometry({
    size,
    zoneSize: zoneSize ?? 0,
    profile: image.profile ?? undefined,
    zoneCapacity: image.zoneCapacity ?? undefined,
    conventionalZones: image.conventionalZones ?? undefined,
    maxOpenZones: image.maxOpenZones ?? undefined,
    maxActiveZones: image.maxActiveZones ?? undefined,
    maxAppendBytes: (maxAppendSectors ?? 0) * 512,
    logicalBlockSize: image.logicalBlockSize,
  });
}
