import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startApi, type TestApi } from '../api.fixture.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api?.stop());

const post = (url: string, body: object, token: string) =>
  api.request('POST', url, body, undefined, { 'idempotency-key': token });

it('does a request once and gives the same answer to the next', async () => {
  const disk = { name: 'once', size: '16M' };
  const first = await post('/v1/images', disk, 'a');
  const second = await post('/v1/images', disk, 'a');
  expect(first.status).toBe(201);
  expect(second).toEqual(first);
  expect((await post('/v1/images', disk, 'b')).status).toBe(409); // the name is taken
});

it('gives the same refusal again, though the reason is gone', async () => {
  const disk = { name: 'refused', size: '16M' };
  const { id } = (await api.request('POST', '/v1/images', disk)).body;
  const refused = await post('/v1/images', disk, 'c');
  expect(refused).toMatchObject({ status: 409, body: { code: 'name_taken' } });
  await api.request('DELETE', `/v1/images/${id}`);
  expect(await post('/v1/images', disk, 'c')).toEqual(refused);
});

it('refuses another request under the same key', async () => {
  await post('/v1/images', { name: 'one', size: '16M' }, 'd');
  expect(await post('/v1/images', { name: 'two', size: '16M' }, 'd')).toMatchObject({
    status: 409,
    body: { code: 'idempotency_key_reused' },
  });
});

it('carries out one of two requests that come together', async () => {
  const disk = { name: 'together', size: '16M' };
  const both = await Promise.all([post('/v1/images', disk, 'e'), post('/v1/images', disk, 'e')]);
  const statuses = both.map(({ status }) => status).sort();
  expect([
    [201, 201],
    [201, 409],
  ]).toContainEqual(statuses);
  const { items } = (await api.request('GET', '/v1/images?name=together')).body;
  expect(items).toHaveLength(1);
});

it('remembers a new API key only for the key that asked for it', async () => {
  const first = await post('/v1/keys', { name: 'sealed', role: 'admin' }, 'f');
  expect(await post('/v1/keys', { name: 'sealed', role: 'admin' }, 'f')).toEqual(first);
  const other = { 'idempotency-key': 'f' };
  const own = await api.request(
    'POST',
    '/v1/keys',
    { name: 'own', role: 'viewer' },
    first.body.key,
    other,
  );
  expect(own).toMatchObject({ status: 201, body: { name: 'own' } });
});

it('refuses a key that is too long', async () => {
  expect(await post('/v1/images', { name: 'x', size: '16M' }, 'k'.repeat(256))).toMatchObject({
    status: 422,
    body: { errors: [{ path: 'Idempotency-Key', allowed: 'one value of 1 to 255 characters' }] },
  });
});
