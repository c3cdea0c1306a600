/** The API's parts, put together. */

import { type DynamicModule, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { Catalog } from '@zonelab/catalog';
import { AttachController } from './attach/attach.controller.ts';
import { AttachService } from './attach/attach.service.ts';
import { ContentController } from './content/content.controller.ts';
import { ContentService } from './content/content.service.ts';
import { ImportService } from './content/import.service.ts';
import { EventFeed } from './events/event-feed.ts';
import { EventsController } from './events/events.controller.ts';
import { ByteAccurate } from './experiments/byte-accurate.ts';
import { ChoicesController } from './experiments/choices.controller.ts';
import { ExperimentsController } from './experiments/experiments.controller.ts';
import { ExperimentsService } from './experiments/experiments.service.ts';
import { ExportsController } from './exports/exports.controller.ts';
import { ExportsService } from './exports/exports.service.ts';
import { FaultsController } from './faults/faults.controller.ts';
import { FaultsService } from './faults/faults.service.ts';
import { DiskSteps } from './fleets/disk-steps.ts';
import { FleetQueue } from './fleets/fleet-queue.ts';
import { FleetWorker } from './fleets/fleet-worker.ts';
import { FleetsController } from './fleets/fleets.controller.ts';
import { FleetsService } from './fleets/fleets.service.ts';
import { ServedZones } from './fleets/served-zones.ts';
import { GatewaysController } from './gateways/gateways.controller.ts';
import { Gateways } from './gateways/gateways.ts';
import { HealthController } from './health/health.controller.ts';
import { AuditInterceptor } from './http/audit.interceptor.ts';
import { AuthGuard } from './http/auth.guard.ts';
import { Drain } from './http/drain.ts';
import { IdempotencyInterceptor } from './http/idempotency.interceptor.ts';
import { ProblemFilter } from './http/problem.filter.ts';
import { Rates } from './http/rates.ts';
import { UndeclaredInputGuard } from './http/undeclared-input.guard.ts';
import { ValidationPipe } from './http/validation.pipe.ts';
import { VersionTagInterceptor } from './http/version-tag.ts';
import { ImagesController } from './images/images.controller.ts';
import { ImagesService } from './images/images.service.ts';
import { KeysController } from './keys/keys.controller.ts';
import { type ImageApiOptions, OPTIONS } from './options.ts';
import { Pruning } from './pruning.ts';
import { QueuesController } from './queues/queues.controller.ts';
import { QueuesService } from './queues/queues.service.ts';
import { Reconcile } from './reconcile/reconcile.ts';
import { SnapshotsController } from './snapshots/snapshots.controller.ts';
import { SnapshotsService } from './snapshots/snapshots.service.ts';
import { SweepsController } from './sweeps/sweeps.controller.ts';
import { SweepsService } from './sweeps/sweeps.service.ts';
import { TracesController } from './traces/traces.controller.ts';
import { TracesService } from './traces/traces.service.ts';
import { PoolQueues } from './work/pool-queues.ts';
import { WorkController } from './work/work.controller.ts';
import { WorkService } from './work/work.service.ts';
import { RestingImages } from './zones/resting-images.ts';
import { ZoneFeed } from './zones/zone-feed.ts';
import { ZonesController } from './zones/zones.controller.ts';
import { ZonesService } from './zones/zones.service.ts';

@Module({})
export class AppModule implements OnApplicationShutdown {
  constructor(@Inject(Catalog) private readonly catalog: Catalog) {}

  static forRoot(options: ImageApiOptions): DynamicModule {
    return {
      module: AppModule,
      controllers: [
        ContentController,
        ImagesController,
        WorkController,
        FaultsController,
        ZonesController,
        SnapshotsController,
        ExportsController,
        AttachController,
        FleetsController,
        ExperimentsController,
        SweepsController,
        ChoicesController,
        TracesController,
        GatewaysController,
        QueuesController,
        KeysController,
        EventsController,
        HealthController,
      ],
      providers: [
        { provide: OPTIONS, useValue: options },
        { provide: Catalog, useFactory: () => new Catalog(options.databaseUrl) },
        { provide: APP_FILTER, useValue: new ProblemFilter(options.logger) },
        { provide: APP_PIPE, useClass: ValidationPipe },
        { provide: APP_GUARD, useClass: AuthGuard },
        { provide: APP_GUARD, useClass: UndeclaredInputGuard },
        { provide: APP_INTERCEPTOR, useClass: VersionTagInterceptor },
        { provide: APP_INTERCEPTOR, useClass: AuditInterceptor },
        { provide: APP_INTERCEPTOR, useClass: IdempotencyInterceptor },
        Rates,
        Drain,
        EventFeed,
        Pruning,
        ImagesService,
        PoolQueues,
        WorkService,
        FaultsService,
        ZonesService,
        ZoneFeed,
        SnapshotsService,
        ContentService,
        ImportService,
        RestingImages,
        Gateways,
        ExportsService,
        AttachService,
        DiskSteps,
        FleetQueue,
        FleetWorker,
        ServedZones,
        FleetsService,
        TracesService,
        ByteAccurate,
        ExperimentsService,
        SweepsService,
        Reconcile,
        QueuesService,
      ],
    };
  }

  /** After all others: they close what they have open in it. */
  async onApplicationShutdown(): Promise<void> {
    await this.catalog.close();
  }
}
