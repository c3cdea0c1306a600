import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { ExperimentDefinition } from '@zonelab/contracts';
import { startTestServers, type TestServers } from '@zonelab/testing';
import { Catalog } from '../catalog.ts';
import { migrate } from '../migrate.ts';
import { generateKey } from './keys.ts';

let servers: TestServers;
let catalog: Catalog;
beforeAll(async () => {
  servers = await startTestServers();
  catalog = new Catalog(await servers.createDatabase(migrate));
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
  expect(await catalog.experiments.start(id)).toEqual({ definition, timeoutSeconds: null });
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
  expect(await catalog.experiments.start(id)).toEqual({ definition, timeoutSeconds: null });
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
