/** The gateway's row in the catalog, kept fresh: exports are placed only on gateways whose heart beats. */

import { Inject, Injectable } from '@nestjs/common';
import { Catalog } from '@zonelab/catalog';
import { GATEWAY_DEAD_AFTER_MS, GATEWAY_HEARTBEAT_MS } from '@zonelab/contracts';
import type { Config, Logger } from '@zonelab/platform';
import { ExportService } from './export-service.ts';
import { NbdFrontend } from './nbd-frontend.ts';
import { Sightings } from './sightings.ts';
import { CONFIG, LOGGER } from './tokens.ts';

@Injectable()
export class Heartbeat {
  private timer: NodeJS.Timeout | undefined;
  private lastBeatMs = Number.NEGATIVE_INFINITY;
  private beating: Promise<void> = Promise.resolve();
  private comparing: Promise<void> = Promise.resolve();

  constructor(
    private readonly catalog: Catalog,
    private readonly frontend: NbdFrontend,
    private readonly exports: ExportService,
    private readonly sightings: Sightings,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Whether others take this gateway for alive. */
  get alive(): boolean {
    return performance.now() - this.lastBeatMs < GATEWAY_DEAD_AFTER_MS;
  }

  /** Announces the gateway, and goes on doing so. @throws where the catalog does not take the first beat */
  async start(): Promise<void> {
    await this.beat();
    this.schedule();
  }

  /** No export is placed here any more. */
  async stop(): Promise<void> {
    clearTimeout(this.timer);
    await this.beating;
    clearTimeout(this.timer);
    await this.comparing;
    this.lastBeatMs = Number.NEGATIVE_INFINITY;
    await this.catalog.gateways.retire(this.config.gatewayId);
  }

  private async beat(): Promise<void> {
    const { gatewayId, pools } = this.config;
    const { host, port } = this.frontend.address;
    await this.catalog.gateways.announce({
      id: gatewayId,
      host,
      port,
      unixSocket: this.frontend.unixSocket,
      pools: pools.map(({ name }) => name),
    });
    this.lastBeatMs = performance.now();
    await this.sightings
      .tell(gatewayId)
      .catch((err: unknown) => this.logger.warn({ err }, 'clients not noted yet'));
    // not waited for: an attachment in hand can take longer than a heart may stand still
    this.comparing = this.exports
      .dropStrays(gatewayId)
      .catch((err: unknown) => this.logger.warn({ err }, 'exports not compared with the catalog'));
  }

  /** One beat after the other, whatever the last one came to: disks are served without the catalog too. */
  private schedule(): void {
    this.timer = setTimeout(() => {
      this.beating = this.beat()
        .catch((err: unknown) => this.logger.warn({ err }, 'catalog out of reach'))
        .then(() => this.schedule());
    }, GATEWAY_HEARTBEAT_MS);
  }
}
