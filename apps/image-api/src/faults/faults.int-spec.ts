import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startApi, startGateway, type TestApi } from '../api.fixture.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api?.stop());

const PLAN = { seed: 7, rules: [{ on: 'reset', every: 2, fail: 'io_error' }] };

async function make(name: string): Promise<string> {
  const disk = { name, size: '16M', zoneSize: '4M' };
  return (await api.request('POST', '/v1/images', disk)).body.id;
}

/** What becomes of a zone that is opened and reset so often. */
async function resets(id: string, times: number): Promise<number[]> {
  const statuses: number[] = [];
  for (let n = 0; n < times; n++) {
    await api.request('POST', `/v1/images/${id}/zones/1/finish`);
    const answer = await api.request('POST', `/v1/images/${id}/zones/1/reset`);
    statuses.push(answer.status);
  }
  return statuses;
}

it('makes a resting image fail as planned, tells what has happened, and stops when told', async () => {
  const id = await make('resting');
  const url = `/v1/images/${id}/faults`;
  expect((await api.request('GET', url)).body).toEqual({ plan: null, status: null });
  const set = await api.request('PUT', url, PLAN);
  expect(set).toMatchObject({ status: 200, body: { plan: PLAN, status: null } });
  expect(await resets(id, 3)).toEqual([200, 500, 200]);
  const { body } = await api.request('GET', url);
  expect(body).toEqual({ plan: PLAN, status: [{ rule: PLAN.rules[0], seen: 3, fired: 1 }] });
  expect((await api.request('DELETE', url)).status).toBe(204);
  expect(await resets(id, 2)).toEqual([200, 200]);
  expect((await api.request('GET', url)).body).toEqual({ plan: null, status: null });
});

it('makes an exported image fail, also one that was exported after the plan was made', async () => {
  const gateway = await startGateway(api, 'gw');
  try {
    for (const planFirst of [true, false]) {
      const imageId = await make(`exported-${planFirst}`);
      const url = `/v1/images/${imageId}/faults`;
      if (planFirst) await api.request('PUT', url, PLAN);
      expect((await api.request('POST', '/v1/exports', { imageId })).status).toBe(201);
      if (!planFirst) await api.request('PUT', url, PLAN);
      expect(await resets(imageId, 2)).toEqual([200, 500]);
      expect((await api.request('GET', url)).body.status).toMatchObject([{ seen: 2, fired: 1 }]);
      expect((await api.request('DELETE', url)).status).toBe(204);
      expect(await resets(imageId, 2)).toEqual([200, 200]);
    }
  } finally {
    await gateway.stop();
  }
});

it.each([
  ['no rules', {}, 'rules'],
  ['a rule without an action', { rules: [{ on: 'read' }] }, 'rules[0]'],
  [
    'two triggers',
    { rules: [{ on: 'read', nth: 1, every: 2, fail: 'io_error' }] },
    'rules[0].every',
  ],
  ['an unknown command', { rules: [{ on: 'seek', fail: 'io_error' }] }, 'rules.0.on'],
])('refuses a plan with %s', async (what, plan, path) => {
  const id = await make(what.replaceAll(' ', '-'));
  const { status, body } = await api.request('PUT', `/v1/images/${id}/faults`, plan);
  expect({ status, path: body.errors?.[0]?.path }).toEqual({ status: 422, path });
});
