import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { EXPERIMENTS_QUEUE, experimentJobId, QUEUE_PREFIX } from '@zonelab/contracts';
import { redisOptions } from '@zonelab/platform';
import { waitUntil } from '@zonelab/testing';
import { type ExperimentDefinition, runExperiment } from '@zonelab/zone-workload';
import { Queue } from 'bullmq';
import { startApi, type TestApi } from '../api.fixture.ts';
import { ExperimentsService } from './experiments.service.ts';

let api: TestApi;
let queue: Queue;
beforeAll(async () => {
  api = await startApi();
  const connection = redisOptions(api.redisUrl);
  queue = new Queue(EXPERIMENTS_QUEUE, { connection, prefix: QUEUE_PREFIX });
});
afterAll(async () => {
  await queue?.close();
  await api?.stop();
});

const DEFINITION = {
  name: 'run',
  device: { preset: 'ideal' },
  workload: { phases: [{ kind: 'seq-write', blockSize: '128K', operations: 100 }] },
  seed: 7,
};

async function create(): Promise<string> {
  return (await api.request('POST', '/v1/experiments', DEFINITION)).body.id;
}

it('tells what presets and workloads take', async () => {
  const presets = (await api.request('GET', '/v1/presets')).body.items;
  const zn540 = presets.find(({ name }: { name: string }) => name === 'zn540').parameters;
  expect(zn540.properties.timing.properties.flash.properties.programNs).toEqual({
    type: 'integer',
    unit: 'ns',
    minimum: 0,
    maximum: 60_000_000_000,
    default: 1_896_000,
    description: expect.stringContaining('program'),
  });
  const workloads = (await api.request('GET', '/v1/workloads')).body.items;
  const streams = workloads.find(({ kind }: { kind: string }) => kind === 'multi-stream');
  expect(streams.parameters.properties.streams).toMatchObject({ type: 'integer', default: 4 });
});

it('queues an experiment for a worker', async () => {
  const { status, body } = await api.request('POST', '/v1/experiments', DEFINITION);
  expect(status).toBe(202);
  expect(body).toMatchObject({ name: 'run', status: 'queued', progress: 0, seed: 7 });
  expect(body.definition.workload.phases[0].blockSize).toBe(131_072);
  const job = await queue.getJob(experimentJobId(body.id));
  expect(job).toMatchObject({ name: 'run', data: { experimentId: body.id } });
});

it('answers the report of an experiment that succeeded, and 409 before', async () => {
  const id = await create();
  expect(await api.request('GET', `/v1/experiments/${id}/report`)).toMatchObject({
    status: 409,
    body: { code: 'state_conflict', context: { state: 'queued' } },
  });
  await api.catalog.experiments.start(id);
  await api.catalog.experiments.succeed(id, { operations: 100 });
  const report = await api.request('GET', `/v1/experiments/${id}/report?format=json`);
  expect(report).toMatchObject({ status: 200, body: { operations: 100 } });
});

it('answers a report as a page and as tables', async () => {
  const id = await create();
  const { definition } = (await api.request('GET', `/v1/experiments/${id}`)).body;
  await api.catalog.experiments.start(id);
  const report = await runExperiment(definition as ExperimentDefinition);
  await api.catalog.experiments.succeed(id, { ...report });
  const page = await api.request('GET', `/v1/experiments/${id}/report?format=html`);
  expect(page).toMatchObject({ status: 200, type: 'text/html; charset=utf-8' });
  expect(page.body).toContain('<h1>run</h1>');
  const table = await api.request('GET', `/v1/experiments/${id}/report?format=csv&table=zones`);
  expect(table).toMatchObject({ status: 200, type: 'text/csv; charset=utf-8' });
  expect(table.body).toMatch(/^index,condition,/);
});

it('cancels an experiment, and stays so', async () => {
  const id = await create();
  expect(await api.request('DELETE', `/v1/experiments/${id}`)).toMatchObject({
    status: 200,
    body: { status: 'cancelled' },
  });
  const { items } = (await api.request('GET', '/v1/experiments?status=cancelled')).body;
  expect(items.map((item: { id: string }) => item.id)).toContain(id);
});

it.each([
  ['no workload', { workload: undefined }, 'workload'],
  ['an unknown preset', { device: { preset: 'fast' } }, 'device.preset'],
  [
    'a custom device that cannot be',
    { device: { preset: 'custom', geometry: { size: '1G', zoneSize: 1000 } } },
    'device.geometry.zoneSize',
  ],
  [
    'blocks that the device cannot take',
    { workload: { phases: [{ kind: 'seq-write', blockSize: 1000, operations: 1 }] } },
    'workload.phases.0.blockSize',
  ],
  [
    'a fio job that it cannot honour',
    { workload: { fio: '[a]\nzonemode=zbd\nbsrange=4k-8k' } },
    'workload.fio line 3, bsrange',
  ],
  [
    'zones that the device does not have',
    {
      workload: {
        phases: [{ kind: 'seq-write', blockSize: 4096, operations: 1, zones: { first: 9999 } }],
      },
    },
    'workload.phases.0.zones.first',
  ],
])('refuses %s, and writes nothing down', async (_, change, path) => {
  const before = (await api.request('GET', '/v1/experiments')).body.items.length;
  const answer = await api.request('POST', '/v1/experiments', { ...DEFINITION, ...change });
  expect(answer).toMatchObject({ status: 422, body: { errors: [{ path }] } });
  expect((await api.request('GET', '/v1/experiments')).body.items).toHaveLength(before);
});

it('queues again what Redis has lost', async () => {
  const id = await create();
  await queue.obliterate({ force: true });
  expect(await queue.getJob(experimentJobId(id))).toBeUndefined();
  api.app.get(ExperimentsService).onApplicationBootstrap();
  await waitUntil('the job is back', () => queue.getJob(experimentJobId(id)));
});
