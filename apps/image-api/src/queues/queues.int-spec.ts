import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { waitUntil } from '@zonelab/testing';
import { startApi, startGateway, type TestApi } from '../api.fixture.ts';

let api: TestApi;
let gateway: Awaited<ReturnType<typeof startGateway>>;
beforeAll(async () => {
  api = await startApi();
  gateway = await startGateway(api, 'counted');
});
afterAll(async () => {
  await gateway?.stop();
  await api?.stop();
});

it('tells what waits in each queue, and who works on it', async () => {
  const workload = { phases: [{ kind: 'seq-write', operations: 10 }] };
  await api.request('POST', '/v1/experiments', { device: { preset: 'ideal' }, workload });
  const queues = await waitUntil('the job is seen', async () => {
    const { items } = (await api.request('GET', '/v1/queues')).body;
    return items[0].waiting === 1 ? items : undefined;
  });
  expect(queues.map(({ name }: { name: string }) => name)).toEqual([
    'experiments',
    'fleets',
    'pool.pool',
    'gateway.counted',
  ]);
  expect(queues[0]).toMatchObject({ waiting: 1, active: 0, failed: 0, workers: [] });
  expect(queues[3]).toMatchObject({
    waiting: 0,
    workers: [{ address: expect.stringContaining(':'), idleSeconds: expect.any(Number) }],
  });
});
