/** All repositories over one database client. */

import { createPrisma } from './client.ts';
import type { PrismaClient } from './generated/client.ts';
import { AuditRepository } from './repositories/audit.ts';
import { EventsRepository } from './repositories/events.ts';
import { ExperimentsRepository } from './repositories/experiments.ts';
import { ExportsRepository } from './repositories/exports.ts';
import { FleetDisksRepository } from './repositories/fleet-disks.ts';
import { FleetsRepository } from './repositories/fleets.ts';
import { GatewaysRepository } from './repositories/gateways.ts';
import { ImageWorkRepository } from './repositories/image-work.ts';
import { ImagesRepository } from './repositories/images.ts';
import { KeysRepository } from './repositories/keys.ts';
import { LeasesRepository } from './repositories/leases.ts';
import { RememberedPostsRepository } from './repositories/remembered-posts.ts';
import { SweepsRepository } from './repositories/sweeps.ts';
import { TracesRepository } from './repositories/traces.ts';

export class Catalog {
  readonly images: ImagesRepository;
  readonly imageWork: ImageWorkRepository;
  readonly exports: ExportsRepository;
  readonly gateways: GatewaysRepository;
  readonly fleets: FleetsRepository;
  readonly fleetDisks: FleetDisksRepository;
  readonly experiments: ExperimentsRepository;
  readonly sweeps: SweepsRepository;
  readonly traces: TracesRepository;
  readonly keys: KeysRepository;
  readonly leases: LeasesRepository;
  readonly audit: AuditRepository;
  readonly events: EventsRepository;
  readonly rememberedPosts: RememberedPostsRepository;
  private readonly prisma: PrismaClient;

  /** Connects at the first query. */
  constructor(databaseUrl: string, now: () => Date = () => new Date()) {
    this.prisma = createPrisma(databaseUrl);
    this.images = new ImagesRepository(this.prisma);
    this.imageWork = new ImageWorkRepository(this.prisma);
    this.exports = new ExportsRepository(this.prisma);
    this.gateways = new GatewaysRepository(this.prisma);
    this.fleets = new FleetsRepository(this.prisma, now);
    this.fleetDisks = new FleetDisksRepository(this.prisma);
    this.experiments = new ExperimentsRepository(this.prisma, now);
    this.sweeps = new SweepsRepository(this.prisma, now);
    this.traces = new TracesRepository(this.prisma);
    this.keys = new KeysRepository(this.prisma, now);
    this.leases = new LeasesRepository(this.prisma);
    this.audit = new AuditRepository(this.prisma);
    this.events = new EventsRepository(this.prisma);
    this.rememberedPosts = new RememberedPostsRepository(this.prisma, now);
  }

  /** Settles if the database answers. */
  async ping(): Promise<void> {
    await this.prisma.$queryRaw`SELECT 1`;
  }

  async close(): Promise<void> {
    await this.prisma.$disconnect();
  }
}
