import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { INestApplicationContext } from '@nestjs/common';
import { Catalog, LEASE_MS, migrate } from '@zonelab/catalog';
import {
  type AttachPayload,
  type Export,
  type ExportOptions,
  type GatewayJobName,
  type GatewayPayload,
  type GatewayResult,
  gatewayQueue,
  QUEUE_PREFIX,
} from '@zonelab/contracts';
import { formatNbdUri, NbdClient } from '@zonelab/nbd';
import {
  type Config,
  connectRedis,
  createLogger,
  imageFolder,
  imagePath,
  readConfig,
  startRedis,
} from '@zonelab/platform';
import { createImage, ZonedDevice } from '@zonelab/qcow2-zoned';
import { startTestServers, type TestServers, waitUntil } from '@zonelab/testing';
import { Queue, QueueEvents } from 'bullmq';
import { startGateway } from './gateway.module.ts';
import { HealthServer } from './health-server.ts';

const MIB = 1024 * 1024;

let servers: TestServers;
let folder: string;
let config: Config;
let catalog: Catalog;
let gateway: INestApplicationContext | undefined;
let redis: ReturnType<typeof connectRedis>;
let queue: Queue;
let events: QueueEvents;

beforeAll(async () => {
  servers = await startTestServers();
});
afterAll(() => servers.stop());

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateway-'));
  config = readConfig({
    DATABASE_URL: await servers.createDatabase(migrate),
    REDIS_URL: servers.createRedis(),
    ZONELAB_POOLS: `pool=${folder}`,
    ZONELAB_NBD_PORT: '0',
    ZONELAB_NBD_SOCKET: join(folder, 'nbd.sock'),
    ZONELAB_GATEWAY_ID: 'g1',
    PORT: '0',
  });
  catalog = new Catalog(config.databaseUrl);
  redis = connectRedis(config.redisUrl);
  const options = { connection: redis, prefix: QUEUE_PREFIX };
  queue = new Queue(gatewayQueue('g1'), options);
  events = new QueueEvents(gatewayQueue('g1'), { ...options, lastEventId: '0' });
  await events.waitUntilReady();
});

afterEach(async () => {
  await stop();
  await events.close();
  await queue.close();
  redis.disconnect();
  await catalog.close();
  await rm(folder, { recursive: true });
});

const logger = createLogger('gateway', 'silent');

async function start(): Promise<void> {
  gateway = await startGateway(config, logger);
}

async function stop(): Promise<void> {
  await gateway?.close();
  gateway = undefined;
}

async function ask<N extends GatewayJobName>(
  name: N,
  payload: GatewayPayload<N>,
): Promise<GatewayResult<N>> {
  const job = await queue.add(name, payload);
  return job.waitUntilFinished(events, 20_000);
}

/** An image in the pool and in the catalog, with zones of 4 MiB. */
async function makeImage(name: string): Promise<string> {
  const zoned = { profile: 'zbc', zoneSize: 4 * MIB, zoneCapacity: 4 * MIB, zoneCount: 4 } as const;
  const none = { conventionalZones: 0, maxOpenZones: 0, maxActiveZones: 0, maxAppendBytes: 0 };
  const { id } = await catalog.images.create({
    name,
    pool: 'pool',
    size: 16 * MIB,
    clusterSize: 65_536,
    logicalBlockSize: 512,
    labels: {},
    zoned: { ...zoned, ...none },
  });
  await mkdir(imageFolder(config.pools, 'pool', id));
  await createImage(imagePath(config.pools, 'pool', id), {
    size: 16 * MIB,
    zoned: { zoneSize: 4 * MIB },
  });
  await catalog.images.markReady(id);
  return id;
}

/** An export in the catalog, and the payload that attaches it. */
async function makeExport(
  imageId: string,
  over: Partial<ExportOptions> = {},
): Promise<AttachPayload> {
  const options = { zeroes: 'write', trim: 'reset', limits: 'on', ...over } as const;
  const wanted = { imageId, gatewayId: 'g1', name: `disk-${imageId}`, readOnly: false, options };
  const { id, name, readOnly } = await catalog.exports.create(wanted);
  return { exportId: id, imageId, name, pool: 'pool', readOnly, options };
}

/** An export of a gateway that has been here and is down. */
async function placedExport(): Promise<AttachPayload> {
  await start();
  await stop();
  return makeExport(await makeImage('a'));
}

async function attached(
  imageName: string,
  options: Partial<ExportOptions> = {},
): Promise<{ payload: AttachPayload; uri: string }> {
  const payload = await makeExport(await makeImage(imageName), options);
  const outcome = await ask('attach', payload);
  if (!outcome.ok) throw new Error(outcome.refusal.message);
  return { payload, uri: outcome.value.uri };
}

async function write(uri: string, offset: number, fill: number): Promise<void> {
  const client = await NbdClient.connect(uri);
  await client.write(offset, Buffer.alloc(4096, fill));
  await client.disconnect();
}

async function activeExport(id: string): Promise<Export> {
  return waitUntil('the export is active', async () => {
    const found = await catalog.exports.get(id);
    return found.status === 'active' && found;
  });
}

describe('jobs', () => {
  it('attach an export, and the catalog knows its address', async () => {
    await start();
    const { payload, uri } = await attached('a');
    await write(uri, 0, 1);
    expect(await catalog.exports.get(payload.exportId)).toMatchObject({ status: 'active', uri });
  });

  it('detach an export, with what was written in the file', async () => {
    await start();
    const { payload, uri } = await attached('a');
    await write(uri, 0, 1);
    expect(await ask('detach', { exportId: payload.exportId })).toEqual({ ok: true, value: null });
    const device = await ZonedDevice.open(imagePath(config.pools, 'pool', payload.imageId));
    expect(device.zone(0)).toMatchObject({ condition: 'closed', writePointer: 4096 });
    await device.close();
  });

  it('manage and report the zones of a live image', async () => {
    await start();
    const { payload, uri } = await attached('a');
    await write(uri, 0, 1);
    const { imageId } = payload;
    const reset = await ask('manageZones', { imageId, action: 'reset', zoneIndex: 0 });
    expect(reset).toMatchObject({
      ok: true,
      value: { zone: { condition: 'empty', resetCount: 1 } },
    });
    const report = await ask('reportZones', { imageId, from: 0, count: 100 });
    expect(report).toMatchObject({ ok: true, value: { items: { length: 4 }, next: null } });
  });

  it('answer a refusal with its code and context', async () => {
    await start();
    const { payload } = await attached('a');
    const offline = { imageId: payload.imageId, action: 'offline', zoneIndex: 1 } as const;
    expect(await ask('manageZones', offline)).toMatchObject({
      ok: false,
      refusal: { code: 'invalid_zone_transition', context: { zoneIndex: 1 } },
    });
    expect(await ask('reportZones', { imageId: 'elsewhere', from: 0, count: 1 })).toMatchObject({
      ok: false,
      refusal: { code: 'not_attached' },
    });
  });

  it('note in the catalog why an image cannot be served', async () => {
    await start();
    const payload = await makeExport(await makeImage('a'));
    await rm(imageFolder(config.pools, 'pool', payload.imageId), { recursive: true });
    expect(await ask('attach', payload)).toMatchObject({
      ok: false,
      refusal: { code: 'file_not_found' },
    });
    expect(await catalog.exports.get(payload.exportId)).toMatchObject({
      status: 'failed',
      uri: null,
      error: expect.not.stringContaining(folder),
    });
  });

  it('serve nothing for an export that is gone from the catalog', async () => {
    await start();
    const payload = await makeExport(await makeImage('a'));
    await catalog.exports.remove(payload.exportId);
    expect(await ask('attach', payload)).toMatchObject({
      ok: false,
      refusal: { code: 'not_attached' },
    });
    await (await ZonedDevice.open(imagePath(config.pools, 'pool', payload.imageId))).close();
  });

  it('of an unknown name fail', async () => {
    await start();
    const job = await queue.add('explode', {});
    await expect(job.waitUntilFinished(events, 20_000)).rejects.toThrow('job name: got explode');
  });

  it('that came while the gateway was down are done when it starts', async () => {
    const payload = await placedExport();
    const job = await queue.add('attach', payload);
    await start();
    expect(await job.waitUntilFinished(events, 20_000)).toMatchObject({ ok: true });
  });
});

describe('a gateway that starts again', () => {
  it('serves its exports again without being asked, at its new address', async () => {
    await start();
    const { payload, uri } = await attached('a');
    await write(uri, 0, 1);
    await stop();
    await start();
    const again = await activeExport(payload.exportId);
    await write(again.uri ?? '', 4096, 2);
    expect(again.uri).not.toBe(uri);
  });

  it('serves what its own crash left leased, however long that lasts', async () => {
    const payload = await placedExport();
    await catalog.leases.take(payload.imageId, 'gateway g1, killed', LEASE_MS);
    await start();
    expect((await catalog.exports.get(payload.exportId)).status).toBe('active');
  });

  it('forgets what it was to detach when it stopped', async () => {
    const { exportId } = await placedExport();
    await catalog.exports.beginDetach(exportId);
    await start();
    await expect(catalog.exports.get(exportId)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('serves the others where one cannot be served', async () => {
    await start();
    await stop();
    const [broken, sound] = [
      await makeExport(await makeImage('a')),
      await makeExport(await makeImage('b')),
    ];
    await rm(imageFolder(config.pools, 'pool', broken.imageId), { recursive: true });
    await start();
    expect((await catalog.exports.get(broken.exportId)).status).toBe('failed');
    expect((await catalog.exports.get(sound.exportId)).status).toBe('active');
  });
});

describe('the catalog', () => {
  it('knows a gateway as alive until it stops in order', async () => {
    await start();
    expect(await catalog.gateways.get('g1')).toMatchObject({ alive: true, pools: ['pool'] });
    await stop();
    expect(await catalog.gateways.get('g1')).toMatchObject({ alive: false });
  });

  it('knows the unix socket, which serves the same disks', async () => {
    await start();
    const { payload, uri } = await attached('a');
    const [known] = await catalog.gateways.list();
    const path = known?.unixSocket ?? '';
    expect((await stat(path)).mode & 0o777).toBe(0o660);
    const tcp = await NbdClient.connect(uri);
    await tcp.write(0, Buffer.alloc(4096, 7));
    const unix = await NbdClient.connect(formatNbdUri({ path, name: payload.name }));
    expect((await unix.read(0, 4096)).every((byte) => byte === 7)).toBe(true);
    await Promise.all([tcp.disconnect(), unix.disconnect()]);
  });

  it('sees the heart beat', async () => {
    await start();
    const { heartbeatAt } = await catalog.gateways.get('g1');
    await waitUntil(
      'a second beat',
      async () => (await catalog.gateways.get('g1')).heartbeatAt > heartbeatAt,
    );
  });
});

it('lets go of what the catalog has given to another gateway meanwhile', async () => {
  await start();
  const { payload, uri } = await attached('a');
  const others = { id: 'g2', host: 'h', port: 1, unixSocket: null, pools: ['pool'] };
  await catalog.gateways.announce(others);
  await catalog.exports.move(payload.exportId, 'g1', 'g2', payload.name);
  await waitUntil('the export is gone', () =>
    NbdClient.connect(uri).then(
      (client) => client.disconnect().then(() => false),
      (error) => error.code === 'option_refused',
    ),
  );
  const path = imagePath(config.pools, 'pool', payload.imageId);
  await waitUntil('the image is free', () =>
    ZonedDevice.open(path).then(
      (device) => device.close().then(() => true),
      () => false,
    ),
  );
});

describe('with a directory of certificates', () => {
  /** One self-signed certificate for both sides. */
  async function makeTlsDirectory(): Promise<string> {
    const directory = join(folder, 'tls');
    await mkdir(directory);
    const at = (name: string) => join(directory, name);
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    const names = ['-subj', '/CN=vm1', '-addext', 'subjectAltName=IP:127.0.0.1'];
    const out = ['-keyout', at('server-key.pem'), '-out', at('server-cert.pem'), '-days', '2'];
    await promisify(execFile)('openssl', ['req', '-x509', ...key, ...names, ...out]);
    await copyFile(at('server-cert.pem'), at('ca-cert.pem'));
    await copyFile(at('server-cert.pem'), at('client-cert.pem'));
    await copyFile(at('server-key.pem'), at('client-key.pem'));
    return directory;
  }

  it('the port speaks TLS alone, and an export admits those whom it names', async () => {
    const tlsDir = await makeTlsDirectory();
    config = { ...config, tlsDir, nbdTls: 'required' };
    await start();
    const { uri } = await attached('a', { allow: ['CN=vm1'] });
    expect(uri).toMatch(/^nbds:/);
    await write(`${uri}?tls-certificates=${tlsDir}`, 0, 1);
    const plain = NbdClient.connect(uri.replace('nbds', 'nbd'));
    await expect(plain).rejects.toMatchObject({ code: 'option_refused' });
    const others = (await attached('b', { allow: ['CN=vm2'] })).uri;
    const refused = NbdClient.connect(`${others}?tls-certificates=${tlsDir}`);
    await expect(refused).rejects.toMatchObject({ code: 'option_refused' });
  });
});

describe('stopping', () => {
  it('finishes what is in flight and closes images cleanly, with clients connected', async () => {
    await start();
    const { payload, uri } = await attached('a');
    const client = await NbdClient.connect(uri);
    const writes = Array.from({ length: 64 }, (_, i) =>
      client.write(i * 4096, Buffer.alloc(4096, 1)),
    );
    await Promise.race(writes);
    await stop();
    const answers = await Promise.allSettled(writes);
    const written = answers.filter(({ status }) => status === 'fulfilled').length;
    const device = await ZonedDevice.open(imagePath(config.pools, 'pool', payload.imageId));
    expect(device.zone(0).writePointer).toBeGreaterThanOrEqual(written * 4096);
    await device.close();
    await client.disconnect();
  });
});

describe('without Redis', () => {
  it('goes on serving disks, and stops in order', async () => {
    const own = await startRedis({ dataDir: join(folder, 'redis'), durable: false });
    const payload = await placedExport();
    gateway = await startGateway({ ...config, redisUrl: own.url }, logger);
    const { uri } = await catalog.exports.get(payload.exportId);
    await own.stop();
    await write(uri ?? '', 0, 1);
    await stop();
    expect(await catalog.gateways.get('g1')).toMatchObject({ alive: false });
    await (await ZonedDevice.open(imagePath(config.pools, 'pool', payload.imageId))).close();
  });
});

it('is ready once it serves, and healthy while it runs', async () => {
  await start();
  const port = gateway?.get(HealthServer).port;
  const ask = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).status;
  expect([await ask('/healthz'), await ask('/readyz'), await ask('/else')]).toEqual([
    200, 200, 404,
  ]);
});

it('tells Prometheus of bytes, latencies, refusals, clients and zones of each export', async () => {
  await start();
  const { payload, uri } = await attached('a');
  const client = await NbdClient.connect(uri);
  await client.write(0, Buffer.alloc(4096, 1));
  await client.read(0, 4096);
  await client.write(0, Buffer.alloc(4096, 1)).catch(() => undefined);
  const port = gateway?.get(HealthServer).port;
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  await client.disconnect();
  const { name, imageId } = payload;
  for (const line of [
    `zonelab_export_connections{export="${name}"} 1`,
    `zonelab_export_bytes_total{export="${name}",direction="written"} 4096`,
    `zonelab_export_bytes_total{export="${name}",direction="read"} 4096`,
    `zonelab_export_requests_total{export="${name}",outcome="ok"} 2`,
    `zonelab_export_errors_total{export="${name}",identity="zone_invalid_write"} 1`,
    `zonelab_export_request_seconds_count{export="${name}",kind="write"} 1`,
    `zonelab_export_request_seconds_bucket{export="${name}",kind="read",le="+Inf"} 1`,
    `zonelab_image_zones{image="${imageId}",condition="implicit-open"} 1`,
    `zonelab_image_zones{image="${imageId}",condition="empty"} 3`,
    '# TYPE zonelab_export_request_seconds histogram',
    'process_cpu_seconds_total',
  ]) {
    expect(text).toContain(line);
  }
});
