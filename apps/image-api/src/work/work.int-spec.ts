import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { imageJobId, poolQueue, QUEUE_PREFIX } from '@zonelab/contracts';
import { imagePath, redisOptions } from '@zonelab/platform';
import { Queue } from 'bullmq';
import { startApi, startGateway, type TestApi } from '../api.fixture.ts';
import { WorkService } from './work.service.ts';

const MIB = 1024 ** 2;
const ZONED = { size: '16M', profile: 'zns', zoneSize: '4M', maxOpenZones: 2 };

let api: TestApi;
let queue: Queue;
beforeAll(async () => {
  api = await startApi();
  const connection = redisOptions(api.redisUrl);
  queue = new Queue(poolQueue('pool'), { connection, prefix: QUEUE_PREFIX });
});
afterAll(async () => {
  await queue?.close();
  await api?.stop();
});

async function make(name: string, fields: object = ZONED): Promise<string> {
  const { status, body } = await api.request('POST', '/v1/images', { name, ...fields });
  expect(status).toBe(201);
  return body.id;
}

/** The one piece of work that is to be done to an image. */
async function workOf(imageId: string) {
  const all = await api.catalog.imageWork.unfinished();
  return all.find((one) => one.imageId === imageId)?.work;
}

it('answers at once for a check, whose job is queued, and queued again if Redis loses it', async () => {
  const id = await make('checked');
  const answer = await api.request('POST', `/v1/images/${id}/check`, { repair: 'leaks' });
  expect(answer).toMatchObject({ status: 202, body: { status: 'busy', work: 'check', id } });
  const work = await workOf(id);
  expect(work).toMatchObject({ kind: 'check', repair: 'leaks' });
  const jobId = imageJobId(work?.id ?? '');
  expect((await queue.getJob(jobId))?.data).toEqual({ imageId: id, workId: work?.id });
  await queue.obliterate({ force: true });
  await api.app.get(WorkService).enqueue();
  expect(await queue.getJob(jobId)).toBeDefined();
  for (const [method, path] of [
    ['POST', '/check'],
    ['POST', '/zones/reset'],
    ['DELETE', ''],
  ] as const)
    expect(await api.request(method, `/v1/images/${id}${path}`)).toMatchObject({
      status: 409,
      body: { code: 'state_conflict' },
    });
});

it('makes the row of a conversion, which a worker fills', async () => {
  const id = await make('original');
  const wanted = { name: 'converted', zones: 'drop', compression: 'zlib', labels: { a: 'b' } };
  const { status, body } = await api.request('POST', `/v1/images/${id}/convert`, wanted);
  expect({ status, body }).toMatchObject({
    status: 202,
    body: { name: 'converted', status: 'creating', work: 'convert', profile: null, progress: 0 },
  });
  expect(await workOf(body.id)).toMatchObject({ kind: 'convert', sourceId: id, zones: 'drop' });
  const taken = await api.request('POST', `/v1/images/${id}/convert`, wanted);
  expect(taken).toMatchObject({ status: 409, body: { code: 'name_taken' } });
});

it.each([
  ['compression of zones', 'c1', { compression: 'zstd' }, 'compression'],
  ['limits of zones that go', 'c2', { zones: 'drop', maxOpenZones: 1 }, 'maxOpenZones'],
  ['an odd cluster size', 'c3', { clusterSize: 1000 }, 'clusterSize'],
  ['an unknown field', 'c4', { colour: 'red' }, 'colour'],
])('refuses to convert with %s', async (_, name, fields, path) => {
  const id = await make(name);
  const wanted = { name: `${name}-to`, ...fields };
  const { status, body } = await api.request('POST', `/v1/images/${id}/convert`, wanted);
  expect({ status, path: body.errors?.[0]?.path }).toEqual({ status: 422, path });
});

it('makes a zoned image larger, and smaller where nothing was written', async () => {
  const id = await make('sized');
  const resize = (body: object) => api.request('POST', `/v1/images/${id}/resize`, body);
  const before = (await api.request('GET', `/v1/images/${id}`)).body.version;
  const grown = await resize({ size: '32M' });
  expect(grown).toMatchObject({ status: 200, body: { size: 32 * MIB, zoneCount: 8, work: null } });
  expect(grown.body.version).toBeGreaterThan(before);
  const { body } = await api.request('GET', `/v1/images/${id}/zones`);
  expect(body.items).toHaveLength(8);
  expect(await resize({ size: '8M' })).toMatchObject({
    status: 422,
    body: { errors: [{ path: 'size', given: 8 * MIB }] },
  });
  expect(await resize({ size: '8M', shrink: true })).toMatchObject({
    status: 200,
    body: { size: 8 * MIB, zoneCount: 2, status: 'ready' },
  });
  expect(await resize({ size: 8 * MIB + 512 })).toMatchObject({ status: 422 });
  expect((await api.request('GET', `/v1/images/${id}`)).body).toMatchObject({
    status: 'ready',
    size: 8 * MIB,
  });
  // it is still open here: qemu-img looks past the lock
  const file = imagePath([api.pool], 'pool', id);
  const { stdout } = await promisify(execFile)('qemu-img', ['info', '-U', '--output=json', file]);
  expect(JSON.parse(stdout)['virtual-size']).toBe(8 * MIB);
});

it('changes the size of a plain disk', async () => {
  const id = await make('plain', { size: '4M' });
  const answer = await api.request('POST', `/v1/images/${id}/resize`, { size: '10M' });
  expect(answer).toMatchObject({ status: 200, body: { size: 10 * MIB, zoneCount: null } });
});

it('changes the size of an image that is served for writing', async () => {
  const gateway = await startGateway(api, 'gw');
  try {
    const imageId = await make('served');
    const served = await api.request('POST', '/v1/exports', { imageId });
    expect(served.status).toBe(201);
    const resize = (body: object) => api.request('POST', `/v1/images/${imageId}/resize`, body);
    const grown = { status: 200, body: { size: 32 * MIB, zoneCount: 8, status: 'ready' } };
    expect(await resize({ size: '32M' })).toMatchObject(grown);
    const { body } = await api.request('GET', `/v1/images/${imageId}/zones`);
    expect(body.items).toHaveLength(8);
    expect(await resize({ size: '8M' })).toMatchObject({ status: 422 });
    expect(await resize({ size: 8 * MIB + 512, shrink: true })).toMatchObject({ status: 422 });
    expect(await resize({ size: '8M', shrink: true })).toMatchObject({ body: { zoneCount: 2 } });
  } finally {
    await gateway.stop();
  }
});

it('refuses work on an image that is exported', async () => {
  const gateway = await startGateway(api, 'gw');
  try {
    const imageId = await make('exported');
    const served = await api.request('POST', '/v1/exports', { imageId });
    expect(served.status).toBe(201);
    for (const [what, body] of [
      ['check', {}],
      ['convert', { name: 'copy-of-exported' }],
    ] as const)
      expect(await api.request('POST', `/v1/images/${imageId}/${what}`, body)).toMatchObject({
        status: 409,
        body: { code: 'image_exported', context: { exportId: served.body.id } },
      });
  } finally {
    await gateway.stop();
  }
});
