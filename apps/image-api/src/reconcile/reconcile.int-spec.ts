import { existsSync, rmSync } from 'node:fs';
import { mkdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { imagePath } from '@zonelab/platform';
import { ZonedDevice } from '@zonelab/qcow2-zoned';
import { startApi, startGateway, type TestApi } from '../api.fixture.ts';
import { Reconcile } from './reconcile.ts';

let api: TestApi;
let reconcile: Reconcile;
beforeAll(async () => {
  api = await startApi();
  reconcile = api.app.get(Reconcile);
});
afterAll(() => api?.stop());

const LATER = () => new Date(Date.now() + 2 * 3600_000);

it('moves the exports of a gateway that stopped to one that lives', async () => {
  const first = await startGateway(api, 'first');
  const { id: imageId } = (await api.request('POST', '/v1/images', { name: 'm', size: '16M' }))
    .body;
  const made = await api.request('POST', '/v1/exports', { imageId });
  expect(made.body).toMatchObject({ gatewayId: 'first', status: 'active' });
  await first.stop();
  await reconcile.reconcileExports(new Date());
  const url = `/v1/exports/${made.body.id}`;
  expect((await api.request('GET', url)).body.gatewayId).toBe('first'); // nobody else there
  const second = await startGateway(api, 'second');
  try {
    await reconcile.reconcileExports(new Date());
    const moved = (await api.request('GET', url)).body;
    expect(moved).toMatchObject({ gatewayId: 'second', status: 'active' });
    expect((await api.request('DELETE', url)).status).toBe(204);
  } finally {
    await second.stop();
  }
});

it('finishes a deletion that was cut short', async () => {
  const { id } = (await api.request('POST', '/v1/images', { name: 'd', size: '16M' })).body;
  await api.catalog.images.beginDelete(id);
  await reconcile.reconcileImages(new Date());
  expect((await api.request('GET', `/v1/images/${id}`)).status).toBe(200); // it may be going on
  await reconcile.reconcileImages(LATER());
  expect((await api.request('GET', `/v1/images/${id}`)).status).toBe(404);
  expect(existsSync(join(api.pool.path, id))).toBe(false);
});

it('calls an image failed whose creation was cut short, or whose folder is gone', async () => {
  const facts = { pool: 'pool', size: 512, clusterSize: 65_536, logicalBlockSize: 512, labels: {} };
  const half = await api.catalog.images.create({ ...facts, name: 'half' });
  const { id } = (await api.request('POST', '/v1/images', { name: 'robbed', size: '16M' })).body;
  rmSync(join(api.pool.path, id), { recursive: true });
  await reconcile.reconcileImages(LATER());
  for (const [failed, reason] of [
    [half.id, 'cut short'],
    [id, 'gone from the pool'],
  ]) {
    const { body } = await api.request('GET', `/v1/images/${failed}`);
    expect(body).toMatchObject({ status: 'failed', error: expect.stringContaining(reason ?? '') });
    expect((await api.request('DELETE', `/v1/images/${failed}`)).status).toBe(204);
  }
});

it('sweeps what creations left behind, and keeps images that the catalog does not know', async () => {
  const folderOf = async (digit: string, file: string) => {
    const folder = join(api.pool.path, `${digit.repeat(8)}-0000-7000-8000-000000000000`);
    await mkdir(folder);
    await writeFile(join(folder, file), '');
    return folder;
  };
  const leftover = await folderOf('a', 'image.qcow2.0123456789ab.tmp');
  const unknown = await folderOf('b', 'image.qcow2');
  const young = await folderOf('c', 'image.qcow2.0123456789ab.tmp');
  await utimes(young, LATER(), LATER());
  await reconcile.reconcileImages(LATER());
  expect([leftover, unknown, young].map(existsSync)).toEqual([false, true, true]);
});

it('goes on with the other folders where one cannot be read', async () => {
  const broken = join(api.pool.path, '0d000000-0000-7000-8000-000000000000');
  const leftover = join(api.pool.path, 'ed000000-0000-7000-8000-000000000000');
  await symlink('/nowhere', broken);
  await mkdir(leftover);
  await reconcile.reconcileImages(LATER());
  expect(existsSync(leftover)).toBe(false);
  rmSync(broken);
});

it('settles a change of size that was cut short as the file has it', async () => {
  const disk = { name: 'torn', size: '16M', zoneSize: '4M' };
  const { id } = (await api.request('POST', '/v1/images', disk)).body;
  await api.catalog.imageWork.begin(id, { kind: 'resize', size: 32 * 1024 ** 2 });
  const device = await ZonedDevice.open(imagePath([api.pool], 'pool', id));
  await device.resize(24 * 1024 ** 2); // whatever became of it
  await device.close();
  await reconcile.reconcileImages(new Date());
  expect((await api.request('GET', `/v1/images/${id}`)).body.status).toBe('busy');
  await reconcile.reconcileImages(LATER());
  const { body } = await api.request('GET', `/v1/images/${id}`);
  expect(body).toMatchObject({ status: 'ready', work: null, size: 24 * 1024 ** 2, zoneCount: 6 });
});

it('removes an upload that nobody sends any more, and nothing else that lies in the pool', async () => {
  const [old, young, foreign] = [
    '.import-0123456789ab.tmp',
    '.import-ba9876543210.tmp',
    'notes.tmp',
  ].map((name) => join(api.pool.path, name)) as [string, string, string];
  for (const file of [old, young, foreign]) await writeFile(file, '');
  await utimes(young, LATER(), LATER());
  await reconcile.reconcileImages(LATER());
  expect([old, young, foreign].map(existsSync)).toEqual([false, true, true]);
});
