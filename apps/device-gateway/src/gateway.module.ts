/** What a gateway is made of. */

import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { type DynamicModule, type INestApplicationContext, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Catalog, CatalogError, Lease } from '@zonelab/catalog';
import { type Config, type Logger, nestLogger } from '@zonelab/platform';
import { ImageError } from '@zonelab/qcow2-zoned';
import { Attachments, type TakeLease } from './attachments.ts';
import { ExportService } from './export-service.ts';
import { Gateway } from './gateway.ts';
import { HealthServer } from './health-server.ts';
import { Heartbeat } from './heartbeat.ts';
import { JobWorker } from './job-worker.ts';
import { LEASE_PATIENCE_MS } from './limits.ts';
import { Metrics } from './metrics.ts';
import { NbdFrontend } from './nbd-frontend.ts';
import { Sightings } from './sightings.ts';
import { CONFIG, LOGGER } from './tokens.ts';

@Module({})
export class GatewayModule {
  static forRoot(config: Config, logger: Logger): DynamicModule {
    return {
      module: GatewayModule,
      providers: [
        { provide: CONFIG, useValue: config },
        { provide: LOGGER, useValue: logger },
        { provide: Catalog, useFactory: () => new Catalog(config.databaseUrl) },
        { provide: NbdFrontend, useFactory: () => NbdFrontend.listen(config, logger) },
        {
          provide: Attachments,
          inject: [NbdFrontend, Catalog],
          useFactory: ({ server, address }: NbdFrontend, catalog: Catalog) =>
            new Attachments(server, address, config.pools, leaseTaker(catalog, config.gatewayId)),
        },
        ExportService,
        JobWorker,
        Sightings,
        Heartbeat,
        Metrics,
        HealthServer,
        Gateway,
      ],
    };
  }
}

/** Leases of this process: a gateway of the same id that ran before had others. */
function leaseTaker({ leases }: Catalog, gatewayId: string): TakeLease {
  const owner = `gateway ${gatewayId} ${randomBytes(4).toString('hex')}`;
  const patienceMs = LEASE_PATIENCE_MS;
  return async (imageId, onLost) => {
    try {
      return await Lease.take(leases, imageId, owner, { onLost, patienceMs });
    } catch (cause) {
      if (!(cause instanceof CatalogError && cause.code === 'image_leased')) throw cause;
      throw new ImageError('image_in_use', cause.message, {}, { cause });
    }
  };
}

/** A gateway that serves and takes jobs when this resolves; `close()` on it is the orderly end. */
export async function startGateway(
  config: Config,
  logger: Logger,
): Promise<INestApplicationContext> {
  const app = await NestFactory.createApplicationContext(GatewayModule.forRoot(config, logger), {
    logger: nestLogger(logger),
    abortOnError: false,
  });
  return app;
}
