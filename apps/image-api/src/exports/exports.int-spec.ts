import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { GATEWAY_DEAD_AFTER_MS } from '@zonelab/contracts';
import { startApi, startGateway, type TestApi } from '../api.fixture.ts';

const GATEWAY = 'exports-gateway';
const MISSING = '00000000-0000-7000-8000-000000000000';

let api: TestApi;
let gateway: Awaited<ReturnType<typeof startGateway>>;
beforeAll(async () => {
  api = await startApi(1_000);
  gateway = await startGateway(api, GATEWAY);
});
afterAll(async () => {
  await gateway?.stop();
  await api?.stop();
});

async function createImage(name: string): Promise<string> {
  const body = { name, size: '64M', zoneSize: '4M' };
  return (await api.request('POST', '/v1/images', body)).body.id;
}

it('exports an image, and lets it go again', async () => {
  const imageId = await createImage('one');
  const made = await api.request('POST', '/v1/exports', { imageId });
  expect(made).toMatchObject({
    status: 201,
    body: {
      imageId,
      gatewayId: GATEWAY,
      name: 'one',
      readOnly: false,
      status: 'active',
      uri: 'nbd://127.0.0.1:10809/one',
      options: { zeroes: 'write', trim: 'reset', limits: 'on' },
    },
  });
  const url = `/v1/exports/${made.body.id}`;
  expect((await api.request('GET', url)).body).toEqual(made.body);
  expect((await api.request('GET', `/v1/exports?imageId=${imageId}`)).body.items).toEqual([
    made.body,
  ]);
  expect((await api.request('DELETE', url)).status).toBe(204);
  expect((await api.request('GET', url)).status).toBe(404);
  expect((await api.request('DELETE', `/v1/images/${imageId}`)).status).toBe(204);
});

it('keeps an exported image from being deleted or exported twice', async () => {
  const imageId = await createImage('busy');
  await api.request('POST', '/v1/exports', { imageId });
  for (const answer of [
    await api.request('DELETE', `/v1/images/${imageId}`),
    await api.request('POST', '/v1/exports', { imageId, name: 'again' }),
  ]) {
    expect(answer).toMatchObject({
      status: 409,
      body: { code: 'image_exported', context: { gatewayId: GATEWAY } },
    });
  }
});

it('leaves no export where the gateway refuses it', async () => {
  const imageId = await createImage('unwanted');
  const answer = await api.request('POST', '/v1/exports', { imageId, name: 'refused' });
  expect(answer).toMatchObject({ status: 409, body: { code: 'export_name_taken' } });
  expect((await api.request('GET', `/v1/exports?imageId=${imageId}`)).body.items).toEqual([]);
});

async function exportOf(name: string, more: object = {}) {
  const imageId = await createImage(name);
  return (await api.request('POST', '/v1/exports', { imageId, ...more })).body;
}

it('changes an export under its clients', async () => {
  const made = await exportOf('changing');
  const url = `/v1/exports/${made.id}`;
  const slow = { readOnly: true, rates: { iops: 100 } };
  expect(await api.request('PATCH', url, slow)).toMatchObject({
    status: 200,
    body: { readOnly: true, options: { zeroes: 'write', rates: { iops: 100 } }, status: 'active' },
  });
  const again = await api.request('PATCH', url, { readOnly: false, rates: {} });
  expect(again).toMatchObject({ status: 200, body: { readOnly: false, options: { rates: {} } } });
  expect((await api.request('GET', url)).body).toEqual(again.body);
  expect(gateway.updates).toEqual([
    { exportId: made.id, ...slow },
    { exportId: made.id, readOnly: false, rates: {} },
  ]);
});

it('gives an image no second writer by a change', async () => {
  const first = await exportOf('shared', { readOnly: true });
  const wanted = { imageId: first.imageId, name: 'second', readOnly: true };
  const second = (await api.request('POST', '/v1/exports', wanted)).body;
  const refused = await api.request('PATCH', `/v1/exports/${first.id}`, { readOnly: false });
  expect(refused).toMatchObject({
    status: 409,
    body: { code: 'image_exported', context: { exportId: second.id } },
  });
  expect((await api.request('GET', `/v1/exports/${first.id}`)).body.readOnly).toBe(true);
});

it('leaves an export as it was where the gateway refuses the change', async () => {
  const made = await exportOf('staying', { readOnly: true });
  const change = { readOnly: false, rates: { iops: 13 } };
  const answer = await api.request('PATCH', `/v1/exports/${made.id}`, change);
  expect(answer).toMatchObject({ status: 503, body: { code: 'shutting_down' } });
  const { updatedAt: _, ...facts } = (await api.request('GET', `/v1/exports/${made.id}`)).body;
  expect(made).toMatchObject(facts);
  const other = { imageId: made.imageId, name: 'staying-too', readOnly: true };
  expect((await api.request('POST', '/v1/exports', other)).status).toBe(201);
});

it.each([true, false])(
  'keeps the place of the writer where nobody knows what became of a change (read-only before: %s)',
  async (readOnly) => {
    const made = await exportOf(`unknown-${readOnly}`, { readOnly });
    const change = { readOnly: !readOnly, rates: { iops: 14 } };
    const answer = await api.request('PATCH', `/v1/exports/${made.id}`, change);
    expect(answer).toMatchObject({ status: 504, body: { code: 'gateway_timeout' } });
    expect((await api.request('GET', `/v1/exports/${made.id}`)).body.readOnly).toBe(false);
    await gateway.stop();
    gateway = await startGateway(api, GATEWAY);
  },
);

it.each([
  ['an unknown export', MISSING, {}, 404, 'not_found'],
  ['what cannot change', undefined, { name: 'new' }, 422, 'invalid_request'],
  ['rates out of range', undefined, { rates: { iops: 0 } }, 422, 'invalid_request'],
])('refuses to change %s', async (name, id, change, status, code) => {
  const url = `/v1/exports/${id ?? (await exportOf(name.replaceAll(' ', '-'))).id}`;
  expect(await api.request('PATCH', url, change)).toMatchObject({ status, body: { code } });
});

it('changes no export that is not served', async () => {
  const made = await exportOf('going');
  await api.catalog.exports.beginDetach(made.id);
  const answer = await api.request('PATCH', `/v1/exports/${made.id}`, { rates: {} });
  expect(answer).toMatchObject({ status: 409, body: { code: 'state_conflict' } });
});

it.each([
  ['an unknown image', { imageId: MISSING }, 404, 'not_found'],
  ['an unknown gateway', { gatewayId: 'nobody' }, 404, 'not_found'],
  ['an unknown option', { options: { zeros: 'reset' } }, 422, 'invalid_request'],
])('refuses %s', async (name, change, status, code) => {
  const imageId = await createImage(name.replaceAll(' ', '-'));
  const answer = await api.request('POST', '/v1/exports', { imageId, ...change });
  expect(answer).toMatchObject({ status, body: { code } });
});

it('says that no gateway lives, and that a live one does not answer', async () => {
  const imageId = await createImage('alone');
  await gateway.stop();
  expect(await api.request('POST', '/v1/exports', { imageId })).toMatchObject({
    status: 503,
    body: { code: 'no_gateway' },
  });
  const silent = { id: 'silent', host: 'h', port: 1, unixSocket: null, pools: [api.pool.name] };
  await api.catalog.gateways.announce(silent);
  expect(await api.request('POST', '/v1/exports', { imageId })).toMatchObject({
    status: 504,
    body: { code: 'gateway_timeout', context: { gatewayId: 'silent' } },
  });
  const { items } = (await api.request('GET', `/v1/exports?imageId=${imageId}`)).body;
  expect(items).toMatchObject([{ status: 'detaching' }]);
  await api.catalog.gateways.retire('silent');
  expect((await api.request('DELETE', `/v1/exports/${items[0].id}`)).status).toBe(204);
  gateway = await startGateway(api, GATEWAY);
});

it('shows which gateways live', async () => {
  const { body } = await api.request('GET', '/v1/gateways');
  expect(body.nextCursor).toBeNull();
  const found = body.items.find((item: { id: string }) => item.id === GATEWAY);
  expect(found).toMatchObject({ alive: true, pools: [api.pool.name] });
  expect(Date.parse(found.heartbeatAt)).toBeGreaterThan(Date.now() - GATEWAY_DEAD_AFTER_MS);
});
