/** Does what the catalog says is to be done to an image, and writes down what came of it. */
import { randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { Inject, Injectable } from '@nestjs/common';
import { Catalog, CatalogError, Lease, type PendingWork, type WorkResult } from '@zonelab/catalog';
import { type ImageCheck, SECTOR_BYTES } from '@zonelab/contracts';
import { imageFolder, imagePath, type Pool, poolFolders } from '@zonelab/platform';
import { type CheckReport, ImageError, type ImageErrorCode } from '@zonelab/qcow2-zoned';
import { LEASE_PATIENCE_MS, MAX_SHOWN_FINDINGS, PROGRESS_INTERVAL_MS } from '../limits.ts';
import { POOLS } from '../tokens.ts';
import { runTask } from './image-thread.ts';
import type { ImageTask } from './messages.ts';

/** Module that image threads run. */
export const IMAGE_THREAD_URL = Symbol('image thread');

type Check = PendingWork & { work: { kind: 'check' } };
type Conversion = PendingWork & { work: { kind: 'convert' } };

/** Somebody else has the image open; he lets go some time. */
const PASSING: ReadonlySet<string> = new Set<ImageErrorCode | 'image_leased'>([
  'image_in_use',
  'image_leased',
]);

/** What ails the host, and not the image. */
const HOST_FAULTS: ReadonlySet<string> = new Set<ImageErrorCode>([
  'io_error',
  'no_space',
  'image_in_use',
]);

@Injectable()
export class ImageRunner {
  /** What leases are held by. */
  private readonly owner = `worker ${hostname()} ${randomBytes(4).toString('hex')}`;

  constructor(
    private readonly catalog: Catalog,
    @Inject(POOLS) private readonly pools: readonly Pool[],
    @Inject(IMAGE_THREAD_URL) private readonly thread: URL,
  ) {}

  /** Idempotent. Throws where another try may do better: `isPassing` tells whether that is certain. */
  async run(imageId: string, workId: string, signal: AbortSignal): Promise<void> {
    const pending = await this.catalog.imageWork.get(imageId, workId);
    if (pending?.work.kind === 'check') await this.check(pending as Check, signal);
    if (pending?.work.kind === 'convert') await this.convert(pending as Conversion, signal);
  }

  /** It will not be done: an image that was checked is as it was, one that was to be made is not. */
  async giveUp(imageId: string, workId: string, reason: string): Promise<void> {
    const { imageWork } = this.catalog;
    const pending = await imageWork.get(imageId, workId);
    if (pending?.work.kind === 'check') await imageWork.refuse(imageId, workId, reason);
    else await imageWork.finish(imageId, workId, {}, reason);
  }

  private async check({ imageId, pool, work }: Check, signal: AbortSignal): Promise<void> {
    const { repair } = work;
    const path = imagePath(this.pools, pool, imageId);
    const task = { kind: 'check', path, repair } as const;
    const run = (until: AbortSignal) => this.runTask(task, { imageId, workId: work.id }, until);
    try {
      const report = await (repair === undefined ? run(signal) : this.leased(imageId, signal, run));
      const check = describe(report as CheckReport, repair, path);
      await this.finish(imageId, work.id, { check }, faultOf(check));
    } catch (error) {
      if (!(error instanceof ImageError) || HOST_FAULTS.has(error.code)) throw error;
      await this.finish(imageId, work.id, {}, shown(error, path));
    }
  }

  private async convert({ imageId, pool, work }: Conversion, signal: AbortSignal): Promise<void> {
    const folder = imageFolder(this.pools, pool, imageId);
    const target = imagePath(this.pools, pool, imageId);
    const source = imagePath(this.pools, pool, work.sourceId);
    await mkdir(folder, { recursive: true });
    const task = {
      kind: 'convert',
      source,
      target,
      ...(await this.settings(imageId, work)),
    } as const;
    try {
      await this.runTask(task, { imageId, workId: work.id }, signal);
    } catch (error) {
      if (!(error instanceof ImageError) || PASSING.has(error.code)) throw error;
      await this.finish(imageId, work.id, {}, shown(error, source));
      return;
    }
    await this.finish(imageId, work.id, {});
  }

  private async settings(imageId: string, work: Conversion['work']) {
    const { compression, clusterSize } = work;
    const { zoneSize, maxOpenZones, maxActiveZones, maxAppendSectors } =
      await this.catalog.images.get(imageId);
    const zoned =
      zoneSize === null
        ? undefined
        : {
            zoneSize,
            maxOpenZones: maxOpenZones ?? undefined,
            maxActiveZones: maxActiveZones ?? undefined,
            maxAppendBytes: maxAppendSectors === null ? undefined : maxAppendSectors * SECTOR_BYTES,
          };
    const compressionType = compression === 'none' ? undefined : compression;
    return {
      folders: poolFolders(this.pools),
      keepZones: zoned !== undefined,
      compress: compression !== 'none',
      create: { clusterSize, compressionType, zoned },
    };
  }

  /** Nobody else writes the image meanwhile: the lease keeps them out, and ends the thread should it be lost. */
  private async leased<T>(
    imageId: string,
    signal: AbortSignal,
    run: (until: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const lost = new AbortController();
    const lease = await Lease.take(this.catalog.leases, imageId, this.owner, {
      patienceMs: LEASE_PATIENCE_MS,
      onLost: (reason) => lost.abort(new Error(`lease lost: ${reason}`)),
    });
    try {
      return await run(AbortSignal.any([signal, lost.signal]));
    } finally {
      await lease.release();
    }
  }

  /** Progress goes to the catalog; an image that is gone from there ends the task. */
  private async runTask(
    task: ImageTask,
    { imageId, workId }: { imageId: string; workId: string },
    signal: AbortSignal,
  ) {
    const gone = new AbortController();
    let told = performance.now();
    const onProgress = (progress: number): void => {
      if (performance.now() - told < PROGRESS_INTERVAL_MS) return;
      told = performance.now();
      this.catalog.imageWork.advance(imageId, workId, progress).then(
        (wanted) => wanted || gone.abort(new WorkOver()),
        () => undefined, // out of reach: the next one may come through
      );
    };
    const until = AbortSignal.any([signal, gone.signal]);
    try {
      return await runTask(task, { onProgress, signal: until, thread: this.thread });
    } catch (error) {
      if (!(error instanceof WorkOver)) throw error;
      return undefined;
    }
  }

  private async finish(
    imageId: string,
    workId: string,
    result: WorkResult,
    failure?: string,
  ): Promise<void> {
    if (await this.catalog.imageWork.finish(imageId, workId, result, failure)) return;
    const gone = await this.catalog.images.get(imageId).then(() => false, isNotFound);
    if (!gone) return;
    for (const { path } of this.pools)
      await rm(`${path}/${imageId}`, { recursive: true, force: true });
  }
}

/** The image is gone, or its work is another's: nothing is to be done any more. */
class WorkOver extends Error {}

/** True for what the end of another's work on the image ends. */
export function isPassing(error: unknown): boolean {
  return PASSING.has((error as { code?: string } | null)?.code ?? '');
}

function isNotFound(error: unknown): boolean {
  if (error instanceof CatalogError && error.code === 'not_found') return true;
  throw error;
}

function describe(
  report: CheckReport,
  repair: ImageCheck['repair'] | undefined,
  path: string,
): ImageCheck {
  const { findings, repaired, totalClusters, allocatedClusters } = report;
  return {
    at: new Date().toISOString(),
    repair: repair ?? null,
    ...countsOf(report),
    totalClusters,
    allocatedClusters,
    findings: findings
      .slice(0, MAX_SHOWN_FINDINGS)
      .map(({ message }) => message.replaceAll(path, 'image')),
    repaired: repaired ? countsOf(repaired) : null,
  };
}

function countsOf({
  leaks,
  corruptions,
  checkErrors,
  zoneFaults,
}: CheckReport | NonNullable<CheckReport['repaired']>) {
  return { leaks, corruptions, checkErrors, zoneFaults };
}

/** Why an image must not be used; undefined for a sound one. Leaks cost nothing but space. */
function faultOf({
  corruptions,
  checkErrors,
  zoneFaults,
  findings,
}: ImageCheck): string | undefined {
  const faults = corruptions + checkErrors + zoneFaults;
  if (faults === 0) return undefined;
  return `its check found ${faults} faults, such as: ${findings[0] ?? 'see its check'}`;
}

/** No paths of this host. */
function shown({ message, context }: ImageError, path: string): string {
  const text = context.path === undefined ? message : message.replaceAll(context.path, 'image');
  return text.replaceAll(path, 'image');
}
