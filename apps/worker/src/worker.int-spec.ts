import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
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
import { createLogger, redisOptions } from '@zonelab/platform';
import { startTestServers, type TestServers, waitUntil } from '@zonelab/testing';
import { Queue } from 'bullmq';
import { serveHealth } from './health.ts';
import { type BundledThread, bundleThread } from './simulation/thread.fixture.ts';
import { createWorker, type WorkerOptions } from './worker.module.ts';

const MIB = 1024 * 1024;
const MIXED = { kind: 'mixed', readShare: 0.5, blockSize: 4096, jobs: 2 };

function definitionOf(phase: object): ExperimentDefinition {
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

const ENDLESS = definitionOf({ ...MIXED, operations: 50_000_000_000 });
const SHORT = definitionOf({ ...MIXED, operations: 20_000 });

describe('the worker', () => {
  let servers: TestServers;
  let bundled: BundledThread;
  let databaseUrl: string;
  let redisUrl: string;
  let catalog: Catalog;
  let queue: Queue;
  let worker: INestApplicationContext | undefined;

  beforeAll(async () => {
    [servers, bundled] = await Promise.all([startTestServers(), bundleThread()]);
  });

  afterAll(async () => {
    await servers.stop();
    await bundled.dispose();
  });

  beforeEach(async () => {
    databaseUrl = await servers.createDatabase(migrate);
    redisUrl = servers.createRedis();
    catalog = new Catalog(databaseUrl);
    queue = new Queue(EXPERIMENTS_QUEUE, {
      connection: redisOptions(redisUrl),
      prefix: QUEUE_PREFIX,
    });
  });

  afterEach(async () => {
    await worker?.close();
    worker = undefined;
    await queue.close();
    await catalog.close();
  });

  async function startWorker(
    options: Partial<WorkerOptions> = {},
  ): Promise<INestApplicationContext> {
    const logger = createLogger('worker', 'silent');
    const simulationThread = bundled.url;
    worker = await createWorker({ databaseUrl, redisUrl, logger, simulationThread, ...options });
    return worker;
  }

  /** As the API does it: first the catalog, then the queue. */
  async function enqueue(definition: ExperimentDefinition): Promise<string> {
    const { id } = await catalog.experiments.create(definition);
    await queue.add('run', { experimentId: id }, { jobId: experimentJobId(id) });
    return id;
  }

  function reached(id: string, ...statuses: ExperimentStatus[]): Promise<Experiment> {
    return waitUntil(`experiment ${id} ${statuses.join(' or ')}`, async () => {
      const experiment = await catalog.experiments.get(id);
      return statuses.includes(experiment.status) && experiment;
    });
  }

  const ended = (id: string) => reached(id, 'succeeded', 'failed', 'cancelled');

  /** Until the thread itself has told of progress. */
  function progressed(id: string): Promise<boolean> {
    return waitUntil(`progress of ${id}`, async () => {
      const job = await queue.getJob(experimentJobId(id));
      const progress = job?.progress as { operations?: number } | undefined;
      return (progress?.operations ?? 0) > 0;
    });
  }

  it('brings a queued experiment to succeeded, with its report in the catalog', async () => {
    await startWorker();
    const id = await enqueue(SHORT);
    expect(await ended(id)).toMatchObject({ status: 'succeeded', progress: 1, error: null });
    expect(await catalog.experiments.report(id)).toMatchObject({
      format: 'zonelab-experiment-report',
      outcome: 'completed',
      definition: { seed: 11 },
    });
  });

  it('writes the same report, byte for byte, for the same definition and seed', async () => {
    await startWorker();
    const ids = [await enqueue(SHORT), await enqueue(SHORT)];
    for (const id of ids) await ended(id);
    const reports = await Promise.all(ids.map((id) => catalog.experiments.report(id)));
    const [first, second] = reports.map((report) => JSON.stringify(report));
    expect(first).toBe(second);
  });

  it('ends a cancelled experiment within a second', async () => {
    await startWorker();
    const id = await enqueue(ENDLESS);
    await progressed(id);
    const cancelledAt = performance.now();
    await catalog.experiments.cancel(id);
    await waitUntil('no job of it', async () => !(await queue.getJob(experimentJobId(id))));
    expect(performance.now() - cancelledAt).toBeLessThan(1000);
    expect(await catalog.experiments.get(id)).toMatchObject({ status: 'cancelled' });
  });

  it('fails an experiment that cannot run, with the reason', async () => {
    await startWorker();
    const id = await enqueue(definitionOf({ ...MIXED, operations: 1, zones: { first: 64 } }));
    const { status, error } = await ended(id);
    expect(status).toBe('failed');
    expect(error).toBe(
      'workload.phases[0].zones.first: got 64, allowed is an integer from 0 to 63',
    );
  });

  it('gives a running experiment back when it stops, and ends it when it is there again', async () => {
    await startWorker();
    const id = await enqueue(definitionOf({ ...MIXED, operations: 3_000_000 }));
    await progressed(id);
    await worker?.close();
    expect(await catalog.experiments.get(id)).toMatchObject({ status: 'running' });
    await startWorker();
    expect(await ended(id)).toMatchObject({ status: 'succeeded' });
  });

  it('puts what the catalog calls unfinished back into a queue that lost it', async () => {
    const [queued, running] = [
      await catalog.experiments.create(SHORT),
      await catalog.experiments.create(SHORT),
    ];
    await catalog.experiments.start(running.id);
    await startWorker();
    expect(await ended(queued.id)).toMatchObject({ status: 'succeeded' });
    expect(await ended(running.id)).toMatchObject({ status: 'succeeded' });
  });

  it('gives an experiment up, and says why, when its thread dies at every start', async () => {
    const simulationThread = new URL('data:text/javascript,throw new Error("no luck")');
    await startWorker({ simulationThread, retryDelayMs: 1 });
    const { status, error } = await ended(await enqueue(SHORT));
    expect([status, error]).toEqual(['failed', 'given up after 5 starts: no luck']);
  });

  it('runs an experiment that was cancelled while it waited not at all', async () => {
    const id = await enqueue(ENDLESS);
    await catalog.experiments.cancel(id);
    await startWorker();
    await waitUntil('no job of it', async () => !(await queue.getJob(experimentJobId(id))));
    expect(await catalog.experiments.get(id)).toMatchObject({
      status: 'cancelled',
      startedAt: null,
    });
  });

  it('fails an experiment that takes longer than it may, and says so', async () => {
    await startWorker();
    const { id } = await catalog.experiments.create(ENDLESS, { timeoutSeconds: 1 });
    await queue.add('run', { experimentId: id }, { jobId: experimentJobId(id) });
    const { status, error } = await ended(id);
    expect([status, error]).toEqual(['failed', 'timeoutSeconds: not ended after 1 seconds']);
  });

  it('tells how long a running experiment still takes, and what came out of one that ended', async () => {
    await startWorker();
    const running = await enqueue(ENDLESS);
    const { remainingSeconds } = await waitUntil('an estimate', async () => {
      const experiment = await catalog.experiments.get(running);
      return experiment.remainingSeconds !== null && experiment;
    });
    expect(remainingSeconds).toBeGreaterThan(60);
    await catalog.experiments.cancel(running);
    const id = await enqueue(SHORT);
    const { summary } = await ended(id);
    const { totals } = (await catalog.experiments.report(id)) as {
      totals: { iops: number; durationNs: number };
    };
    expect(summary).toMatchObject({ iops: totals.iops, durationNs: totals.durationNs });
  });

  it('takes what is more urgent first', async () => {
    const ids: string[] = [];
    for (const priority of [0, 5, 9]) {
      const { id } = await catalog.experiments.create(SHORT, { priority });
      ids.push(id);
    }
    await startWorker(); // it finds them in the catalog, and queues them
    for (const id of ids) await ended(id);
    const started = await Promise.all(
      ids.map(async (id) => (await catalog.experiments.get(id)).startedAt ?? ''),
    );
    expect([...started].sort()[0]).toBe(started[2]);
  });

  async function createSweep(seeds: number[]): Promise<{ id: string; runs: string[] }> {
    const runs = seeds.map((seed) => ({
      label: `seed=${seed}`,
      values: { seed },
      definition: { ...SHORT, seed },
    }));
    const body = { base: { ...SHORT }, mode: 'cartesian' as const, vary: { seed: seeds } };
    const { sweep, experiments } = await catalog.sweeps.create(body, runs, {});
    return { id: sweep.id, runs: experiments.map(({ id }) => id) };
  }

  it('compares the runs of a sweep once all of them have ended, whoever queued them', async () => {
    const { id } = await createSweep([1, 2, 3]);
    await startWorker();
    await waitUntil(
      'the comparison',
      async () => (await catalog.sweeps.get(id)).finishedAt !== null,
    );
    expect(await catalog.sweeps.get(id)).toMatchObject({
      status: 'succeeded',
      progress: 1,
      runs: 3,
    });
    const { runs } = (await catalog.sweeps.comparison(id)) as { runs: { label: string }[] };
    expect(runs.map(({ label }) => label)).toEqual(['seed=1', 'seed=2', 'seed=3']);
  });

  it('gives sweeps the same reports from one worker as from two', async () => {
    const [alone, together] = [await createSweep([4, 5]), await createSweep([4, 5])];
    await startWorker();
    for (const id of alone.runs) await ended(id);
    const second = await createWorker({
      databaseUrl,
      redisUrl,
      logger: createLogger('worker', 'silent'),
      simulationThread: bundled.url,
    });
    await Promise.all(together.runs.map(ended));
    await second.close();
    const text = async (ids: string[]) =>
      JSON.stringify(await Promise.all(ids.map((id) => catalog.experiments.report(id))));
    expect(await text(together.runs)).toBe(await text(alone.runs));
  });

  it('ends a cancelled sweep with what it has', async () => {
    const { id } = await createSweep([1, 2]);
    await catalog.sweeps.cancel(id);
    await startWorker();
    await waitUntil('its end', async () => (await catalog.sweeps.get(id)).finishedAt !== null);
    expect(await catalog.sweeps.get(id)).toMatchObject({
      status: 'cancelled',
      counts: { cancelled: 2 },
    });
  });

  it('answers that it is healthy and ready while its servers are there', async () => {
    const health = await serveHealth(await startWorker(), '127.0.0.1', 0);
    const answers = await Promise.all(
      ['healthz', 'readyz', 'nothing'].map((page) =>
        fetch(`http://127.0.0.1:${health.port}/${page}`),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 404]);
    expect(await answers[1]?.json()).toEqual({ postgres: true, redis: true });
    await health.close();
  });
});
