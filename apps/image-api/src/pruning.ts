/** Forgets what has served: old events, and answers that nobody will ask for again. */

import {
  Inject,
  Injectable,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { Catalog } from '@zonelab/catalog';
import { KEEP_EVENTS_MS, PRUNE_EVERY_MS, REMEMBER_POSTS_MS } from './limits.ts';
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
    const { rememberedPosts, events } = this.catalog;
    const ago = (ms: number): Date => new Date(Date.now() - ms);
    const both = [rememberedPosts.prune(ago(REMEMBER_POSTS_MS)), events.prune(ago(KEEP_EVENTS_MS))];
    Promise.all(both).catch((err: unknown) => this.options.logger.warn({ err }, 'pruning failed'));
  }
}
