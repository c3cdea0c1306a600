/**
 * What is wanted meets what is: exports of dead gateways move, work whose author died is finished or called failed, and
 * files and rows that lost each other are found. Each step may run in several processes at once: whoever changes the
 * row first does the rest.
 */

import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  Inject,
  Injectable,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { Catalog, CatalogError, type PlacedExport } from '@zonelab/catalog';
import { GATEWAY_DEAD_AFTER_MS } from '@zonelab/contracts';
import type { Pool } from '@zonelab/platform';
import pMap from 'p-map';
import { isStagedUpload } from '../content/import.service.ts';
import { ExportsService } from '../exports/exports.service.ts';
import { ImagesService } from '../images/images.service.ts';
import {
  CUT_SHORT_AFTER_MS,
  LEFTOVER_AFTER_MS,
  RECONCILE_AT_ONCE,
  RECONCILE_EXPORTS_EVERY_MS,
  RECONCILE_IMAGES_EVERY_MS,
  SWEEP_EVERY_MS,
} from '../limits.ts';
import { type ImageApiOptions, OPTIONS } from '../options.ts';
import { TracesService } from '../traces/traces.service.ts';
import { WorkService } from '../work/work.service.ts';

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

@Injectable()
export class Reconcile implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly timers: NodeJS.Timeout[] = [];
  private readonly running = new Map<string, Promise<void>>();

  constructor(
    private readonly catalog: Catalog,
    private readonly exports: ExportsService,
    private readonly images: ImagesService,
    private readonly traces: TracesService,
    private readonly work: WorkService,
    @Inject(OPTIONS) private readonly options: ImageApiOptions,
  ) {}

  onApplicationBootstrap(): void {
    this.repeat('exports', RECONCILE_EXPORTS_EVERY_MS, () => this.reconcileExports(new Date()));
    this.repeat('work', SWEEP_EVERY_MS, () => this.work.enqueue());
    this.repeat('images', RECONCILE_IMAGES_EVERY_MS, () => this.reconcileImages(new Date()));
  }

  async onApplicationShutdown(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    await Promise.all(this.running.values());
  }

  async reconcileExports(now: Date): Promise<void> {
    const { exports } = this.catalog;
    const stranded = await exports.stranded(GATEWAY_DEAD_AFTER_MS);
    await this.each(stranded, (one) => this.move(one));
    const cutShort = new Date(now.getTime() - CUT_SHORT_AFTER_MS);
    await this.each(await exports.stuck(cutShort), (one) =>
      one.status === 'detaching' ? this.exports.delete(one.id) : this.exports.attach(one),
    );
    await this.each(await exports.takeDue(), (one) => this.exports.attach(one));
  }

  async reconcileImages(now: Date): Promise<void> {
    const cutShort = new Date(now.getTime() - CUT_SHORT_AFTER_MS);
    await this.each(await this.catalog.images.inStatus('deleting', cutShort), ({ id }) =>
      this.images.delete(id),
    );
    await this.each(await this.catalog.images.inStatus('creating', cutShort), ({ id }) =>
      this.catalog.images.fail(id, 'its creation was cut short; delete it'),
    );
    await this.attempt({ what: 'resizes' }, () => this.work.settleResizes(cutShort));
    for (const pool of this.options.pools) {
      await this.attempt({ pool: pool.name }, () => this.compare(pool, now));
      await this.attempt({ pool: pool.name }, () => this.traces.removeLeftovers(pool, now));
    }
  }

  /** Where no other gateway reaches the pool, the export waits for its own to come back. */
  private async move(stranded: PlacedExport): Promise<void> {
    const { id, gatewayId, name, pool } = stranded;
    const next = await this.catalog.gateways.place(pool).catch((error: unknown) => {
      if (error instanceof CatalogError && error.code === 'no_gateway') return undefined;
      throw error;
    });
    if (!next || !(await this.catalog.exports.move(id, gatewayId, next.id, name))) return;
    this.options.logger.warn({ exportId: id, from: gatewayId, to: next.id }, 'export moved');
    await this.exports.attach({ ...stranded, gatewayId: next.id });
  }

  /**
   * A row whose folder is gone has failed. An upload that nobody sends any more is removed. A folder without a row is removed where it holds but what a creation that was
   * cut short left; with an image in it, it is reported and kept: an older state of the catalog may have been restored.
   */
  private async compare({ name, path }: Pool, now: Date): Promise<void> {
    const rows = await this.catalog.images.inPool(name);
    const entries = await readdir(path);
    for (const upload of entries.filter(isStagedUpload)) {
      const file = join(path, upload);
      await this.attempt({ pool: name, upload }, async () => {
        if (now.getTime() - (await stat(file)).mtimeMs >= LEFTOVER_AFTER_MS) await rm(file);
      });
    }
    const folders = new Set(entries.filter((entry) => UUID.test(entry)));
    for (const { id, status, updatedAt } of rows) {
      const settled =
        status === 'ready' && now.getTime() - updatedAt.getTime() > CUT_SHORT_AFTER_MS;
      if (!folders.delete(id) && settled)
        await this.catalog.images.fail(id, 'its folder is gone from the pool');
    }
    for (const id of folders)
      await this.attempt({ pool: name, folder: id }, () => this.sweepFolder(join(path, id), now));
  }

  private async sweepFolder(folder: string, now: Date): Promise<void> {
    if (now.getTime() - (await stat(folder)).mtimeMs < LEFTOVER_AFTER_MS) return;
    const files = await readdir(folder);
    if (files.every((file) => file.endsWith('.tmp'))) await rm(folder, { recursive: true });
    else this.options.logger.warn({ folder }, 'folder without a row in the catalog');
  }

  /** Several at a time, since a gateway that does not answer takes its while; and one that fails ends no other. */
  private async each<T extends { id: string }>(
    all: readonly T[],
    action: (one: T) => Promise<unknown>,
  ): Promise<void> {
    const settle = (one: T) => this.attempt({ id: one.id }, () => action(one));
    await pMap(all, settle, { concurrency: RECONCILE_AT_ONCE });
  }

  /** One that fails does not keep the others waiting; the next round tries it again. */
  private async attempt(about: object, action: () => Promise<unknown>): Promise<void> {
    try {
      await action();
    } catch (err) {
      this.options.logger.error({ err, ...about }, 'not reconciled yet');
    }
  }

  /** Now, and then again and again, never twice at a time. */
  private repeat(what: string, everyMs: number, action: () => Promise<void>): void {
    const run = (): void => {
      if (this.running.has(what)) return;
      const round = action()
        .catch((err: unknown) => this.options.logger.error({ err, what }, 'reconciling failed'))
        .finally(() => this.running.delete(what));
      this.running.set(what, round);
    };
    run();
    this.timers.push(setInterval(run, everyMs).unref());
  }
}
