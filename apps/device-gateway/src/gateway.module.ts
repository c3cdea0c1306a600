/** What a gateway is made of. */

import 'reflect-metadata';
import { type DynamicModule, type INestApplicationContext, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Catalog } from '@zonelab/catalog';
import { type Config, type Logger, nestLogger } from '@zonelab/platform';
import { Attachments } from './attachments.ts';
import { ExportService } from './export-service.ts';
import { Gateway } from './gateway.ts';
import { HealthServer } from './health-server.ts';
import { Heartbeat } from './heartbeat.ts';
import { JobWorker } from './job-worker.ts';
import { NbdFrontend } from './nbd-frontend.ts';
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
          inject: [NbdFrontend],
          useFactory: ({ server, address }: NbdFrontend) =>
            new Attachments(server, address, config.pools),
        },
        ExportService,
        JobWorker,
        Heartbeat,
        HealthServer,
        Gateway,
      ],
    };
  }
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
