import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { experimentJobId } from '@zonelab/contracts';
import { waitUntil } from '@zonelab/testing';
import { serveHealth } from './health.ts';
import { definitionOf, ENDLESS, type Lab, LabServers, mixed, SHORT } from './worker.fixture.ts';

describe('the worker', () => {
  let servers: LabServers;
  let lab: Lab;

  beforeAll(async () => {
    servers = await LabServers.start();
  });
  afterAll(() => servers.stop());

  beforeEach(async () => {
    lab = await servers.newLab();
  });
  afterEach(() => lab.close());

  it('brings a queued experiment to succeeded, with its report in the catalog', async () => {
    await lab.startWorker();
    const id = await lab.enqueue(SHORT);
    expect(await lab.ended(id)).toMatchObject({ status: 'succeeded', progress: 1, error: null });
    expect(await lab.catalog.experiments.report(id)).toMatchObject({
      format: 'zonelab-experiment-report',
      outcome: 'completed',
      definition: { seed: 11 },
    });
  });

  it('writes the same report, byte for byte, for the same definition and seed', async () => {
    await lab.startWorker();
    const ids = [await lab.enqueue(SHORT), await lab.enqueue(SHORT)];
    for (const id of ids) await lab.ended(id);
    const reports = await Promise.all(ids.map((id) => lab.catalog.experiments.report(id)));
    const [first, second] = reports.map((report) => JSON.stringify(report));
    expect(first).toBe(second);
  });

  it('ends a cancelled experiment within a second', async () => {
    await lab.startWorker();
    const id = await lab.enqueue(ENDLESS);
    await lab.progressed(id);
    const cancelledAt = performance.now();
    await lab.catalog.experiments.cancel(id);
    await lab.left(id);
    expect(performance.now() - cancelledAt).toBeLessThan(1000);
    expect(await lab.catalog.experiments.get(id)).toMatchObject({ status: 'cancelled' });
  });

  it('fails an experiment that cannot run, with the reason', async () => {
    await lab.startWorker();
    const id = await lab.enqueue(mixed(1, { zones: { first: 64 } }));
    const { status, error } = await lab.ended(id);
    expect(status).toBe('failed');
    expect(error).toBe(
      'workload.phases[0].zones.first: got 64, allowed is an integer from 0 to 63',
    );
  });

  it('gives a running experiment back when it stops, and ends it when it is there again', async () => {
    await lab.startWorker();
    const id = await lab.enqueue(mixed(3_000_000));
    await lab.progressed(id);
    await lab.stopWorkers();
    expect(await lab.catalog.experiments.get(id)).toMatchObject({ status: 'running' });
    await lab.startWorker();
    expect(await lab.ended(id)).toMatchObject({ status: 'succeeded' });
  });

  it('puts what the catalog calls unfinished back into a queue that lost it', async () => {
    const [queued, running] = [
      await lab.catalog.experiments.create(SHORT),
      await lab.catalog.experiments.create(SHORT),
    ];
    await lab.catalog.experiments.start(running.id);
    await lab.startWorker();
    expect(await lab.ended(queued.id)).toMatchObject({ status: 'succeeded' });
    expect(await lab.ended(running.id)).toMatchObject({ status: 'succeeded' });
  });

  it('gives an experiment up, and says why, when its thread dies at every start', async () => {
    const simulationThread = new URL('data:text/javascript,throw new Error("no luck")');
    await lab.startWorker({ simulationThread, timing: { retryDelayMs: 1 } });
    const { status, error } = await lab.ended(await lab.enqueue(SHORT));
    expect([status, error]).toEqual(['failed', 'given up after 5 starts: no luck']);
  });

  it('runs an experiment that was cancelled while it waited not at all', async () => {
    const id = await lab.enqueue(ENDLESS);
    await lab.catalog.experiments.cancel(id);
    await lab.startWorker();
    await lab.left(id);
    expect(await lab.catalog.experiments.get(id)).toMatchObject({
      status: 'cancelled',
      startedAt: null,
    });
  });

  it('fails an experiment that takes longer than it may, and says so', async () => {
    await lab.startWorker();
    const { id } = await lab.catalog.experiments.create(ENDLESS, { timeoutSeconds: 1 });
    await lab.queue.add('run', { experimentId: id }, { jobId: experimentJobId(id) });
    const { status, error } = await lab.ended(id);
    expect([status, error]).toEqual(['failed', 'timeoutSeconds: not ended after 1 seconds']);
  });

  it('tells how long a running experiment still takes, and what came out of one that ended', async () => {
    await lab.startWorker();
    const running = await lab.enqueue(ENDLESS);
    const { remainingSeconds } = await waitUntil('an estimate', async () => {
      const experiment = await lab.catalog.experiments.get(running);
      return experiment.remainingSeconds !== null && experiment;
    });
    expect(remainingSeconds).toBeGreaterThan(60);
    await lab.catalog.experiments.cancel(running);
    const id = await lab.enqueue(SHORT);
    const { summary } = await lab.ended(id);
    const { totals } = (await lab.catalog.experiments.report(id)) as {
      totals: { iops: number; durationNs: number };
    };
    expect(summary).toMatchObject({ iops: totals.iops, durationNs: totals.durationNs });
  });

  it('takes what is more urgent first', async () => {
    const ids: string[] = [];
    for (const priority of [0, 5, 9]) {
      const { id } = await lab.catalog.experiments.create(SHORT, { priority });
      ids.push(id);
    }
    await lab.startWorker(); // it finds them in the catalog, and queues them
    for (const id of ids) await lab.ended(id);
    const started = await Promise.all(
      ids.map(async (id) => (await lab.catalog.experiments.get(id)).startedAt ?? ''),
    );
    expect([...started].sort()[0]).toBe(started[2]);
  });

  it('compares the runs of a sweep once all of them have ended, whoever queued them', async () => {
    const { id } = await lab.createSweep([1, 2, 3]);
    await lab.startWorker();
    await waitUntil(
      'the comparison',
      async () => (await lab.catalog.sweeps.get(id)).finishedAt !== null,
    );
    expect(await lab.catalog.sweeps.get(id)).toMatchObject({
      status: 'succeeded',
      progress: 1,
      runs: 3,
    });
    const { runs } = (await lab.catalog.sweeps.comparison(id)) as { runs: { label: string }[] };
    expect(runs.map(({ label }) => label)).toEqual(['seed=1', 'seed=2', 'seed=3']);
  });

  it('gives sweeps the same reports from one worker as from four', async () => {
    const seeds = [4, 5, 6, 7];
    const alone = await lab.createSweep(seeds);
    await lab.startWorker();
    for (const id of alone.runs) await lab.ended(id);
    const together = await lab.createSweep(seeds); // queued by the workers that come now
    for (let more = 1; more < 4; more++) await lab.startWorker();
    for (const id of together.runs) await lab.ended(id);
    expect(await lab.reports(together.runs)).toEqual(await lab.reports(alone.runs));
  });

  it('plays a trace that the lab keeps, and none that has changed since', async () => {
    const folder = join(lab.pool.path, 'traces');
    await mkdir(folder);
    await writeFile(join(folder, 'kept'), gzipSync('1,W,0,65536,10\n1,R,4096,4096,20\n'));
    const sha256 = 'a'.repeat(64);
    const facts = { name: 'requests', format: 'alibaba' as const, size: 1, sha256 };
    await lab.catalog.traces.create({ ...facts, pool: 'pool', file: 'kept' });
    const playing = { kind: 'trace', format: 'alibaba', trace: 'requests', speed: 0 };
    await lab.startWorker();
    const id = await lab.enqueue(definitionOf({ ...playing, sha256 }));
    expect(await lab.ended(id)).toMatchObject({ status: 'succeeded', error: null });
    expect(await lab.catalog.experiments.report(id)).toMatchObject({
      totals: {
        operations: { read: { accepted: 1, bytes: 4096 } },
        writeAmplification: { hostBytes: 65_536 },
      },
    });
    const other = await lab.enqueue(definitionOf({ ...playing, sha256: 'b'.repeat(64) }));
    expect((await lab.ended(other)).error).toContain('trace requests: its SHA-256 is aaaa');
    const gone = await lab.enqueue(definitionOf({ ...playing, trace: 'gone' }));
    expect((await lab.ended(gone)).error).toBe('trace gone: there is none any more');
  });

  it('ends a cancelled sweep with what it has', async () => {
    const { id } = await lab.createSweep([1, 2]);
    await lab.catalog.sweeps.cancel(id);
    await lab.startWorker();
    await waitUntil('its end', async () => (await lab.catalog.sweeps.get(id)).finishedAt !== null);
    expect(await lab.catalog.sweeps.get(id)).toMatchObject({
      status: 'cancelled',
      counts: { cancelled: 2 },
    });
  });

  it('answers that it is healthy and ready while its servers are there', async () => {
    const health = await serveHealth(await lab.startWorker(), '127.0.0.1', 0);
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
