/** The embedded lab: servers, then the catalog's schema, then the services; stopped in the opposite order. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CliError } from '../errors.ts';
import { SERVICE_START_TIMEOUT_MS } from '../limits.ts';
import { type LabFacts, readRunningLab, removeLabFile, writeLabFile } from './lab-file.ts';
import { poll } from './poll.ts';
import { type Service, startService } from './service.ts';

export interface LabOptions {
  /** Folder of the lab's data, logs and `lab.json`. */
  readonly home: string;
  /** The checkout, with every service built. */
  readonly root: string;
  /** DATABASE_URL and REDIS_URL name servers to use instead of own ones. */
  readonly environment: NodeJS.ProcessEnv;
  /** Told of every step. */
  readonly onStep: (step: string) => void;
  /** Gives up starting. */
  readonly signal?: AbortSignal;
}

export interface Lab {
  readonly facts: LabFacts;
  /** Names the first part that ended by itself; never settles while all run. */
  readonly broken: Promise<string>;
  /** Stops everything; the data stay. */
  stop(): Promise<void>;
}

const GATEWAY_ID = 'embedded';
const DATABASE = 'zonelab';

interface Part {
  readonly name: string;
  readonly pid: number;
  readonly exited: Promise<void>;
  stop(): Promise<void>;
}

/** Parts that run, in groups of those that may stop together. */
class Parts {
  readonly #groups: Part[][] = [];

  /** Starts parts side by side. Those that came up stay listed when another fails. */
  async start<T extends readonly Promise<Part>[]>(...starting: T): Promise<void> {
    const results = await Promise.allSettled(starting);
    this.#groups.push(results.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])));
    for (const one of results) if (one.status === 'rejected') throw one.reason;
  }

  get all(): Part[] {
    return this.#groups.flat();
  }

  async stop(): Promise<void> {
    for (const group of this.#groups.splice(0).reverse()) {
      await Promise.all(group.map((part) => part.stop()));
    }
  }
}

/** Starts a lab, or throws having stopped what had started. */
export async function startLab(options: LabOptions): Promise<Lab> {
  const { home } = options;
  const running = await readRunningLab(home);
  if (running) {
    throw new CliError('failed', `a lab runs in ${home} already, process ${running.pids.lab}`);
  }
  await mkdir(join(home, 'logs'), { recursive: true, mode: 0o700 });
  await mkdir(join(home, 'pool'), { recursive: true, mode: 0o700 });
  const parts = new Parts();
  const stop = async () => {
    await removeLabFile(home);
    await parts.stop();
  };
  try {
    const urls = await startServers(options, parts);
    const facts = await startServices(options, parts, urls);
    await writeLabFile(home, facts);
    const broken = Promise.race(parts.all.map(({ name, exited }) => exited.then(() => name)));
    return { facts, broken, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface ServerUrls {
  readonly databaseUrl: string;
  readonly redisUrl: string;
}

async function startServers(
  { home, environment, onStep }: LabOptions,
  parts: Parts,
): Promise<ServerUrls> {
  const { startPostgres, startRedis } = await import('@zonelab/platform');
  let databaseUrl = environment.DATABASE_URL ?? '';
  let redisUrl = environment.REDIS_URL ?? '';
  const starting: Promise<Part>[] = [];
  if (!databaseUrl) {
    onStep('starting Postgres');
    const start = async () => {
      const server = await startPostgres({ dataDir: join(home, 'postgres') });
      databaseUrl = await server.createDatabase(DATABASE);
      return { name: 'postgres', ...server };
    };
    starting.push(start());
  }
  if (!redisUrl) {
    onStep('starting Redis');
    const start = async () => {
      const server = await startRedis({ dataDir: join(home, 'redis') });
      redisUrl = server.url;
      return { name: 'redis', ...server };
    };
    starting.push(start());
  }
  await parts.start(...starting);
  return { databaseUrl, redisUrl };
}

async function startServices(
  { home, root, environment: given, onStep, signal }: LabOptions,
  parts: Parts,
  urls: ServerUrls,
): Promise<LabFacts> {
  signal?.throwIfAborted();
  onStep('bringing the catalog up to date');
  const { generateKey, migrate } = await import('@zonelab/catalog');
  await migrate(urls.databaseUrl);
  onStep('starting image-api, worker and device-gateway');
  const token = await keptToken(join(home, 'token'), generateKey());
  const environment = {
    DATABASE_URL: urls.databaseUrl,
    REDIS_URL: urls.redisUrl,
    ZONELAB_POOLS: `main=${join(home, 'pool')}`,
    ZONELAB_BIND: '127.0.0.1',
    ZONELAB_PUBLIC_HOST: given.ZONELAB_PUBLIC_HOST ?? '127.0.0.1',
    ZONELAB_NBD_PORT: '0',
    ZONELAB_GATEWAY_ID: GATEWAY_ID,
    ZONELAB_ADMIN_KEY: token,
  };
  const startedAtMs = Date.now();
  const services: Service[] = [];
  const start = async (name: string): Promise<Part> => {
    const main = join(root, 'apps', name, 'dist/main.js');
    const logFile = join(home, 'logs', `${name}.log`);
    const service = await startService({ name, main, environment, logFile, signal });
    services.push(service);
    return service;
  };
  await parts.start(start('image-api'), start('worker'), start('device-gateway'));
  const apiUrl = services.find(({ name }) => name === 'image-api')?.url ?? '';
  const nbd = await gatewayAddress(apiUrl, token, startedAtMs, signal);
  const pids = Object.fromEntries(parts.all.map(({ name, pid }) => [name, pid]));
  return { apiUrl, token, nbd, ...urls, pids: { lab: process.pid, ...pids } };
}

/** Where the gateway listens, as it announced it after this lab's start. */
async function gatewayAddress(
  apiUrl: string,
  token: string,
  startedAtMs: number,
  signal: AbortSignal | undefined,
): Promise<{ host: string; port: number }> {
  const find = async () => {
    const headers = { authorization: `Bearer ${token}` };
    const response = await fetch(`${apiUrl}/v1/gateways`, { headers });
    if (!response.ok) return undefined;
    const { items } = (await response.json()) as {
      items: { id: string; host: string; port: number | null; heartbeatAt: string }[];
    };
    const own = items.find(({ id }) => id === GATEWAY_ID);
    if (!own || own.port === null || Date.parse(own.heartbeatAt) < startedAtMs) return undefined;
    return { host: own.host, port: own.port };
  };
  const timeoutMs = SERVICE_START_TIMEOUT_MS;
  return poll(find, { what: 'a device-gateway', timeoutMs, signal });
}

/** The API's admin key, made up on the first start. */
async function keptToken(file: string, made: string): Promise<string> {
  try {
    await writeFile(file, made, { flag: 'wx', mode: 0o600 });
    return made;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return readFile(file, 'utf8');
  }
}
