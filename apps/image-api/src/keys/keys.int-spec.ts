import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { generateKey } from '@zonelab/catalog';
import { startApi, type TestApi } from '../api.fixture.ts';
import { MAX_FAILED_KEYS_PER_MINUTE } from '../limits.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api?.stop());

it('makes a key that works, shows it once, and lets nobody in with it once it is revoked', async () => {
  const made = await api.request('POST', '/v1/keys', { name: 'lab', role: 'operator' });
  expect(made).toMatchObject({ status: 201, body: { name: 'lab', role: 'operator' } });
  const { id, key } = made.body;
  const disk = { name: 'by-operator', size: '16M' };
  expect((await api.request('POST', '/v1/images', disk, key)).status).toBe(201);
  const listed = (await api.request('GET', '/v1/keys')).body.items;
  expect(listed).toContainEqual(expect.objectContaining({ id, lastUsedAt: expect.any(String) }));
  expect(JSON.stringify(listed)).not.toContain(key);
  expect((await api.request('DELETE', `/v1/keys/${id}`)).status).toBe(204);
  expect((await api.request('GET', '/v1/images', undefined, key)).status).toBe(401);
});

it('writes down what a key was not allowed to change', async () => {
  const key = generateKey();
  await api.catalog.keys.ensure(key, 'onlooker', 'viewer');
  await api.request('POST', '/v1/images', { name: 'x', size: '16M' }, key);
  const [entry] = (await api.request('GET', '/v1/audit?limit=1')).body.items;
  expect(entry).toMatchObject({ keyName: 'onlooker', status: 403, code: 'forbidden' });
});

it.each(['operator', 'viewer'] as const)('keeps %ss from keys and the audit', async (role) => {
  const key = generateKey();
  await api.catalog.keys.ensure(key, role, role);
  for (const [method, url] of [
    ['GET', '/v1/keys'],
    ['POST', '/v1/keys'],
    ['GET', '/v1/audit'],
  ] as const)
    expect(await api.request(method, url, undefined, key)).toMatchObject({
      status: 403,
      body: { code: 'forbidden' },
    });
});

it('writes down who asked for a change and what came of it, newest first', async () => {
  const disk = { name: 'audited', size: '16M' };
  const { id } = (await api.request('POST', '/v1/images', disk)).body;
  await api.request('POST', '/v1/images', disk);
  await api.request('DELETE', `/v1/images/${id}`);
  const { items } = (await api.request('GET', '/v1/audit?limit=3')).body;
  expect(items).toMatchObject([
    { method: 'DELETE', path: `/v1/images/${id}`, status: 204, code: null, keyName: 'admin' },
    { method: 'POST', path: '/v1/images', status: 409, code: 'name_taken' },
    { method: 'POST', path: '/v1/images', status: 201, code: null, role: 'admin' },
  ]);
});

it('gives a key no more images, exports and requests than its quota says', async () => {
  const quota = { images: 2, bytes: 64 * 1024 ** 2, requestsPerMinute: 12 };
  const made = await api.request('POST', '/v1/keys', { name: 'small', role: 'operator', quota });
  expect(made.body).toMatchObject({ quota });
  const { key } = made.body;
  const create = (name: string, size: string) =>
    api.request('POST', '/v1/images', { name, size }, key);
  const { body: first } = await create('quota-1', '16M');
  expect(await create('quota-2', '49M')).toMatchObject({
    status: 403,
    body: { code: 'quota_exceeded', detail: expect.stringContaining('bytes') },
  });
  expect((await create('quota-2', '48M')).status).toBe(201);
  const clone = await api.request('POST', `/v1/images/${first.id}/clone`, { name: 'c' }, key);
  expect(clone).toMatchObject({ status: 403, body: { code: 'quota_exceeded' } });
  expect((await api.request('DELETE', `/v1/images/${first.id}`, undefined, key)).status).toBe(204);
  expect((await create('quota-3', '16M')).status).toBe(201);
  const asked = await Promise.all(
    Array.from({ length: 10 }, () => api.request('GET', '/v1/images', undefined, key)),
  );
  expect(asked.filter(({ status }) => status === 429)).toHaveLength(4);
});

it('stops answering an address that tries one key after the other', async () => {
  const tries = [];
  for (let i = 0; i <= MAX_FAILED_KEYS_PER_MINUTE; i++)
    tries.push((await api.request('GET', '/v1/images', undefined, generateKey())).status);
  expect(tries.at(0)).toBe(401);
  expect(tries.at(-1)).toBe(429);
  expect((await api.request('GET', '/v1/images')).status).toBe(200);
});
