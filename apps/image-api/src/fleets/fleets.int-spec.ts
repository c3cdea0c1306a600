import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { FLEETS_QUEUE, type Fleet, type FleetDisk, QUEUE_PREFIX } from '@zonelab/contracts';
import { redisOptions } from '@zonelab/platform';
import { waitUntil } from '@zonelab/testing';
import { Queue } from 'bullmq';
import { startApi, startGateway, type TestApi } from '../api.fixture.ts';

const ZNS = { size: '64M', profile: 'zns', zoneSize: '16M' };

let api: TestApi;
let gateway: Awaited<ReturnType<typeof startGateway>>;
beforeAll(async () => {
  api = await startApi();
  gateway = await startGateway(api, 'fleet-gateway');
});
afterAll(async () => {
  await gateway?.stop();
  await api?.stop();
});

const get = async (id: string): Promise<Fleet> =>
  (await api.request('GET', `/v1/fleets/${id}`)).body;
const disksOf = async (id: string): Promise<FleetDisk[]> =>
  (await api.request('GET', `/v1/fleets/${id}/disks`)).body.items;

async function create(body: object): Promise<string> {
  const answer = await api.request('POST', '/v1/fleets', { count: 3, template: ZNS, ...body });
  expect(answer).toMatchObject({ status: 202, body: { status: 'changing' } });
  return answer.body.id;
}

function became(id: string, status: string): Promise<Fleet> {
  return waitUntil(`fleet is ${status}`, async () => {
    const fleet = await get(id);
    return fleet.status === status && fleet;
  });
}

async function deleted(id: string): Promise<void> {
  expect((await api.request('DELETE', `/v1/fleets/${id}`)).status).toBe(202);
  await waitUntil('fleet is gone', async () => {
    const { status } = await api.request('GET', `/v1/fleets/${id}`);
    return status === 404;
  });
}

it('makes and exports as many disks as wanted, and takes all of them away again', async () => {
  const id = await create({ name: 'web', labels: { rack: 'a' } });
  expect(await became(id, 'ready')).toMatchObject({
    count: 3,
    progress: 1,
    etaSeconds: null,
    disks: { settled: 3, pending: 0, failed: 0 },
  });
  const disks = await disksOf(id);
  expect(disks).toMatchObject(
    [0, 1, 2].map((disk) => ({
      disk,
      name: `web-${disk}`,
      desired: 'exported',
      actual: 'exported',
      settled: true,
      exportStatus: 'active',
      uri: `nbd://127.0.0.1:10809/web-${disk}`,
      machine: { connections: 0, readBytes: 0, firstSeenAt: null },
      zones: { empty: 4 },
    })),
  );
  const { body: image } = await api.request('GET', `/v1/images/${disks[1]?.imageId}`);
  expect(image).toMatchObject({ profile: 'zns', zoneCount: 4, labels: { rack: 'a' } });
  await deleted(id);
  expect((await api.request('GET', '/v1/images?label=rack=a')).body.items).toEqual([]);
  expect(await readdir(api.pool.path)).not.toContain(disks[1]?.imageId);
});

it('clones a base for each disk, but for those that are to be different', async () => {
  const base = (await api.request('POST', '/v1/images', { name: 'base', ...ZNS })).body;
  const id = await create({
    name: 'clones',
    template: { backingImageId: base.id },
    overrides: [{ disk: 1, template: { size: '32M' } }],
  });
  await became(id, 'ready');
  const images = await Promise.all(
    (await disksOf(id)).map(
      async ({ imageId }) => (await api.request('GET', `/v1/images/${imageId}`)).body,
    ),
  );
  expect(images).toMatchObject([
    { backingImageId: base.id, zoneCount: 4 },
    { backingImageId: null, profile: null, size: 32 * 1024 * 1024 },
    { backingImageId: base.id, zoneCount: 4 },
  ]);
  await deleted(id);
});

it('grows and shrinks by the highest numbers, and leaves the others alone', async () => {
  const id = await create({ name: 'elastic', count: 2 });
  await became(id, 'ready');
  const before = (await disksOf(id)).map(({ imageId }) => imageId);
  await api.request('PATCH', `/v1/fleets/${id}`, { count: 4 });
  await became(id, 'ready');
  expect((await disksOf(id)).map(({ disk }) => disk)).toEqual([0, 1, 2, 3]);
  await api.request('PATCH', `/v1/fleets/${id}`, { count: 1 });
  await became(id, 'ready');
  const after = await disksOf(id);
  expect(after.map(({ imageId }) => imageId)).toEqual(before.slice(0, 1));
  await deleted(id);
});

it('replaces a disk by a new one of the same name', async () => {
  const id = await create({ name: 'worn' });
  await became(id, 'ready');
  const before = await disksOf(id);
  const answer = await api.request('POST', `/v1/fleets/${id}/disks/1/replace`);
  expect(answer.status).toBe(202);
  await became(id, 'ready');
  const after = await disksOf(id);
  expect(after[1]).toMatchObject({ generation: 2, name: 'worn-1', uri: before[1]?.uri });
  expect(after[1]?.imageId).not.toBe(before[1]?.imageId);
  expect(after[0]?.imageId).toBe(before[0]?.imageId);
  expect((await api.request('GET', `/v1/images/${before[1]?.imageId}`)).status).toBe(404);
  const missing = await api.request('POST', `/v1/fleets/${id}/disks/9/replace`);
  expect(missing).toMatchObject({ status: 404, body: { code: 'not_found' } });
  await deleted(id);
});

it('goes on with the others where one disk cannot be made, says why, and tries it again', async () => {
  const other = { name: 'shared-1', size: '1M' };
  const { id: inTheWay } = (await api.request('POST', '/v1/images', other)).body;
  const id = await create({ name: 'shared' });
  const failed = await waitUntil('a disk has failed', async () =>
    (await disksOf(id)).find(({ reason }) => reason !== null),
  );
  expect(failed).toMatchObject({
    disk: 1,
    actual: 'absent',
    reason: expect.stringMatching(/name/),
  });
  await waitUntil('the others are there', async () => (await get(id)).disks.settled === 2);
  expect(await get(id)).toMatchObject({ disks: { failed: 1 } });
  await api.request('DELETE', `/v1/images/${inTheWay}`);
  await became(id, 'ready');
  expect((await disksOf(id))[1]).toMatchObject({ settled: true, reason: null, attempts: 0 });
  await deleted(id);
});

it('queues a change once more that Redis has lost', async () => {
  const queue = new Queue(FLEETS_QUEUE, {
    connection: redisOptions(api.redisUrl),
    prefix: QUEUE_PREFIX,
  });
  await queue.pause();
  const id = await create({ name: 'lost' });
  await queue.obliterate({ force: true });
  await queue.resume();
  await queue.close();
  const { FleetQueue } = await import('./fleet-queue.ts');
  await api.app.get(FleetQueue).repair();
  await became(id, 'ready');
  await deleted(id);
});

it('takes up an image and an export that an attempt before it made, and did not get to note', async () => {
  const id = await create({ name: 'cut' });
  await became(id, 'ready');
  const [before] = await disksOf(id);
  const nothing = { imageId: null, exportId: null, madeGeneration: null };
  await api.catalog.fleetDisks.note({ fleetId: id, number: 0 }, nothing);
  const { FleetQueue } = await import('./fleet-queue.ts');
  await api.app.get(FleetQueue).repair();
  const after = await waitUntil('the disk is as wanted', async () => {
    const [disk] = await disksOf(id);
    return disk?.settled && disk;
  });
  expect(after).toMatchObject({ imageId: before?.imageId, exportId: before?.exportId });
  await deleted(id);
});

it('hands out a document for each disk at once, and the reason where there is none', async () => {
  const id = await create({
    name: 'attached',
    template: { size: '16M' },
    overrides: [{ disk: 2, template: ZNS }],
  });
  await became(id, 'ready');
  const { body } = await api.request('GET', `/v1/fleets/${id}/attach?format=qemu`);
  expect(body.items).toMatchObject([
    { disk: 0, content: expect.stringContaining('export=attached-0,'), problem: null },
    { disk: 1, content: expect.stringContaining('export=attached-1,'), problem: null },
    { disk: 2, content: null, problem: { code: 'not_attachable' } },
  ]);
  const one = await api.request('GET', `/v1/fleets/${id}/disks/1/attach`);
  expect(one.body).toBe('nbd://127.0.0.1:10809/attached-1\n');
  await deleted(id);
});

it.each([
  ['a template without a size', { template: { zoneSize: '16M' } }, 'template.size'],
  [
    'an override that cannot be',
    { overrides: [{ disk: 0, template: { zoneCapacity: '32M' } }] },
    'overrides.0.template.zoneCapacity',
  ],
  ['more disks than there can be', { count: 1001 }, 'count'],
])('refuses %s, and writes nothing down', async (_, change, path) => {
  const body = { name: 'refused', count: 1, template: ZNS, ...change };
  expect(await api.request('POST', '/v1/fleets', body)).toMatchObject({
    status: 422,
    body: { errors: [{ path }] },
  });
  expect((await api.request('GET', '/v1/fleets?name=refused')).body.items).toEqual([]);
});
