/** Processes and servers that die under load: what was acknowledged is there afterwards, and all sides agree. */

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { Catalog } from '@zonelab/catalog';
import { type Export, gatewayQueue, type Image, poolQueue, QUEUE_PREFIX } from '@zonelab/contracts';
import { redisOptions } from '@zonelab/platform';
import { ZonedDevice } from '@zonelab/qcow2-zoned';
import { waitUntil } from '@zonelab/testing';
import { Queue } from 'bullmq';
import { type App, Cluster } from './cluster.fixture.ts';
import { run } from './lab.fixture.ts';
import { type Ask, type KnownImage, RandomClient } from './operations.fixture.ts';

const LONG = process.env.ZONELAB_LONG === '1';
const OPERATIONS = LONG ? 1000 : 80;
const CLIENTS = 4;
const BLOCK = 4096;
const seed = Number(process.env.ZONELAB_SEED ?? Date.now() % 1e9);

let cluster: Cluster;
let catalog: Catalog;

beforeEach(async () => {
  cluster = await Cluster.start();
  catalog = new Catalog(cluster.databaseUrl);
}, 120_000);

afterEach(async () => {
  await catalog?.close();
  await cluster?.discard();
}, 120_000);

/** Asks the API; a connection that broke off leaves it open what became of the request. */
function asker(url: string): Ask {
  return async (method, path, body) => {
    const headers = {
      authorization: `Bearer ${cluster.adminKey}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    };
    try {
      const payload = body === undefined ? {} : { body: JSON.stringify(body) };
      const response = await fetch(url + path, { method, headers, ...payload });
      const text = await response.text();
      return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
    } catch {
      return { status: undefined, body: undefined as never };
    }
  };
}

it('loses nothing that it acknowledged, whoever dies', async () => {
  const [api] = await Promise.all([
    cluster.run('api', 'image-api'),
    cluster.run('worker', 'worker'),
    cluster.run('gw-1', 'device-gateway'),
    cluster.run('gw-2', 'device-gateway'),
  ]);
  const ask = asker(api.url);
  const clients = Array.from(
    { length: CLIENTS },
    (_, n) => new RandomClient(`client-${n}`, ask, randomFrom(seed + n)),
  );
  const crash = async (name: string, app: App) => {
    await cluster.kill(name);
    await cluster.run(name, app);
  };
  const disasters = [
    () => Promise.all([crash('worker', 'worker'), crash('gw-1', 'device-gateway')]),
    () => cluster.loseRedis(),
    () => cluster.restartPostgres(),
    ...(LONG ? [() => crash('gw-2', 'device-gateway')] : []),
  ];
  let done = 0;
  const strike = async (): Promise<void> => {
    for (const [n, disaster] of disasters.entries()) {
      const when = ((n + 1) * OPERATIONS) / (disasters.length + 1);
      await waitUntil('operations go on', () => done >= when, 120_000);
      await disaster();
    }
  };
  const work = async (client: RandomClient): Promise<void> => {
    while (done < OPERATIONS) {
      await client.step();
      done++;
    }
  };
  await Promise.all([strike(), ...clients.map(work)]);
  const counts = clients.map((client) => Object.fromEntries(client.counts));
  try {
    const known = clients.flatMap(({ images }) => images);
    await settled(ask, known);
    await expectAcknowledged(ask, known);
    await expectAgreement();
  } catch (error) {
    const left = (await catalog.imageWork.unfinished().catch(() => [])).map(({ work }) => work);
    const { items } = await catalog.exports.list({ limit: 1000 });
    console.error(JSON.stringify({ seed, counts, left, exports: items }));
    throw error;
  }
}, 240_000);

/** Every export that was promised is served; once all have ended, what waited for images comes to its end too. */
async function settled(ask: Ask, known: readonly KnownImage[]): Promise<void> {
  const list = async <T>(what: string) => {
    const { status, body } = await ask<{ items: T[] }>('GET', `/v1/${what}?limit=1000`);
    return status === 200 ? body.items : undefined;
  };
  const promised = known.map(({ exportId }) => exportId).filter((id) => id !== undefined);
  await waitUntil(
    'every export that was promised is served',
    async () => {
      const active = (await list<Export>('exports'))?.filter(({ status }) => status === 'active');
      const ids = new Set(active?.map(({ id }) => id));
      return promised.every((id) => ids.has(id));
    },
    90_000,
  );
  for (const { id } of (await list<Export>('exports')) ?? [])
    expect(await ask('DELETE', `/v1/exports/${id}`)).toMatchObject({ status: 204 });
  const working = async () =>
    (await list<Image>('images'))?.every(({ work }) => work === null) ?? false;
  await waitUntil('no image is worked on any more', working, 90_000);
}

/** Every image that was promised is there, sound, and has what was written and flushed. */
async function expectAcknowledged(ask: Ask, known: readonly KnownImage[]): Promise<void> {
  expect(known.length).toBeGreaterThan(OPERATIONS / 20);
  for (const image of known) {
    const { status, body } = await ask<Image>('GET', `/v1/images/${image.id}`);
    if (image.fate === 'gone') expect({ image, status }).toMatchObject({ status: 404 });
    if (image.fate !== 'there') continue;
    expect({ seed, image, status, body }).toMatchObject({ status: 200, body: { status: 'ready' } });
    await expectContent(image);
  }
}

async function expectContent({ id, acknowledged }: KnownImage): Promise<void> {
  const file = join(cluster.pool, id, 'image.qcow2');
  const { exitCode, stdout } = await run('qemu-img', 'check', '-q', file);
  // leaks are space, which a repair frees: a process that was killed leaves them
  expect({ seed, id, sound: exitCode === 0 || exitCode === 3, stdout }).toMatchObject({
    sound: true,
  });
  const device = await ZonedDevice.open(file, { readOnly: true });
  try {
    for (const [block, value] of acknowledged.entries()) {
      if (value === undefined) continue;
      const bytes = Buffer.alloc(BLOCK);
      await device.read(block * BLOCK, bytes);
      expect({ seed, id, block, values: [...new Set(bytes)] }).toMatchObject({ values: [value] });
    }
  } finally {
    await device.close();
  }
}

/** Catalog, files and queues say the same. */
async function expectAgreement(): Promise<void> {
  const rows = await catalog.images.inPool('pool');
  const folders = readdirSync(cluster.pool).filter((entry) => !entry.startsWith('.'));
  const known = new Set(rows.map(({ id }) => id));
  expect(folders.filter((id) => !known.has(id))).toEqual([]);
  const ready = rows.filter(({ status }) => status === 'ready');
  const missing = ready.filter(({ id }) => !existsSync(join(cluster.pool, id, 'image.qcow2')));
  expect({ seed, missing }).toEqual({ seed, missing: [] });
  const connection = redisOptions(cluster.redisUrl);
  for (const name of [poolQueue('pool'), gatewayQueue('gw-1'), gatewayQueue('gw-2')]) {
    const queue = new Queue(name, { connection, prefix: QUEUE_PREFIX });
    const left = await waitUntil('its jobs are done', async () => {
      const counts = await queue.getJobCounts('active', 'waiting', 'delayed');
      return Object.values(counts).every((count) => count === 0) && counts;
    });
    expect(left).toBeDefined();
    await queue.close();
  }
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
