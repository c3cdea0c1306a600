import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { ExperimentDefinition } from '@zonelab/contracts';
import { startTestServers, type TestServers } from '@zonelab/testing';
import pg from 'pg';
import { Catalog } from '../catalog.ts';
import { migrate } from '../migrate.ts';
import { generateKey } from './keys.ts';

let servers: TestServers;
let catalog: Catalog;
let databaseUrl: string;
beforeAll(async () => {
  servers = await startTestServers();
  databaseUrl = await servers.createDatabase(migrate);
  catalog = new Catalog(databaseUrl);
});
afterAll(async () => {
  await catalog?.close();
  await servers?.stop();
});

const definition: ExperimentDefinition = {
  seed: 7,
  device: { preset: 'ideal' },
  workload: { phases: [{ kind: 'seq-write', blockSize: 4096, operations: 1 }] },
};

it('takes an experiment from queued to succeeded, and keeps its report as it was given', async () => {
  const { id } = await catalog.experiments.create(definition);
  expect(await catalog.experiments.get(id)).toMatchObject({ status: 'queued', seed: 7 });
  expect(await catalog.experiments.start(id)).toMatchObject({ definition, timeoutSeconds: null });
  expect(await catalog.experiments.progress(id, 0.5)).toBe(true);
  expect(await catalog.experiments.get(id)).toMatchObject({ status: 'running', progress: 0.5 });
  const report = { z: 1, a: [1.5, { y: null, b: 'é' }] };
  expect(await catalog.experiments.succeed(id, report)).toBe(true);
  expect(await catalog.experiments.get(id)).toMatchObject({ status: 'succeeded', progress: 1 });
  expect(JSON.stringify(await catalog.experiments.report(id))).toBe(JSON.stringify(report));
});

it('tells the worker of a cancelled experiment to stop, and drops its report', async () => {
  const { id } = await catalog.experiments.create(definition);
  await catalog.experiments.start(id);
  expect((await catalog.experiments.cancel(id)).status).toBe('cancelled');
  expect(await catalog.experiments.progress(id, 0.9)).toBe(false);
  expect(await catalog.experiments.succeed(id, {})).toBe(false);
  expect(await catalog.experiments.start(id)).toBeUndefined();
  await expect(catalog.experiments.report(id)).rejects.toMatchObject({
    code: 'state_conflict',
    context: { state: 'cancelled' },
  });
});

it('lets another worker take up what a dead one left', async () => {
  const { id } = await catalog.experiments.create(definition);
  await catalog.experiments.start(id);
  expect(await catalog.experiments.unfinished()).toContainEqual({ id, priority: 0 });
  expect(await catalog.experiments.start(id)).toMatchObject({ definition, timeoutSeconds: null });
});

it('keeps why an experiment failed', async () => {
  const { id } = await catalog.experiments.create(definition);
  await catalog.experiments.fail(id, 'zone 3: too hot');
  expect(await catalog.experiments.get(id)).toMatchObject({
    status: 'failed',
    error: 'zone 3: too hot',
  });
  expect((await catalog.experiments.cancel(id)).status).toBe('failed');
});

it('knows the owner of a key, and stores no key', async () => {
  const key = generateKey();
  await catalog.keys.ensure(key, 'first', 'admin');
  await catalog.keys.ensure(key, 'again', 'viewer');
  expect(await catalog.keys.find(key)).toMatchObject({ name: 'first', role: 'admin' });
  expect(await catalog.keys.find(generateKey())).toBeUndefined();
});

it('keeps a long report in much less space than its text takes', async () => {
  const series = Array.from({ length: 20_000 }, (_, n) => ({ timeNs: n * 1000, iops: n % 97 }));
  const { id } = await catalog.experiments.create(definition);
  await catalog.experiments.start(id);
  await catalog.experiments.succeed(id, { series });
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const { rows } = await client.query(
    'SELECT pg_column_size(report) AS stored, length(report::text) AS text FROM experiments WHERE id = $1',
    [id],
  );
  await client.end();
  expect(rows[0].stored * 3).toBeLessThan(rows[0].text);
});

it('drops reports that are old, and keeps what they came to', async () => {
  const { id } = await catalog.experiments.create(definition);
  await catalog.experiments.start(id);
  const summary = { durationNs: 5, iops: 2, readBytesPerSecond: null };
  const rest = { writtenBytesPerSecond: 1, p99LatencyNs: 3, writeAmplification: 1 };
  await catalog.experiments.succeed(id, { a: 1 }, { ...summary, ...rest });
  const { sweep, experiments } = await catalog.sweeps.create(
    { base: {}, mode: 'cartesian', vary: {} },
    [{ label: 'x', values: {}, definition }],
    {},
  );
  await catalog.experiments.fail(experiments[0]?.id ?? '', 'why');
  await catalog.sweeps.finish(sweep.id, { runs: [] });
  const dropReports = async (finishedBefore: Date) => {
    await catalog.experiments.dropReports(finishedBefore);
    await catalog.sweeps.dropReports(finishedBefore);
  };
  await dropReports(new Date(Date.now() - 60_000));
  expect(await catalog.experiments.report(id)).toEqual({ a: 1 });
  await dropReports(new Date(Date.now() + 60_000));
  await expect(catalog.experiments.report(id)).rejects.toMatchObject({ code: 'report_expired' });
  await expect(catalog.sweeps.comparison(sweep.id)).rejects.toMatchObject({
    code: 'report_expired',
  });
  expect(await catalog.experiments.get(id)).toMatchObject({ status: 'succeeded', summary });
});

it('deletes an experiment that has ended, and cancels one that has not', async () => {
  const { id } = await catalog.experiments.create(definition);
  expect((await catalog.experiments.delete(id)).status).toBe('cancelled');
  expect((await catalog.experiments.get(id)).status).toBe('cancelled');
  expect((await catalog.experiments.delete(id)).status).toBe('cancelled');
  await expect(catalog.experiments.get(id)).rejects.toMatchObject({ code: 'not_found' });
});

it('keeps the experiments of a sweep until the sweep is deleted', async () => {
  const { sweep, experiments } = await catalog.sweeps.create(
    { base: {}, mode: 'cartesian', vary: {} },
    [{ label: 'x', values: {}, definition }],
    {},
  );
  const id = experiments[0]?.id ?? '';
  await catalog.sweeps.delete(sweep.id);
  await expect(catalog.experiments.delete(id)).rejects.toMatchObject({ code: 'state_conflict' });
  await catalog.sweeps.finish(sweep.id, { runs: [] });
  await catalog.sweeps.delete(sweep.id);
  await expect(catalog.sweeps.get(sweep.id)).rejects.toMatchObject({ code: 'not_found' });
  await expect(catalog.experiments.get(id)).rejects.toMatchObject({ code: 'not_found' });
});
