/** Workers over real servers: a lab for each test, with a catalog, a queue and a pool of its own. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { INestApplicationContext } from '@nestjs/common';
import { Catalog, migrate } from '@zonelab/catalog';
import {
  EXPERIMENTS_QUEUE,
  type Experiment,
  type ExperimentDefinition,
  type ExperimentStatus,
  experimentDefinitionSchema,
  experimentJobId,
  QUEUE_PREFIX,
} from '@zonelab/contracts';
import { createLogger, imagePath, type Pool, redisOptions } from '@zonelab/platform';
import { createImage } from '@zonelab/qcow2-zoned';
import { startTestServers, type TestServers, waitUntil } from '@zonelab/testing';
import { resolveExperiment } from '@zonelab/zone-workload';
import { Queue } from 'bullmq';
import { type BundledThread, bundleThread } from './simulation/thread.fixture.ts';
import { createWorker, type WorkerOptions } from './worker.module.ts';

const MIB = 1024 * 1024;
const MIXED = { kind: 'mixed', readShare: 0.5, blockSize: 4096, jobs: 2 };

/** One phase on a small device without a model. */
export function definitionOf(phase: object): ExperimentDefinition {
  return experimentDefinitionSchema.parse({
    seed: 11,
    device: {
      preset: 'ideal',
      geometry: { size: 64 * MIB, zoneSize: MIB },
      timing: { serviceTimeNs: 10_000 },
    },
    workload: { phases: [phase] },
  });
}

export function mixed(operations: number, fields: object = {}): ExperimentDefinition {
  return definitionOf({ ...MIXED, operations, ...fields });
}

export const ENDLESS = mixed(50_000_000_000);
export const SHORT = mixed(20_000);

/** What every lab shares. */
export class LabServers {
  private constructor(
    private readonly servers: TestServers,
    private readonly thread: BundledThread,
  ) {}

  static async start(): Promise<LabServers> {
    const [servers, thread] = await Promise.all([startTestServers(), bundleThread()]);
    return new LabServers(servers, thread);
  }

  async newLab(): Promise<Lab> {
    const pool = { name: 'pool', path: await mkdtemp(join(tmpdir(), 'zonelab-pool-')) };
    const databaseUrl = await this.servers.createDatabase(migrate);
    return new Lab(databaseUrl, this.servers.createRedis(), pool, this.thread.url);
  }

  async stop(): Promise<void> {
    await this.servers.stop();
    await this.thread.dispose();
  }
}

export class Lab {
  readonly catalog: Catalog;
  readonly queue: Queue;
  private readonly workers: INestApplicationContext[] = [];

  constructor(
    readonly databaseUrl: string,
    readonly redisUrl: string,
    readonly pool: Pool,
    readonly simulationThread: URL,
  ) {
    this.catalog = new Catalog(databaseUrl);
    const connection = redisOptions(redisUrl);
    this.queue = new Queue(EXPERIMENTS_QUEUE, { connection, prefix: QUEUE_PREFIX });
  }

  async startWorker(options: Partial<WorkerOptions> = {}): Promise<INestApplicationContext> {
    const { databaseUrl, redisUrl, pool, simulationThread } = this;
    const logger = createLogger('worker', 'silent');
    const given = { databaseUrl, redisUrl, logger, pools: [pool], simulationThread, ...options };
    const worker = await createWorker(given);
    this.workers.push(worker);
    return worker;
  }

  /** As a worker that is told to end does. */
  async stopWorkers(): Promise<void> {
    await Promise.all(this.workers.splice(0).map((worker) => worker.close()));
  }

  /** As the API does it: first the catalog, then the queue. */
  async enqueue(...given: Parameters<Catalog['experiments']['create']>): Promise<string> {
    const { id } = await this.catalog.experiments.create(...given);
    await this.queue.add('run', { experimentId: id }, { jobId: experimentJobId(id) });
    return id;
  }

  /** An empty image of the definition's geometry, as the API makes one. */
  async createImage({ device }: ExperimentDefinition): Promise<{ imageId: string; path: string }> {
    const { geometry } = resolveExperiment({ ...SHORT, device }).device;
    const { size, logicalBlockSize, ...zoned } = geometry;
    const facts = { name: 'disk', pool: this.pool.name, labels: {}, clusterSize: 65_536 };
    const { id } = await this.catalog.images.create({ ...facts, size, logicalBlockSize, zoned });
    const path = imagePath([this.pool], this.pool.name, id);
    await mkdir(dirname(path));
    await createImage(path, { size, zoned: { ...zoned, logicalBlockSize } });
    await this.catalog.images.markReady(id);
    return { imageId: id, path };
  }

  reached(id: string, ...statuses: ExperimentStatus[]): Promise<Experiment> {
    return waitUntil(`experiment ${id} ${statuses.join(' or ')}`, async () => {
      const experiment = await this.catalog.experiments.get(id);
      return statuses.includes(experiment.status) && experiment;
    });
  }

  ended(id: string): Promise<Experiment> {
    return this.reached(id, 'succeeded', 'failed', 'cancelled');
  }

  /** Until the thread itself has told of progress. */
  progressed(id: string): Promise<boolean> {
    return waitUntil(`progress of ${id}`, async () => {
      const job = await this.queue.getJob(experimentJobId(id));
      const progress = job?.progress as { operations?: number } | undefined;
      return (progress?.operations ?? 0) > 0;
    });
  }

  /** Until the queue has nothing of the experiment any more. */
  async left(id: string): Promise<void> {
    await waitUntil('no job of it', async () => !(await this.queue.getJob(experimentJobId(id))));
  }

  async reports(ids: readonly string[]): Promise<string[]> {
    const reports = await Promise.all(ids.map((id) => this.catalog.experiments.report(id)));
    return reports.map((report) => JSON.stringify(report));
  }

  async createSweep(seeds: readonly number[]): Promise<{ id: string; runs: string[] }> {
    const runs = seeds.map((seed) => ({
      label: `seed=${seed}`,
      values: { seed },
      definition: { ...SHORT, seed },
    }));
    const body = { base: { ...SHORT }, mode: 'cartesian' as const, vary: { seed: [...seeds] } };
    const { sweep, experiments } = await this.catalog.sweeps.create(body, runs, {});
    return { id: sweep.id, runs: experiments.map(({ id }) => id) };
  }

  async close(): Promise<void> {
    await this.stopWorkers();
    await this.queue.close();
    await this.catalog.close();
    await rm(this.pool.path, { recursive: true, force: true });
  }
}
