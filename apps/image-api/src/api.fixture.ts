/** The API over real servers and a pool on disk, and a gateway of a few lines on the other end of the queue. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Catalog, generateKey, migrate } from '@zonelab/catalog';
import {
  type AttachPayload,
  type CountedZones,
  type FaultsPayload,
  GATEWAY_HEARTBEAT_MS,
  type GatewayRefusalCode,
  gatewayQueue,
  type JobOutcome,
  QUEUE_PREFIX,
  type ResizePayload,
  type UpdateExportPayload,
  type ZoneChangesPayload,
  type ZoneManagementPayload,
  type ZoneReportPayload,
} from '@zonelab/contracts';
import { createLogger, imagePath, redisOptions } from '@zonelab/platform';
import { ImageError, ZonedDevice, ZoneWatch } from '@zonelab/qcow2-zoned';
import { startTestServers } from '@zonelab/testing';
import { type Job, Worker } from 'bullmq';
import { createApp } from './app.ts';
import type { ImageApiOptions } from './options.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface TestApi {
  app: NestFastifyApplication;
  catalog: Catalog;
  redisUrl: string;
  pool: { name: string; path: string };
  adminKey: string;
  /** As admin, unless another key is given; null sends none. */
  request(
    method: Method,
    url: string,
    body?: unknown,
    key?: string | null,
    headers?: Record<string, string>,
  ): Promise<Answer>;
  stop(): Promise<void>;
}

export interface Answer {
  status: number;
  type: string;
  etag: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: a JSON body; each test knows which
  body: any;
}

export async function startApi(
  gatewayTimeoutMs?: number,
  more: Partial<ImageApiOptions> = {},
): Promise<TestApi> {
  const servers = await startTestServers();
  const folder = await mkdtemp(join(tmpdir(), 'zonelab-pool-'));
  const pool = { name: 'pool', path: folder };
  const databaseUrl = await servers.createDatabase(migrate);
  const redisUrl = servers.createRedis();
  const adminKey = generateKey();
  const logger = createLogger('image-api', 'silent');
  const options = { databaseUrl, redisUrl, adminKey, logger, gatewayTimeoutMs, ...more };
  const app = await createApp({ ...options, pools: [pool] });
  await app.init();
  const catalog = new Catalog(databaseUrl);
  return {
    app,
    catalog,
    redisUrl,
    pool,
    adminKey,
    request: async (method, url, body, key = adminKey, more = {}) => {
      const answer = await app.inject({
        method,
        url,
        headers: {
          ...more,
          ...(key !== null && { authorization: `Bearer ${key}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && {
          payload: typeof body === 'string' ? body : JSON.stringify(body),
        }),
      });
      const type = String(answer.headers['content-type'] ?? '');
      return {
        status: answer.statusCode,
        type,
        etag: answer.headers.etag,
        body: bodyOf(answer.body, type),
      };
    },
    stop: async () => {
      await app.close();
      await catalog.close();
      await servers.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Serves no NBD, but keeps images open and answers jobs as a gateway must. */
export async function startGateway({ catalog, redisUrl, pool }: TestApi, id: string) {
  const devices = new Map<string, ZonedDevice>();
  const imageOfExport = new Map<string, string>();
  const updates: UpdateExportPayload[] = [];
  const attach = async ({ imageId, exportId, name, faults }: AttachPayload) => {
    if (name === 'refused') throw refusal('export_name_taken', 'name: got refused');
    if (!devices.has(imageId))
      devices.set(
        imageId,
        await ZonedDevice.open(imagePath([pool], pool.name, imageId), { faults }),
      );
    imageOfExport.set(exportId, imageId);
    return { uri: `nbd://127.0.0.1:10809/${name}` };
  };
  const detach = async ({ exportId }: { exportId: string }) => {
    const imageId = imageOfExport.get(exportId) ?? '';
    await devices.get(imageId)?.close();
    devices.delete(imageId);
    return null;
  };
  /** Answers null; a rate of 13 requests a second is refused, and one of 14 is never answered. */
  const update = async (payload: UpdateExportPayload) => {
    if (!imageOfExport.has(payload.exportId)) throw refusal('not_attached', 'export: not here');
    if (payload.rates?.iops === 13) throw refusal('shutting_down', 'this gateway stops');
    if (payload.rates?.iops === 14) await new Promise(() => undefined);
    updates.push(payload);
    return null;
  };
  const manageZones = async ({ imageId, action, zoneIndex }: ZoneManagementPayload) => {
    const device = devices.get(imageId) as ZonedDevice;
    if (zoneIndex === undefined) await device.manageAll(action);
    else await device.manage(action, zoneIndex);
    return { zone: zoneIndex === undefined ? null : device.zone(zoneIndex) };
  };
  const reportZones = async ({ imageId, from, count }: ZoneReportPayload) => {
    const items = (devices.get(imageId) as ZonedDevice).report(from, count);
    return { items, next: null };
  };
  const watches = new Map<string, ZoneWatch>();
  const zoneChanges = async ({ imageId, follower }: ZoneChangesPayload) => {
    const watch = watches.get(follower) ?? new ZoneWatch();
    watches.set(follower, watch);
    return { items: (devices.get(imageId) as ZonedDevice).changedZones(watch, 100) ?? null };
  };
  // biome-ignore lint/suspicious/noExplicitAny: the job's name says which payload it has
  const handlers: Record<string, (payload: any) => Promise<unknown>> = {
    attach,
    detach,
    update,
    manageZones,
    reportZones,
    resize: resizer(devices, catalog),
    zoneChanges,
    setFaults: async ({ imageId, plan }: FaultsPayload) => {
      devices.get(imageId)?.setFaults(plan ?? undefined);
      return null;
    },
    faultStatus: async ({ imageId }: { imageId: string }) =>
      devices.get(imageId)?.faultStatus() ?? null,
    countZones: async ({ imageIds }: { imageIds: string[] }) => ({
      items: imageIds.flatMap((imageId) => countedZones(imageId, devices.get(imageId))),
    }),
  };
  const worker = new Worker(
    gatewayQueue(id),
    ({ name, data }: Job) => outcomeOf(async () => handlers[name]?.(data)),
    { connection: redisOptions(redisUrl), prefix: QUEUE_PREFIX },
  );
  await worker.waitUntilReady();
  const heart = await startHeart(catalog, id, pool.name);
  return {
    /** What exports were changed to, in order. */
    updates,
    stop: async () => {
      clearInterval(heart);
      await worker.close(true);
      for (const device of devices.values()) await device.close();
      await catalog.gateways.retire(id);
    },
  };
}

function resizer(devices: ReadonlyMap<string, ZonedDevice>, catalog: TestApi['catalog']) {
  return async ({ imageId, size }: ResizePayload) => {
    const device = devices.get(imageId) as ZonedDevice;
    await device.resize(size);
    const zoneCount = device.geometry?.zoneCount ?? null;
    await catalog.images.noteSize(imageId, { size: device.size, zoneCount });
    return null;
  };
}

async function startHeart({ gateways }: Catalog, id: string, pool: string) {
  const beat = () => gateways.announce({ id, host: 'h', port: 1, unixSocket: null, pools: [pool] });
  await beat();
  return setInterval(() => void beat(), GATEWAY_HEARTBEAT_MS);
}

function countedZones(imageId: string, device: ZonedDevice | undefined): CountedZones[] {
  if (!device) return [];
  const zones = device.report(0, 10_000);
  const conditions: Record<string, number> = {};
  for (const { condition } of zones) conditions[condition] = (conditions[condition] ?? 0) + 1;
  const firstUsed = zones.find(({ condition }) => condition !== 'empty')?.index ?? null;
  return [{ imageId, conditions, firstUsed }];
}

function refusal(code: GatewayRefusalCode, message: string): Error {
  return Object.assign(new Error(message), { refusal: { code, message, context: {} } });
}

async function outcomeOf<T>(action: () => Promise<T>): Promise<JobOutcome<T>> {
  try {
    return { ok: true, value: await action() };
  } catch (error) {
    if (error instanceof ImageError) {
      const { code, message, context } = error;
      return { ok: false, refusal: { code, message, context } };
    }
    const given = (error as { refusal?: never }).refusal;
    if (given) return { ok: false, refusal: given };
    throw error;
  }
}

/** JSON where it is, else the text as it is. */
function bodyOf(text: string, type: string): ReturnType<typeof JSON.parse> {
  if (text === '') return undefined;
  return type.includes('json') ? JSON.parse(text) : text;
}
