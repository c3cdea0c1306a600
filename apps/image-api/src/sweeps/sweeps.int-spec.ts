import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { EXPERIMENTS_QUEUE, experimentJobId, QUEUE_PREFIX, sweepJobId } from '@zonelab/contracts';
import { redisOptions } from '@zonelab/platform';
import { type ExperimentDefinition, runExperiment } from '@zonelab/zone-workload';
import { Queue } from 'bullmq';
import { startApi, type TestApi } from '../api.fixture.ts';

let api: TestApi;
let queue: Queue;
beforeAll(async () => {
  api = await startApi();
  queue = new Queue(EXPERIMENTS_QUEUE, {
    connection: redisOptions(api.redisUrl),
    prefix: QUEUE_PREFIX,
  });
});
afterAll(async () => {
  await queue?.close();
  await api?.stop();
});

const SWEEP = {
  name: 'depths',
  base: {
    device: { preset: 'ideal', timing: { serviceTimeNs: 1000 } },
    workload: { phases: [{ kind: 'seq-write', blockSize: '64K', operations: 50 }] },
  },
  vary: { 'workload.phases[0].queueDepth': { from: 1, to: 4, factor: 2 }, seed: [1, 2] },
};

async function create(body: object = SWEEP): Promise<string> {
  const { status, body: sweep } = await api.request('POST', '/v1/sweeps', body);
  expect(status).toBe(202);
  return sweep.id;
}

async function experimentsOf(id: string) {
  return (await api.request('GET', `/v1/experiments?sweepId=${id}`)).body.items;
}

it('queues a sweep as one flow: its experiments, and the comparison that waits for them', async () => {
  const id = await create({ ...SWEEP, priority: 3 });
  expect((await api.request('GET', `/v1/sweeps/${id}`)).body).toMatchObject({
    name: 'depths',
    status: 'queued',
    runs: 6,
    counts: { queued: 6 },
  });
  const runs = await experimentsOf(id);
  expect(runs.map((run: { sweepLabel: string }) => run.sweepLabel)).toContain(
    'queueDepth=4, seed=2',
  );
  expect(runs[0]).toMatchObject({ priority: 3, sweepId: id });
  const parent = await queue.getJob(sweepJobId(id));
  expect(await parent?.getState()).toBe('waiting-children');
  expect(await queue.getJob(experimentJobId(runs[0].id))).toMatchObject({
    parent: { id: sweepJobId(id) },
  });
});

it('answers its comparison once it has ended, and 409 before', async () => {
  const id = await create({ ...SWEEP, vary: { seed: [1, 2] } });
  const before = await api.request('GET', `/v1/sweeps/${id}/report`);
  expect(before).toMatchObject({ status: 409, body: { code: 'state_conflict' } });
  for (const { id: run, definition } of await experimentsOf(id)) {
    await api.catalog.experiments.start(run);
    const report = await runExperiment(definition as ExperimentDefinition);
    await api.catalog.experiments.succeed(run, { ...report });
  }
  await api.catalog.sweeps.finish(id, { runs: [] });
  expect((await api.request('GET', `/v1/sweeps/${id}`)).body.status).toBe('succeeded');
  const page = await api.request('GET', `/v1/sweeps/${id}/report?format=html`);
  expect(page.body).toContain('<h1>depths</h1>');
  const ids = (await experimentsOf(id)).map((run: { id: string }) => run.id).join(',');
  const compared = await api.request('GET', `/v1/experiments/compare?ids=${ids}`);
  expect(compared.body.runs).toHaveLength(2);
});

it('cancels every experiment of a sweep', async () => {
  const id = await create();
  expect((await api.request('DELETE', `/v1/sweeps/${id}`)).body).toMatchObject({
    status: 'cancelled',
    counts: { cancelled: 6, queued: 0 },
  });
});

it.each([
  [
    'a field that is no path',
    { vary: { 'workload.phases[7].jobs': [1] } },
    'vary["workload.phases.7.jobs"]',
  ],
  [
    'a value that the field cannot take',
    { vary: { 'workload.phases[0].queueDepth': [0] } },
    'base.workload.phases.0.queueDepth',
  ],
  [
    'a run that does not fit',
    { vary: { 'workload.phases[0].zones.first': [0, 9999] } },
    'base.workload.phases.0.zones.first',
  ],
  ['an unknown field', { vary: { 'workload.phases[0].depth': [1] } }, 'base.workload.phases.0'],
])('refuses %s, and writes nothing down', async (_, change, path) => {
  const before = (await api.request('GET', '/v1/sweeps')).body.items.length;
  const answer = await api.request('POST', '/v1/sweeps', { ...SWEEP, ...change });
  expect(answer).toMatchObject({ status: 422, body: { errors: [{ path }] } });
  expect((await api.request('GET', '/v1/sweeps')).body.items).toHaveLength(before);
});
