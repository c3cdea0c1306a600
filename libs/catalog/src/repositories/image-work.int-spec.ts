import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Image } from '@zonelab/contracts';
import { startTestServers, type TestServers } from '@zonelab/testing';
import pg from 'pg';
import { Catalog } from '../catalog.ts';
import { migrate } from '../migrate.ts';

let servers: TestServers;
let catalog: Catalog;
let database: pg.Client;
beforeAll(async () => {
  servers = await startTestServers();
  const url = await servers.createDatabase(migrate);
  catalog = new Catalog(url);
  database = new pg.Client({ connectionString: url });
  await database.connect();
});
afterAll(async () => {
  await database?.end();
  await catalog?.close();
  await servers?.stop();
});

const FACTS = { pool: 'p', size: 1024, clusterSize: 65_536, logicalBlockSize: 512, labels: {} };
const GATEWAY = { id: 'g', host: 'h', port: 1, unixSocket: null, pools: ['p'] };
const OPTIONS = { zeroes: 'write', trim: 'reset', limits: 'on' } as const;

async function readyImage(name: string, size = 1024): Promise<Image> {
  const { id } = await catalog.images.create({ ...FACTS, name, size });
  return catalog.images.markReady(id);
}

it('keeps work in the catalog until it is done, and done once', async () => {
  const { id } = await readyImage('checked');
  const { image, work } = await catalog.imageWork.begin(id, { kind: 'check', repair: 'leaks' });
  expect(image).toMatchObject({ status: 'busy', work: 'check', progress: 0 });
  expect(await catalog.imageWork.unfinished()).toEqual([{ imageId: id, pool: 'p', work }]);
  expect(await catalog.imageWork.advance(id, work.id, 0.5)).toBe(true);
  expect((await catalog.images.get(id)).progress).toBe(0.5);
  await expect(catalog.imageWork.begin(id, { kind: 'check' })).rejects.toMatchObject({
    code: 'state_conflict',
  });
  const other = '00000000-0000-4000-8000-000000000000';
  expect(await catalog.imageWork.finish(id, other, {})).toBe(false);
  expect(await catalog.imageWork.finish(id, work.id, { size: 2048 })).toBe(true);
  expect(await catalog.imageWork.finish(id, work.id, { size: 4096 })).toBe(false);
  expect(await catalog.images.get(id)).toMatchObject({ status: 'ready', work: null, size: 2048 });
  expect(await catalog.imageWork.unfinished()).toEqual([]);
});

it('begins no work that would change what is exported or has overlays', async () => {
  await catalog.gateways.announce(GATEWAY);
  const { id: imageId } = await readyImage('served');
  const served = { imageId, gatewayId: 'g', name: 'served', readOnly: true, options: OPTIONS };
  await catalog.exports.create(served);
  await expect(catalog.imageWork.begin(imageId, { kind: 'check' })).rejects.toMatchObject({
    code: 'image_exported',
  });
  const { id } = await readyImage('base');
  await catalog.images.createOverlay(id, { name: 'overlay', labels: {}, clusterSize: 65_536 });
  await expect(catalog.imageWork.begin(id, { kind: 'resize', size: 2048 })).rejects.toMatchObject({
    code: 'image_has_overlays',
  });
});

it('gives a key no more than its quota, also where many ask at once', async () => {
  const quota = { images: 3, bytes: 4096, exports: 0 };
  const key = await catalog.keys.create({ name: 'small', role: 'operator', quota });
  const owner = { id: key.id, quota };
  const names = Array.from({ length: 8 }, (_, n) => `quota-${n}`);
  const made = await Promise.allSettled(
    names.map((name) => catalog.images.create({ ...FACTS, name, owner })),
  );
  expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
  for (const one of made)
    if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'quota_exceeded' });
  const [first] = made.filter((one) => one.status === 'fulfilled').map(({ value }) => value);
  const { id = '' } = await catalog.images.markReady(first?.id ?? '');
  await expect(catalog.imageWork.begin(id, { kind: 'resize', size: 4096 })).rejects.toMatchObject({
    code: 'quota_exceeded',
    message: expect.stringContaining('bytes'),
  });
  await catalog.imageWork.begin(id, { kind: 'resize', size: 2048 });
});

/** What may follow what, written down once more: the trigger's table is the one on trial. */
const FOLLOWS: Readonly<Record<string, readonly string[]>> = {
  creating: ['ready', 'failed', 'deleting'],
  ready: ['busy', 'failed', 'deleting'],
  busy: ['ready', 'failed'],
  failed: ['ready', 'busy', 'deleting'],
  deleting: [],
};

it('keeps every image on allowed paths, whatever clients do at the same time', async () => {
  const seed = Number(process.env.ZONELAB_SEED ?? Date.now() % 1e9);
  await database.query(`
    CREATE TABLE history (image UUID, before TEXT, after TEXT, working BOOLEAN);
    CREATE FUNCTION remember() RETURNS TRIGGER LANGUAGE plpgsql AS $$ BEGIN
      INSERT INTO history VALUES (NEW.id, OLD.status, NEW.status, NEW.work IS NOT NULL); RETURN NULL; END $$;
    CREATE TRIGGER remember AFTER UPDATE OF status ON images FOR EACH ROW
      WHEN (OLD.status <> NEW.status) EXECUTE FUNCTION remember();`);
  await catalog.gateways.announce(GATEWAY);
  const ids: string[] = [];
  for (let n = 0; n < 4; n++) ids.push((await readyImage(`random-${n}`)).id);
  const client = async (random: () => number) => {
    const work = new Map<string, string>();
    for (let step = 0; step < 40; step++) {
      const id = ids[Math.floor(random() * ids.length)] ?? '';
      await attempt(Math.floor(random() * 8), id, work, random);
    }
  };
  await Promise.all([1, 2, 3, 4, 5, 6].map((n) => client(randomFrom(seed + n))));
  const { rows } = await database.query('SELECT * FROM history');
  const wrong = rows.filter(
    ({ before, after, working }) =>
      !FOLLOWS[before]?.includes(after) || working !== (after === 'busy'),
  );
  expect({ seed, wrong, some: rows.length > 20 }).toEqual({ seed, wrong: [], some: true });
  const { rows: torn } = await database.query(`
    SELECT i.id, i.status, i.work FROM images i LEFT JOIN exports e ON e.image_id = i.id
    WHERE i.status IN ('busy', 'deleting') AND e.id IS NOT NULL`);
  expect({ seed, torn }).toEqual({ seed, torn: [] });
});

/** One step of one client. Refusals are as good as successes. */
async function attempt(
  action: number,
  id: string,
  work: Map<string, string>,
  random: () => number,
): Promise<void> {
  const { imageWork, images, exports } = catalog;
  const workId = work.get(id) ?? '00000000-0000-4000-8000-000000000000';
  const actions = [
    async () => void work.set(id, (await imageWork.begin(id, { kind: 'check' })).work.id),
    async () => void work.set(id, (await imageWork.begin(id, { kind: 'check' })).work.id),
    () => imageWork.finish(id, workId, {}),
    () => imageWork.finish(id, workId, {}, 'broken'),
    () => imageWork.refuse(id, workId, 'not now'),
    () => (random() < 0.1 ? images.fail(id, 'gone') : images.markReady(id)),
    async () => {
      const name = `e-${Math.floor(random() * 1e9)}`;
      const row = { imageId: id, gatewayId: 'g', name, readOnly: random() < 0.5, options: OPTIONS };
      const made = await exports.create(row);
      if (random() < 0.8) await exports.remove(made.id);
    },
    () => (random() < 0.05 ? images.beginDelete(id) : images.update(id, { labels: { a: 'b' } })),
  ] as const;
  await actions[action]?.().catch((error: unknown) => {
    const { code = '', message = '' } = error as { code?: string; message?: string };
    const refused = /^[a-z_]+$/.test(code) || message.includes('does not become');
    if (!refused) throw error;
  });
}

/** Mulberry32: the same numbers for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
