/** Forgets what has served: old events and reports, and answers that nobody will ask for again. */

import {
  Inject,
  Injectable,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { Catalog } from '@zonelab/catalog';
import {
  DAY_MS,
  KEEP_EVENTS_MS,
  KEEP_REPORTS_DAYS,
  PRUNE_EVERY_MS,
  REMEMBER_POSTS_MS,
} from './limits.ts';
import { type ImageApiOptions, OPTIONS } from './options.ts';

@Injectable()
export class Pruning implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly catalog: Catalog,
    @Inject(OPTIONS) private readonly options: ImageApiOptions,
  ) {}

  onApplicationBootstrap(): void {
    this.prune();
    this.timer = setInterval(() => this.prune(), PRUNE_EVERY_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  private prune(): void {
    const { rememberedPosts, events, experiments, sweeps } = this.catalog;
    const { keepReportsDays = KEEP_REPORTS_DAYS } = this.options;
    const ago = (ms: number): Date => new Date(Date.now() - ms);
    const all = [rememberedPosts.prune(ago(REMEMBER_POSTS_MS)), events.prune(ago(KEEP_EVENTS_MS))];
    if (keepReportsDays > 0)
      for (const kept of [experiments, sweeps])
        all.push(kept.dropReports(ago(keepReportsDays * DAY_MS)));
    Promise.all(all).catch((err: unknown) => this.options.logger.warn({ err }, 'pruning failed'));
  }
}
