import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startTestServers, type TestServers } from '@zonelab/testing';
import pg from 'pg';
import { Catalog } from '../catalog.ts';
import { migrate } from '../migrate.ts';

let servers: TestServers;
let url: string;
let catalog: Catalog;
beforeAll(async () => {
  servers = await startTestServers();
  url = await servers.createDatabase(migrate);
  catalog = new Catalog(url);
});
afterAll(async () => {
  await catalog?.close();
  await servers?.stop();
});

const plain = (name: string) => ({
  ...{ name, pool: 'pool', size: 4096, clusterSize: 65_536, logicalBlockSize: 512, labels: {} },
});

it('tells what happens to an image, in order', async () => {
  const start = await catalog.events.end();
  const { id } = await catalog.images.create(plain('told'));
  await catalog.images.markReady(id);
  await catalog.images.update(id, { name: 'renamed' });
  await catalog.images.beginDelete(id);
  await catalog.images.remove(id);
  const events = await catalog.events.after(start, 10);
  expect(events.map(({ type, resourceId, data }) => ({ type, resourceId, data }))).toEqual([
    { type: 'image.ready', resourceId: id, data: { name: 'told' } },
    { type: 'image.updated', resourceId: id, data: { name: 'renamed' } },
    { type: 'image.deleted', resourceId: id, data: { name: 'renamed' } },
  ]);
});

it('goes on after the last event seen, and by resource', async () => {
  const start = await catalog.events.end();
  const ids = [];
  for (const name of ['a', 'b', 'c']) {
    const { id } = await catalog.images.create(plain(name));
    await catalog.images.markReady(id);
    ids.push(id);
  }
  const [first] = await catalog.events.after(start, 1);
  const rest = await catalog.events.after(first?.id ?? '', 10);
  expect(rest.map(({ resourceId }) => resourceId)).toEqual(ids.slice(1));
  const [, wanted = ''] = ids;
  const one = await catalog.events.after(start, 10, { resource: 'image', resourceId: wanted });
  expect(one.map(({ resourceId }) => resourceId)).toEqual([wanted]);
});

it('never shows an event in front of what was read, though transactions end in another order', async () => {
  const start = await catalog.events.end();
  const { id: early } = await catalog.images.create(plain('early'));
  const { id: late } = await catalog.images.create(plain('late'));
  const slow = new pg.Client({ connectionString: url });
  await slow.connect();
  try {
    await slow.query('BEGIN');
    await slow.query(`UPDATE images SET status = 'ready' WHERE id = $1`, [early]);
    await catalog.images.markReady(late);
    expect(await catalog.events.after(start, 10)).toEqual([]);
    await slow.query('COMMIT');
  } finally {
    await slow.end();
  }
  const events = await catalog.events.after(start, 10);
  expect(events.map(({ resourceId }) => resourceId)).toEqual([early, late]);
});

it('forgets what is old', async () => {
  const start = await catalog.events.end();
  const { id } = await catalog.images.create(plain('old'));
  await catalog.images.markReady(id);
  await catalog.events.prune(new Date(Date.now() + 1000));
  expect(await catalog.events.after(start, 10)).toEqual([]);
});
