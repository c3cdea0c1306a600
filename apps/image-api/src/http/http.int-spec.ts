import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { generateKey } from '@zonelab/catalog';
import { startApi, type TestApi } from '../api.fixture.ts';
import { MAX_BODY_BYTES } from '../limits.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api?.stop());

it.each([
  ['no key', null],
  ['an unknown key', generateKey()],
  ['something that is no key', 'hello'],
])('lets nobody in with %s', async (_, key) => {
  const answer = await api.request('GET', '/v1/images', undefined, key);
  expect(answer).toMatchObject({ status: 401, body: { code: 'unauthorized' } });
});

it('lets a viewer look, but not change', async () => {
  const viewer = generateKey();
  await api.catalog.keys.ensure(viewer, 'viewer', 'viewer');
  expect((await api.request('GET', '/v1/images', undefined, viewer)).status).toBe(200);
  const answer = await api.request('POST', '/v1/images', { name: 'x', size: 512 }, viewer);
  expect(answer).toMatchObject({ status: 403, body: { code: 'forbidden' } });
});

it('needs no key for its probes', async () => {
  for (const probe of ['/healthz', '/readyz']) {
    expect(await api.request('GET', probe, undefined, null)).toMatchObject({
      status: 200,
      body: { status: 'ok' },
    });
  }
});

it.each([
  ['a body that is no JSON', '/v1/images', '{"name":', 400, 'bad_request'],
  ['a body that is no object', '/v1/images', '[]', 422, 'invalid_request'],
  ['an unknown route', '/v1/nothing', '{}', 404, 'not_found'],
  [
    'a body beyond the bound',
    '/v1/images',
    `"${'x'.repeat(MAX_BODY_BYTES)}"`,
    413,
    'payload_too_large',
  ],
])('answers %s with problem details', async (_, url, body, status, code) => {
  const answer = await api.request('POST', url, body);
  expect(answer.type).toContain('application/problem+json');
  expect(answer).toMatchObject({ status, body: { status, code, instance: url } });
});

it('answers a malformed URL with problem details', async () => {
  const url = '/v1/images/%zz';
  const answer = await api.request('GET', url);
  expect(answer.type).toContain('application/problem+json');
  const body = { status: 400, code: 'bad_request', instance: url };
  expect(answer).toMatchObject({ status: 400, body });
});

it('takes an empty body that is announced as JSON for none', async () => {
  const disk = { name: 'empty-body', size: '16M', zoneSize: '4M' };
  const url = `/v1/images/${(await api.request('POST', '/v1/images', disk)).body.id}`;
  expect(await api.request('POST', `${url}/zones/1/reset`, '')).toMatchObject({ status: 200 });
  expect(await api.request('POST', `${url}/zones/reset`, '')).toMatchObject({ status: 204 });
  expect(await api.request('DELETE', url, '')).toMatchObject({ status: 204 });
});

it('names what is missing where a body is needed and empty', async () => {
  const answer = await api.request('POST', '/v1/images', '');
  expect(answer).toMatchObject({ status: 422, body: { code: 'invalid_request' } });
  expect(answer.body.errors.map(({ path }: { path: string }) => path)).toEqual(['name', 'size']);
});

it.each([
  ['limit=0', 'limit', '0', 'at least 1'],
  ['limit=many', 'limit', 'many', 'number'],
  ['cursor=x', 'cursor', 'x', expect.any(String)],
  ['name=a%00', 'name', 'a\0', 'text without U+0000 and lone surrogates'],
  ['order=asc', 'order', 'asc', 'no field of this name'],
])('names what is wrong in the query %s', async (query, path, given, allowed) => {
  const answer = await api.request('GET', `/v1/images?${query}`);
  expect(answer).toMatchObject({ status: 422, body: { errors: [{ path, given, allowed }] } });
});

it.each([
  ['GET', '/v1/presets'],
  ['GET', '/v1/gateways'],
  ['GET', '/v1/images/00000000-0000-7000-8000-000000000000'],
  ['DELETE', '/v1/exports/00000000-0000-7000-8000-000000000000'],
  ['POST', '/v1/images'],
] as const)('refuses a query parameter of %s %s, which takes none', async (method, url) => {
  const answer = await api.request(method, `${url}?force=true`);
  const errors = [{ path: 'force', given: 'true', allowed: 'no field of this name' }];
  expect(answer).toMatchObject({ status: 422, body: { errors } });
});

it('lists presets and workloads', async () => {
  const presets = await api.request('GET', '/v1/presets');
  expect(presets.body.items).toContainEqual(expect.objectContaining({ name: 'ideal' }));
  const workloads = await api.request('GET', '/v1/workloads');
  expect(workloads.body.items).toContainEqual(expect.objectContaining({ kind: 'seq-write' }));
});

it('shows its OpenAPI document and a page for people', async () => {
  const document = await api.request('GET', '/openapi.json', undefined, null);
  expect(document.body.openapi).toMatch(/^3\./);
  expect(Object.keys(document.body.paths)).toContain('/v1/images/{id}/zones/{index}/{action}');
  const page = await api.app.inject({ method: 'GET', url: '/docs' });
  expect(page.statusCode).toBe(200);
});
