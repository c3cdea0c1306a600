import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ZonedDevice } from '@zonelab/qcow2-zoned';
import { startApi, startGateway, type TestApi } from '../api.fixture.ts';

const MIB = 1024 ** 2;
const GATEWAY = 'zones-gateway';

let api: TestApi;
let gateway: Awaited<ReturnType<typeof startGateway>>;
beforeAll(async () => {
  api = await startApi();
  gateway = await startGateway(api, GATEWAY);
});
afterAll(async () => {
  await gateway?.stop();
  await api?.stop();
});

async function create(name: string, change: object = {}): Promise<string> {
  const zoned = { size: '64M', zoneSize: '4M', profile: 'zns', maxOpenZones: 2, maxActiveZones: 2 };
  return (await api.request('POST', '/v1/images', { name, ...zoned, ...change })).body.id;
}

async function conditions(id: string): Promise<string[]> {
  const { items } = (await api.request('GET', `/v1/images/${id}/zones?count=4`)).body;
  return items.map((zone: { condition: string }) => zone.condition);
}

function manage(id: string, what: string) {
  return api.request('POST', `/v1/images/${id}/zones/${what}`);
}

describe.each([
  ['resting', async () => undefined],
  ['exported', (imageId: string) => api.request('POST', '/v1/exports', { imageId })],
])('zones of an image that is %s', (kind, prepare) => {
  let id: string;
  beforeAll(async () => {
    id = await create(kind);
    await prepare(id);
  });

  it('are reported in bytes', async () => {
    const { status, body } = await api.request('GET', `/v1/images/${id}/zones?from=3&count=1`);
    expect(status).toBe(200);
    expect(body.items).toEqual([
      {
        index: 3,
        type: 'sequential',
        condition: 'empty',
        start: 12 * MIB,
        size: 4 * MIB,
        capacity: 4 * MIB,
        writePointer: 12 * MIB,
        resetCount: 0,
      },
    ]);
  });

  it('are opened, closed, finished and reset', async () => {
    expect(await manage(id, '0/open')).toMatchObject({
      status: 200,
      body: { index: 0, condition: 'explicit-open' },
    });
    expect((await manage(id, '1/finish')).body).toMatchObject({ condition: 'full' });
    expect(await conditions(id)).toEqual(['explicit-open', 'full', 'empty', 'empty']);
    expect((await manage(id, '0/close')).body.condition).toBe('closed');
    expect((await manage(id, '1/reset')).body).toMatchObject({ condition: 'empty', resetCount: 1 });
  });

  it('are refused what the rules forbid, with the facts', async () => {
    await manage(id, '0/open');
    await manage(id, '1/open');
    expect(await manage(id, '2/open')).toMatchObject({
      status: 409,
      body: { code: 'too_many_active_zones', context: { zoneIndex: 2, zoneCondition: 'empty' } },
    });
    expect(await manage(id, '2/offline')).toMatchObject({
      status: 409,
      body: { code: 'invalid_zone_transition' },
    });
  });

  it('are all reset at once', async () => {
    await manage(id, '0/finish');
    expect((await manage(id, 'reset')).status).toBe(204);
    expect(await conditions(id)).toEqual(['empty', 'empty', 'empty', 'empty']);
  });

  it('do not go beyond the last', async () => {
    expect(await manage(id, '16/open')).toMatchObject({ status: 422 });
  });
});

it.each([
  ['a body field', 'reset', '', { zoneIndex: 0 }, 'zoneIndex', 0],
  ['a query parameter', 'reset', '?zoneIndex=0', undefined, 'zoneIndex', '0'],
  ['a body field', '1/reset', '', { all: true }, 'all', true],
  ['a query parameter', '1/reset', '?__proto__=1', undefined, '__proto__', '1'],
])('refuses %s with POST zones/%s%s, and resets nothing', async (...row) => {
  const [, what, query, body, path, given] = row;
  const id = await create(`extra-${query.length}-${path}-${what.length}`);
  await manage(id, '1/finish');
  const answer = await api.request('POST', `/v1/images/${id}/zones/${what}${query}`, body);
  const errors = [{ path, given, allowed: 'no field of this name' }];
  expect(answer).toMatchObject({ status: 422, body: { code: 'invalid_request', errors } });
  expect((await conditions(id))[1]).toBe('full');
});

it.each([
  ['application/json', '[]', 422],
  ['application/json', '"all"', 422],
  ['text/plain', 'zoneIndex=0', 415],
])('refuses to reset with a body of %s %s', async (type, payload, statusCode) => {
  const id = await create(`odd-body-${payload.length}`);
  await manage(id, '1/finish');
  const headers = { authorization: `Bearer ${api.adminKey}`, 'content-type': type };
  const url = `/v1/images/${id}/zones/reset`;
  const answer = await api.app.inject({ method: 'POST', url, headers, payload });
  expect(answer).toMatchObject({ statusCode });
  expect((await conditions(id))[1]).toBe('full');
});

it('filters zones by condition and says where to go on', async () => {
  const id = await create('filter');
  for (const zone of [5, 9, 12]) await manage(id, `${zone}/finish`);
  const first = await api.request('GET', `/v1/images/${id}/zones?state=full&count=2`);
  expect(first.body.items.map((zone: { index: number }) => zone.index)).toEqual([5, 9]);
  const url = `/v1/images/${id}/zones?state=full&count=2&from=${first.body.nextCursor}`;
  const rest = (await api.request('GET', url)).body;
  expect(rest.items.map((zone: { index: number }) => zone.index)).toEqual([12]);
  expect(rest.nextCursor).toBeNull();
});

it('refuses an action that there is not, naming those that there are', async () => {
  const id = await create('actions');
  expect(await manage(id, '0/explode')).toMatchObject({
    status: 422,
    body: {
      errors: [{ path: 'action', given: 'explode', allowed: expect.stringContaining('finish') }],
    },
  });
});

it('has no zones to show of a plain disk', async () => {
  const { id } = (await api.request('POST', '/v1/images', { name: 'no-zones', size: 4096 })).body;
  expect(await api.request('GET', `/v1/images/${id}/zones`)).toMatchObject({
    status: 409,
    body: { code: 'invalid_zone_operation' },
  });
});

it('leaves the file clean and the zones as they were when the API ends', async () => {
  const other = await startApi();
  const body = { name: 'end', size: '64M', zoneSize: '4M', profile: 'zns' };
  const { id } = (await other.request('POST', '/v1/images', body)).body;
  await other.request('POST', `/v1/images/${id}/zones/3/finish`);
  await other.app.close();
  const device = await ZonedDevice.open(`${other.pool.path}/${id}/image.qcow2`, { readOnly: true });
  expect(device.zone(3).condition).toBe('full');
  await device.close();
  await other.stop();
});
