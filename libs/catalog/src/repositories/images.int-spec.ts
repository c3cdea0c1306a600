import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startTestServers, type TestServers } from '@zonelab/testing';
import pg from 'pg';
import { Catalog } from '../catalog.ts';
import { migrate } from '../migrate.ts';
import type { NewImage } from './images.ts';

let servers: TestServers;
let catalog: Catalog;
let databaseUrl: string;
beforeAll(async () => {
  servers = await startTestServers();
  databaseUrl = await servers.createDatabase(migrate);
  catalog = new Catalog(databaseUrl);
});
afterAll(async () => {
  await catalog?.close();
  await servers?.stop();
});

const GATEWAY = { id: 'g', host: 'h', port: 1, unixSocket: null, pools: ['p'] };
const OPTIONS = { zeroes: 'write', trim: 'reset', limits: 'on' } as const;
const MISSING = '00000000-0000-7000-8000-000000000000';

function disk(name: string): NewImage {
  const size = 2 ** 52;
  return { name, pool: 'p', size, clusterSize: 65536, logicalBlockSize: 512, labels: {} };
}

it('keeps sizes beyond 32 bits and the geometry of a zoned image', async () => {
  const zoned = {
    profile: 'zns',
    zoneSize: 2 ** 40,
    zoneCapacity: 2 ** 39,
    zoneCount: 4096,
    conventionalZones: 0,
    maxOpenZones: 14,
    maxActiveZones: 0xffff_ffff,
    maxAppendBytes: 4096,
  } as const;
  const { id } = await catalog.images.create({ ...disk('zoned'), zoned });
  const { maxAppendBytes, ...fields } = zoned;
  expect(await catalog.images.get(id)).toMatchObject({
    ...fields,
    size: 2 ** 52,
    status: 'creating',
    maxAppendSectors: 8,
  });
});

it('refuses a name that another image has, on creation and on renaming', async () => {
  const image = await catalog.images.create(disk('one'));
  const refusal = { code: 'name_taken', context: { name: 'one' } };
  await expect(catalog.images.create(disk('one'))).rejects.toMatchObject(refusal);
  const other = await catalog.images.create(disk('two'));
  await expect(catalog.images.update(other.id, { name: 'one' })).rejects.toMatchObject(refusal);
  expect((await catalog.images.update(image.id, { name: 'one' })).name).toBe('one');
});

it('says that there is no image of an unknown id', async () => {
  const refusal = { code: 'not_found', context: { id: MISSING } };
  await expect(catalog.images.get(MISSING)).rejects.toMatchObject(refusal);
  await expect(catalog.images.update(MISSING, {})).rejects.toMatchObject(refusal);
  await expect(catalog.images.beginDelete(MISSING)).rejects.toMatchObject(refusal);
});

it('pages through all images, each once', async () => {
  const names = Array.from({ length: 5 }, (_, n) => `page-${n}`);
  for (const name of names) await catalog.images.create(disk(name));
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await catalog.images.list({ limit: 2, cursor });
    seen.push(...page.items.map((image) => image.name));
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  expect(seen.filter((name) => name.startsWith('page-'))).toEqual(names);
  expect(new Set(seen).size).toBe(seen.length);
});

it('deletes no exported image, and exports no image that is being deleted', async () => {
  await catalog.gateways.announce(GATEWAY);
  const { id: imageId } = await catalog.images.create(disk('in-use'));
  await catalog.images.markReady(imageId);
  const wanted = { imageId, gatewayId: 'g', name: 'in-use', readOnly: true, options: OPTIONS };
  const { id } = await catalog.exports.create(wanted);
  await expect(catalog.images.beginDelete(imageId)).rejects.toMatchObject({
    code: 'image_exported',
    context: { exportId: id },
  });
  await catalog.exports.remove(id);
  expect((await catalog.images.beginDelete(imageId)).status).toBe('deleting');
  await expect(catalog.exports.create(wanted)).rejects.toMatchObject({
    code: 'state_conflict',
    context: { state: 'deleting' },
  });
});

it('lets a status become only what may follow it, whoever writes it', async () => {
  const { id } = await catalog.images.create(disk('guarded'));
  await catalog.images.beginDelete(id);
  await expect(catalog.images.markReady(id)).rejects.toMatchObject({ code: 'state_conflict' });
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const write = client.query("UPDATE images SET status = 'ready' WHERE id = $1", [id]);
  await expect(write).rejects.toThrow('deleting does not become ready');
  await client.end();
  expect((await catalog.images.get(id)).status).toBe('deleting');
});
