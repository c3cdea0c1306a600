import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { startApi, startGateway, type TestApi } from '../api.fixture.ts';

let api: TestApi;
let url: string;
let images = 0;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api?.stop());
beforeEach(async () => {
  const disk = { name: `disk-${images++}`, size: '16M', zoneSize: '4M' };
  url = `/v1/images/${(await api.request('POST', '/v1/images', disk)).body.id}`;
});

const conditions = async () =>
  (await api.request('GET', `${url}/zones`)).body.items.map(
    ({ condition }: { condition: string }) => condition,
  );

it('takes a snapshot, goes back to it with its zones, and deletes it', async () => {
  await api.request('POST', `${url}/zones/1/finish`);
  const made = await api.request('POST', `${url}/snapshots`, { name: 'one-full' });
  expect(made).toMatchObject({ status: 201, body: { id: '1', name: 'one-full', size: 16 << 20 } });
  await api.request('POST', `${url}/zones/reset`);
  expect(await conditions()).toEqual(['empty', 'empty', 'empty', 'empty']);
  expect((await api.request('POST', `${url}/snapshots/one-full/apply`)).status).toBe(204);
  expect(await conditions()).toEqual(['empty', 'full', 'empty', 'empty']);
  expect((await api.request('GET', `${url}/snapshots`)).body.items).toEqual([made.body]);
  const again = await api.request('POST', `${url}/snapshots`, { name: 'one-full' });
  expect(again).toMatchObject({ status: 409, body: { code: 'name_taken' } });
  expect((await api.request('DELETE', `${url}/snapshots/1`)).status).toBe(204);
  expect((await api.request('GET', `${url}/snapshots`)).body.items).toEqual([]);
});

it.each([
  ['POST', '/apply'],
  ['DELETE', ''],
] as const)('answers 404 to %s of a snapshot that is none', async (method, action) => {
  expect(await api.request(method, `${url}/snapshots/nothing${action}`)).toMatchObject({
    status: 404,
    body: { code: 'snapshot_not_found' },
  });
});

it('refuses while the image is exported, naming the export', async () => {
  const gateway = await startGateway(api, 'g');
  try {
    const imageId = url.split('/').at(-1);
    const made = await api.request('POST', '/v1/exports', { imageId });
    const refused = await api.request('POST', `${url}/snapshots`, { name: 'x' });
    expect(refused).toMatchObject({
      status: 409,
      body: { code: 'image_exported', context: { exportId: made.body.id } },
    });
    await api.request('DELETE', `/v1/exports/${made.body.id}`);
  } finally {
    await gateway.stop();
  }
});
