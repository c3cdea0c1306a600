/**
 * The order in which a gateway comes up and goes down. Up: clients find their exports again before anything
 * new is taken on. Down: nothing new is taken on, then what is in flight finishes, then images close.
 */

import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { Catalog } from '@zonelab/catalog';
import type { Config, Logger } from '@zonelab/platform';
import { Attachments } from './attachments.ts';
import { ExportService } from './export-service.ts';
import { HealthServer } from './health-server.ts';
import { Heartbeat } from './heartbeat.ts';
import { JobWorker } from './job-worker.ts';
import { NbdFrontend } from './nbd-frontend.ts';
import { CONFIG, LOGGER } from './tokens.ts';

@Injectable()
export class Gateway implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(
    private readonly frontend: NbdFrontend,
    private readonly attachments: Attachments,
    private readonly exports: ExportService,
    private readonly jobs: JobWorker,
    private readonly heartbeat: Heartbeat,
    private readonly health: HealthServer,
    private readonly catalog: Catalog,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.health.start();
    // alive while it restores: what waits for a lease of its earlier life would be moved away meanwhile
    await this.exports.forgetDetached();
    await this.heartbeat.start();
    const restored = this.exports.restore();
    this.jobs.start();
    await restored;
    this.health.started = true;
    const { host, port } = this.frontend.address;
    this.logger.info({ gatewayId: this.config.gatewayId, host, port }, 'gateway ready');
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.health.started = false;
    // the catalog may be out of reach, which must not keep disks from closing
    await this.heartbeat
      .stop()
      .catch((err: unknown) => this.logger.warn({ err }, 'gateway not retired'));
    // neither must Redis: attachments let what is in hand finish, and refuse what still comes
    const jobsStopped = this.jobs.stop();
    await this.attachments.close();
    await this.frontend.server.close();
    await jobsStopped;
    await this.health.stop();
    await this.catalog.close();
  }
}
