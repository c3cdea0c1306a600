import { execFile } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startApi, startGateway, type TestApi } from '../api.fixture.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api?.stop());

const MISSING = '00000000-0000-7000-8000-000000000000';
const ZNS = { size: '1G', profile: 'zns', zoneSize: '64M', zoneCapacity: '48M', maxOpenZones: 4 };

async function poolAndCatalog() {
  const folders = await readdir(api.pool.path);
  const { items } = (await api.request('GET', '/v1/images?limit=1000')).body;
  return { folders: folders.length, rows: items.length };
}

it('creates a zoned image that is ready at once, and that qemu-img finds sound', async () => {
  const { status, body } = await api.request('POST', '/v1/images', {
    ...ZNS,
    name: 'zoned',
    maxAppendSectors: 64,
    labels: { team: 'a' },
  });
  expect(status).toBe(201);
  expect(body).toMatchObject({
    name: 'zoned',
    status: 'ready',
    size: 1024 ** 3,
    profile: 'zns',
    zoneSize: 64 * 1024 ** 2,
    zoneCapacity: 48 * 1024 ** 2,
    zoneCount: 16,
    conventionalZones: 0,
    maxOpenZones: 4,
    maxActiveZones: 0,
    maxAppendSectors: 64,
    logicalBlockSize: 512,
    clusterSize: 65_536,
    labels: { team: 'a' },
  });
  expect((await api.request('GET', `/v1/images/${body.id}`)).body).toEqual(body);
  const file = join(api.pool.path, body.id, 'image.qcow2');
  await promisify(execFile)('qemu-img', ['check', file]);
});

it('creates a plain disk where no zoned field is given', async () => {
  const { status, body } = await api.request('POST', '/v1/images', { name: 'plain', size: 4096 });
  expect(status).toBe(201);
  expect(body).toMatchObject({ profile: null, zoneSize: null, zoneCount: null, size: 4096 });
});

it.each([
  ['no zone size', { name: 'x', size: '1G', profile: 'zns' }, 'zoneSize'],
  ['no size', { name: 'x' }, 'size'],
  ['a size that is none', { name: 'x', size: '1Q' }, 'size'],
  ['a size off the grid', { name: 'x', size: 1000 }, 'size'],
  ['an unknown field', { name: 'x', size: 512, colour: 'red' }, 'colour'],
  [
    'conventional zones under zns',
    { ...ZNS, name: 'x', conventionalZones: 2 },
    'conventionalZones',
  ],
  ['a capacity above the zone size', { ...ZNS, name: 'x', zoneCapacity: '65M' }, 'zoneCapacity'],
  [
    'a zone size off the cluster grid',
    { ...ZNS, name: 'x', zoneSize: '100k', zoneCapacity: '100k', size: '1000k' },
    'zoneSize',
  ],
  ['a NUL in a label', { name: 'x', size: 512, labels: { a: '\0' } }, 'labels.a'],
  ['half a surrogate pair', { name: 'x', size: 512, labels: { a: '\ud800' } }, 'labels.a'],
  ['a NUL in a key', { name: 'x', size: 512, labels: { 'k\0': 'a' } }, 'labels.k\0'],
  ['a name with a slash', { name: '../x', size: 512 }, 'name'],
])('refuses %s, and makes neither file nor row', async (_, body, path) => {
  const before = await poolAndCatalog();
  const answer = await api.request('POST', '/v1/images', body);
  expect(answer).toMatchObject({ status: 422, type: expect.stringContaining('problem+json') });
  expect(answer.body.errors).toMatchObject([{ path, allowed: expect.any(String) }]);
  expect(await poolAndCatalog()).toEqual(before);
});

it('leaves neither file nor row when the file cannot be made', async () => {
  const before = await poolAndCatalog();
  const path = api.pool.path;
  const blocked = join(path, 'not-a-folder');
  await writeFile(blocked, '');
  api.pool.path = blocked;
  try {
    const answer = await api.request('POST', '/v1/images', { name: 'nowhere', size: 4096 });
    expect(answer).toMatchObject({ status: 500, body: { code: 'internal_error' } });
  } finally {
    api.pool.path = path;
  }
  expect((await poolAndCatalog()).rows).toBe(before.rows);
});

it('refuses a name that is taken', async () => {
  await api.request('POST', '/v1/images', { name: 'taken', size: 4096 });
  const answer = await api.request('POST', '/v1/images', { name: 'taken', size: 4096 });
  expect(answer).toMatchObject({ status: 409, body: { code: 'name_taken' } });
});

it('renames and labels an image', async () => {
  const { id } = (await api.request('POST', '/v1/images', { name: 'before', size: 4096 })).body;
  const change = { name: 'after', labels: { a: 'b' } };
  expect(await api.request('PATCH', `/v1/images/${id}`, change)).toMatchObject({
    status: 200,
    body: change,
  });
});

it('deletes file and row', async () => {
  const before = await poolAndCatalog();
  const { id } = (await api.request('POST', '/v1/images', { name: 'short', size: 4096 })).body;
  expect((await api.request('DELETE', `/v1/images/${id}`)).status).toBe(204);
  expect((await api.request('GET', `/v1/images/${id}`)).status).toBe(404);
  expect(await poolAndCatalog()).toEqual(before);
});

it.each([MISSING, 'nonsense'])('knows no image %s', async (id) => {
  for (const method of ['GET', 'DELETE'] as const) {
    const answer = await api.request(method, `/v1/images/${id}`);
    expect(answer).toMatchObject({ status: 404, body: { code: 'not_found', status: 404 } });
  }
});

it('lists images in pages', async () => {
  const first = await api.request('GET', '/v1/images?limit=1');
  expect(first.body.items).toHaveLength(1);
  const next = await api.request('GET', `/v1/images?limit=1&cursor=${first.body.nextCursor}`);
  expect(next.body.items[0].id).not.toBe(first.body.items[0].id);
  const named = await api.request('GET', '/v1/images?name=zoned');
  expect(named.body).toMatchObject({ items: [{ name: 'zoned' }], nextCursor: null });
});

it('changes an image only where it is as the client saw it', async () => {
  const made = await api.request('POST', '/v1/images', { name: 'versioned', size: '16M' });
  const url = `/v1/images/${made.body.id}`;
  const change = (labels: object, tag: string) =>
    api.request('PATCH', url, { labels }, undefined, { 'if-match': tag });
  expect(made.etag).toBe(`"${made.body.version}"`);
  const changed = await change({ a: '1' }, made.etag ?? '');
  expect(changed).toMatchObject({ status: 200, body: { version: made.body.version + 1 } });
  expect(await change({ a: '2' }, made.etag ?? '')).toMatchObject({
    status: 412,
    body: { code: 'version_conflict' },
  });
  expect(await change({ a: '2' }, 'latest')).toMatchObject({ status: 422 });
  expect((await api.request('GET', url)).body.labels).toEqual({ a: '1' });
});

it('makes an overlay that begins as its base, zones included, and does not change it', async () => {
  const { body: base } = await api.request('POST', '/v1/images', { ...ZNS, name: 'golden' });
  await api.request('POST', `/v1/images/${base.id}/zones/3/finish`);
  const body = { name: 'layer', backingImageId: base.id };
  const made = await api.request('POST', '/v1/images', body);
  const { id: _, name: __, createdAt, updatedAt, version, backingImageId, ...shape } = base;
  expect(made).toMatchObject({ status: 201, body: { ...shape, ...body, status: 'ready' } });
  const cloned = await api.request('POST', `/v1/images/${made.body.id}/clone`, { name: 'second' });
  expect(cloned).toMatchObject({ status: 201, body: { backingImageId: made.body.id } });
  const stateOf = async (id: string, zone: number) =>
    (await api.request('GET', `/v1/images/${id}/zones?from=${zone}&count=1`)).body.items[0];
  expect(await stateOf(cloned.body.id, 3)).toMatchObject({ condition: 'full' });
  expect((await api.request('POST', `/v1/images/${cloned.body.id}/zones/3/reset`)).status).toBe(
    200,
  );
  expect(await stateOf(cloned.body.id, 3)).toMatchObject({ condition: 'empty' });
  expect(await stateOf(base.id, 3)).toMatchObject({ condition: 'full' });
  await promisify(execFile)('qemu-img', [
    'check',
    join(api.pool.path, made.body.id, 'image.qcow2'),
  ]);
});

it('keeps an image that has overlays from every change', async () => {
  const { id } = (await api.request('POST', '/v1/images', { ...ZNS, name: 'held' })).body;
  const { body: overlay } = await api.request('POST', `/v1/images/${id}/clone`, { name: 'top' });
  const gateway = await startGateway(api, 'overlays');
  try {
    for (const [method, url, body] of [
      ['DELETE', `/v1/images/${id}`],
      ['POST', '/v1/exports', { imageId: id }],
      ['POST', `/v1/images/${id}/zones/0/open`],
      ['POST', `/v1/images/${id}/snapshots`, { name: 's' }],
    ] as const) {
      expect(await api.request(method, url, body)).toMatchObject({
        status: 409,
        body: { code: 'image_has_overlays', context: { overlayId: overlay.id } },
      });
    }
    const readOnly = await api.request('POST', '/v1/exports', { imageId: id, readOnly: true });
    expect(readOnly.status).toBe(201);
    const writable = await api.request('PATCH', `/v1/exports/${readOnly.body.id}`, {
      readOnly: false,
    });
    expect(writable).toMatchObject({ status: 409, body: { code: 'image_has_overlays' } });
    await api.request('DELETE', `/v1/exports/${readOnly.body.id}`);
    expect((await api.request('DELETE', `/v1/images/${overlay.id}`)).status).toBe(204);
    expect((await api.request('POST', '/v1/exports', { imageId: id })).status).toBe(201);
    const late = await api.request('POST', `/v1/images/${id}/clone`, { name: 'late' });
    expect(late).toMatchObject({ status: 409, body: { code: 'image_exported' } });
  } finally {
    await gateway.stop();
  }
});

it('lets either an overlay or a writable export of an image begin, never both', async () => {
  const gateway = await startGateway(api, 'racing');
  try {
    for (let round = 0; round < 5; round++) {
      const { id } = (await api.request('POST', '/v1/images', { ...ZNS, name: `r-${round}` })).body;
      const answers = await Promise.all([
        api.request('POST', `/v1/images/${id}/clone`, { name: `c-${round}` }),
        api.request('POST', '/v1/exports', { imageId: id }),
      ]);
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
    }
  } finally {
    await gateway.stop();
  }
});

it.each([
  ['size', { size: '1G' }],
  ['zoneSize', { zoneSize: '64M' }],
])('refuses %s of an overlay, which its base gives it', async (path, more) => {
  const body = { name: 'x', backingImageId: MISSING, ...more };
  expect(await api.request('POST', '/v1/images', body)).toMatchObject({
    status: 422,
    body: { errors: [{ path }] },
  });
});

it('finds images by their labels, page by page', async () => {
  for (const [name, rack] of [
    ['r1', 'a'],
    ['r2', 'b'],
    ['r3', 'a'],
    ['r4', 'a'],
  ]) {
    const labels = { rack, of: 'label test' };
    await api.request('POST', '/v1/images', { name, size: '16M', labels });
  }
  const found = async (query: string) => {
    const { items, nextCursor } = (await api.request('GET', `/v1/images?${query}`)).body;
    return [items.map(({ name }: { name: string }) => name), nextCursor];
  };
  const both = 'label=rack%3Da&label=of%3Dlabel%20test';
  const [first, cursor] = await found(`${both}&limit=2`);
  expect(first).toEqual(['r1', 'r3']);
  expect(await found(`${both}&limit=2&cursor=${cursor}`)).toEqual([['r4'], null]);
  expect(await api.request('GET', '/v1/images?label=rack')).toMatchObject({
    status: 422,
    body: { errors: [{ path: 'label' }] },
  });
});
