import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startApi, startGateway, type TestApi } from '../api.fixture.ts';

let api: TestApi;
let gateway: Awaited<ReturnType<typeof startGateway>>;
beforeAll(async () => {
  api = await startApi();
  gateway = await startGateway(api, 'g');
});
afterAll(async () => {
  await gateway?.stop();
  await api?.stop();
});

const DEFINITION = {
  device: { preset: 'zn540' },
  workload: { phases: [{ kind: 'seq-write', blockSize: '64K', operations: 10 }] },
};
const ZONED = { size: '16M', zoneSize: '4M', zoneCapacity: '3M', profile: 'zns', maxOpenZones: 2 };

async function image(name: string, fields: object = ZONED): Promise<string> {
  return (await api.request('POST', '/v1/images', { name, ...fields })).body.id;
}

const create = (imageId: string, change: object = {}) =>
  api.request('POST', '/v1/experiments', { ...DEFINITION, imageId, ...change });

it('gives the device the geometry of the image', async () => {
  const { status, body } = await create(await image('fits'));
  expect(status).toBe(202);
  expect(body).toMatchObject({ imageId: body.imageId, verifiedBytes: null });
  expect(body.definition.device).toEqual({
    preset: 'zn540',
    geometry: {
      profile: 'zns',
      size: 16 * 1024 ** 2,
      zoneSize: 4 * 1024 ** 2,
      zoneCapacity: 3 * 1024 ** 2,
      conventionalZones: 0,
      maxOpenZones: 2,
      maxActiveZones: 0,
      maxAppendBytes: 0,
      logicalBlockSize: 512,
    },
  });
});

it('takes an image that is exported', async () => {
  const imageId = await image('served');
  await api.request('POST', '/v1/exports', { imageId });
  expect((await create(imageId)).status).toBe(202);
});

it('refuses an image that is not empty, and says which zone and what helps', async () => {
  const imageId = await image('used');
  await api.request('POST', `/v1/images/${imageId}/zones/2/finish`);
  const { status, body } = await create(imageId);
  expect([status, body.errors[0].path]).toEqual([422, 'imageId']);
  expect(body.errors[0].allowed).toContain('zone 2 is full; POST /v1/images/');
});

it.each([
  ['a plain disk', { size: '16M' }, {}, {}, 'imageId'],
  [
    'a geometry of its own',
    ZONED,
    { device: { preset: 'ideal', geometry: { size: '1G' } } },
    {},
    'device.geometry',
  ],
  [
    'zones that are full already',
    ZONED,
    { device: { preset: 'ideal', prefilledZones: 1 } },
    {},
    'device.prefilledZones',
  ],
  ['a read-only export', ZONED, {}, { readOnly: true }, 'imageId'],
  ['an export without limits', ZONED, {}, { options: { limits: 'off' } }, 'imageId'],
  [
    'a workload that does not fit',
    ZONED,
    { workload: { phases: [{ kind: 'fill', zones: { first: 9 } }] } },
    {},
    'workload.phases.0.zones.first',
  ],
])('refuses %s', async (what, fields, change, exported, path) => {
  const imageId = await image(what.replaceAll(' ', '-'), fields);
  if (Object.keys(exported).length > 0)
    await api.request('POST', '/v1/exports', { imageId, ...exported });
  expect(await create(imageId, change)).toMatchObject({
    status: 422,
    body: { errors: [{ path }] },
  });
});

it('refuses an image that there is not', async () => {
  expect((await create('00000000-0000-7000-8000-000000000000')).status).toBe(404);
});
