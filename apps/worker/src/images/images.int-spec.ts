import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import type { INestApplicationContext } from '@nestjs/common';
import { Catalog, type ImageWork, migrate } from '@zonelab/catalog';
import { type Image, imageJobId, poolQueue, QUEUE_PREFIX } from '@zonelab/contracts';
import { createLogger, imagePath, redisOptions } from '@zonelab/platform';
import { createImage, ZonedDevice } from '@zonelab/qcow2-zoned';
import { startTestServers, type TestServers, waitUntil } from '@zonelab/testing';
import { Queue } from 'bullmq';
import { type BundledThread, bundleThread } from '../simulation/thread.fixture.ts';
import { createWorker } from '../worker.module.ts';
import { IMAGE_THREAD } from './image-thread.ts';

const MIB = 1024 * 1024;
const run = promisify(execFile);

let servers: TestServers;
let bundled: BundledThread;
let folder: string;
let catalog: Catalog;
let queue: Queue;
let worker: INestApplicationContext;

beforeAll(async () => {
  [servers, bundled] = await Promise.all([startTestServers(), bundleThread(IMAGE_THREAD)]);
});
afterAll(async () => {
  await servers?.stop();
  await bundled?.dispose();
});

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zonelab-pool-'));
  const databaseUrl = await servers.createDatabase(migrate);
  const redisUrl = servers.createRedis();
  catalog = new Catalog(databaseUrl);
  const connection = redisOptions(redisUrl);
  queue = new Queue(poolQueue('pool'), { connection, prefix: QUEUE_PREFIX });
  worker = await createWorker({
    databaseUrl,
    redisUrl,
    logger: createLogger('worker', 'silent'),
    pools: [{ name: 'pool', path: folder }],
    imageThread: bundled.url,
    timing: { retryDelayMs: 50 },
  });
});
afterEach(async () => {
  await worker?.close();
  await queue?.close();
  await catalog?.close();
  await rm(folder, { recursive: true, force: true });
});

function fileOf({ id }: Image): string {
  return imagePath([{ name: 'pool', path: folder }], 'pool', id);
}

const ZONES = { zoneSize: 4 * MIB, zoneCapacity: 4 * MIB, maxOpenZones: 2 };

/** 16 MiB in four zones, or a plain disk. */
async function makeImage(name: string, zoned = true): Promise<Image> {
  const facts = { size: 16 * MIB, clusterSize: 65_536, logicalBlockSize: 512, labels: {} };
  const none = { conventionalZones: 0, maxActiveZones: 0, maxAppendBytes: 0 };
  const geometry = { ...ZONES, ...none, profile: 'zbc', zoneCount: 4 } as const;
  const row = { ...facts, name, pool: 'pool', ...(zoned && { zoned: geometry }) };
  const image = await catalog.images.create(row);
  await mkdir(dirname(fileOf(image)));
  await createImage(fileOf(image), { size: 16 * MIB, ...(zoned && { zoned: ZONES }) });
  return catalog.images.markReady(image.id);
}

async function write(image: Image, offset: number, data: Buffer): Promise<void> {
  const device = await ZonedDevice.open(fileOf(image));
  await device.write(offset, data);
  await device.close();
}

async function order(image: Image, work: ImageWork): Promise<void> {
  const payload = { imageId: image.id, workId: work.id };
  await queue.add('work', payload, { jobId: imageJobId(work.id), removeOnComplete: true });
}

async function check(image: Image, repair?: 'leaks' | 'all'): Promise<void> {
  const { work } = await catalog.imageWork.begin(image.id, { kind: 'check', repair });
  await order(image, work);
}

function settled({ id }: Image): Promise<Image> {
  return waitUntil(`image ${id} is settled`, async () => {
    const image = await catalog.images.get(id);
    return image.work === null && image;
  });
}

async function convert(source: Image, wanted: object): Promise<Image> {
  const plain = { name: 'copy', labels: {}, compression: 'none', zones: 'keep' } as const;
  const image = await catalog.imageWork.beginConversion(source.id, { ...plain, ...wanted });
  const [pending] = await catalog.imageWork.unfinished();
  await order(image, pending?.work as ImageWork);
  return settled(image);
}

/** A reference to a cluster that nothing uses: what a crash leaves. */
async function leakOne(image: Image): Promise<void> {
  const file = await open(fileOf(image), 'r+');
  const number = async (offset: number) => {
    const { buffer } = await file.read(Buffer.alloc(8), 0, 8, offset);
    return Number(buffer.readBigUInt64BE());
  };
  const block = await number(await number(48));
  await file.write(Buffer.from([0, 1]), 0, 2, block + 2 * 200);
  await file.truncate(201 * 65_536);
  await file.close();
}

it('finds a leak, and frees it when asked to, as qemu-img sees it', async () => {
  const image = await makeImage('leaky');
  await leakOne(image);
  await check(image);
  const found = await settled(image);
  expect(found).toMatchObject({
    status: 'ready',
    check: { leaks: 1, corruptions: 0, repair: null, repaired: null, totalClusters: 256 },
  });
  await check(image, 'leaks');
  const mended = await settled(image);
  expect(mended.check).toMatchObject({ leaks: 0, repair: 'leaks', repaired: { leaks: 1 } });
  await run('qemu-img', ['check', fileOf(image)]);
});

it('calls an image failed that is damaged, and ready again once it is mended', async () => {
  const image = await makeImage('damaged');
  await write(image, 0, Buffer.alloc(65_536, 7));
  const file = await open(fileOf(image), 'r+');
  const { buffer } = await file.read(Buffer.alloc(8), 0, 8, 48); // the refcount table's place
  const table = await file.read(Buffer.alloc(8), 0, 8, Number(buffer.readBigUInt64BE()));
  const block = Number(table.buffer.readBigUInt64BE());
  await file.write(Buffer.alloc(16), 0, 16, block); // refcounts of what is used become 0
  await file.close();
  await check(image);
  const failed = await settled(image);
  expect(failed).toMatchObject({ status: 'failed', error: expect.stringContaining('faults') });
  expect(JSON.stringify(failed)).not.toContain(folder);
  await check(failed, 'all');
  expect(await settled(image)).toMatchObject({ status: 'ready', error: null });
  await run('qemu-img', ['check', fileOf(image)]);
});

it('waits for whoever has the image open', async () => {
  const image = await makeImage('open');
  const device = await ZonedDevice.open(fileOf(image));
  await check(image, 'all');
  await waitUntil('a try that found it open', async () => (await queue.getDelayedCount()) > 0);
  expect((await catalog.images.get(image.id)).status).toBe('busy');
  await device.close();
  expect((await settled(image)).check).toMatchObject({ leaks: 0, corruptions: 0 });
});

it('converts a zoned image with its zones, and as the bytes that it holds', async () => {
  const source = await makeImage('source');
  const data = Buffer.alloc(3 * 65_536, 'zonelab!');
  await write(source, 4 * MIB, data);
  const kept = await convert(source, { clusterSize: 131_072, maxOpenZones: 3 });
  expect(kept).toMatchObject({
    status: 'ready',
    clusterSize: 131_072,
    maxOpenZones: 3,
    progress: 1,
  });
  const device = await ZonedDevice.open(fileOf(kept), { readOnly: true });
  expect(device.zone(1)).toMatchObject({ writePointer: 4 * MIB + data.length });
  expect(device).toMatchObject({ clusterSize: 131_072, geometry: { maxOpenZones: 3 } });
  await device.close();
  const dropped = await convert(source, { name: 'bytes', zones: 'drop', compression: 'zstd' });
  expect(dropped).toMatchObject({ status: 'ready', profile: null, zoneCount: null });
  const { stdout } = await run('qemu-img', ['compare', fileOf(source), fileOf(dropped)]);
  expect(stdout).toContain('identical');
});

it('makes no image of a source that is gone, and says why', async () => {
  const source = await makeImage('gone');
  await rm(fileOf(source));
  const failed = await convert(source, {});
  expect(failed).toMatchObject({ status: 'failed', error: expect.stringContaining('image') });
  expect(JSON.stringify(failed)).not.toContain(folder);
  expect(await readdir(join(folder, failed.id))).toEqual([]);
});
