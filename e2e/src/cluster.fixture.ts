/** The services as processes of their own, over servers that can be killed and started again. */

import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { migrate } from '@zonelab/catalog';
import { startPostgres, startRedis } from '@zonelab/platform';
import { waitUntil } from '@zonelab/testing';
import { scratchFolder } from './lab.fixture.ts';
import { Relay } from './relay.fixture.ts';
import { root } from './workspace.fixture.ts';

export type App = 'image-api' | 'worker' | 'device-gateway';

export interface RunningService {
  readonly url: string;
  readonly child: ChildProcess;
  /** Settles when it has ended. */
  readonly ended: Promise<unknown>;
}

export interface ServiceOptions {
  /** Words before the program, such as those that put it into a network namespace. */
  readonly within?: readonly string[];
  /** Where the service listens, and its probes are asked. */
  readonly host?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

const START_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 40_000;

export class Cluster {
  readonly adminKey = `zl_${randomBytes(24).toString('hex')}`;
  private readonly running = new Map<string, RunningService>();

  private constructor(
    readonly home: string,
    /** Where the services find the servers. */
    readonly host: string,
    private postgres: Awaited<ReturnType<typeof startPostgres>>,
    private redis: Awaited<ReturnType<typeof startRedis>>,
    private readonly toPostgres: Relay,
    private readonly toRedis: Relay,
    private readonly database: string,
  ) {}

  /** The servers, without any service. */
  static async start(host = '127.0.0.1'): Promise<Cluster> {
    await build();
    const home = scratchFolder();
    mkdirSync(join(home, 'pool'));
    const [postgres, redis] = await Promise.all([
      startPostgres({ dataDir: join(home, 'postgres') }),
      startRedis({ dataDir: join(home, 'redis'), durable: false }),
    ]);
    const database = await postgres.createDatabase('zonelab');
    await migrate(database);
    const relays = await Promise.all([Relay.to(postgres.port, host), Relay.to(redis.port, host)]);
    return new Cluster(home, host, postgres, redis, ...relays, database);
  }

  get databaseUrl(): string {
    const url = new URL(this.database);
    url.host = `${this.host}:${this.toPostgres.port}`;
    return url.href;
  }

  get redisUrl(): string {
    const url = new URL(this.redis.url);
    url.host = `${this.host}:${this.toRedis.port}`;
    return url.href;
  }

  get pool(): string {
    return join(this.home, 'pool');
  }

  /** Answers once it is ready. One of that name that ended is started anew. */
  async run(name: string, app: App, options: ServiceOptions = {}): Promise<RunningService> {
    const { within = [], host = '127.0.0.1', environment = {} } = options;
    const port = await freePort();
    const log = openSync(this.logOf(name), 'a');
    const main = join(root, 'apps', app, 'dist/main.js');
    const [program = '', ...args] = [...within, process.execPath, '--enable-source-maps', main];
    const child = spawn(program, args, {
      stdio: ['ignore', log, log],
      env: {
        PATH: process.env.PATH,
        DATABASE_URL: this.databaseUrl,
        REDIS_URL: this.redisUrl,
        ZONELAB_POOLS: `pool=${this.pool}`,
        ZONELAB_BIND: host,
        ZONELAB_ADMIN_KEY: this.adminKey,
        ZONELAB_GATEWAY_ID: name,
        ZONELAB_NBD_PORT: '0',
        PORT: String(port),
        ...environment,
      },
    });
    closeSync(log);
    const service = { url: `http://${host}:${port}`, child, ended: once(child, 'exit') };
    this.running.set(name, service);
    await waitUntil(`${name} is ready`, () => this.isReady(name, service), START_TIMEOUT_MS);
    return service;
  }

  /** As a crash ends it. */
  async kill(name: string): Promise<void> {
    const service = this.running.get(name);
    service?.child.kill('SIGKILL');
    await service?.ended;
  }

  /** Redis dies, and comes back with nothing. */
  async loseRedis(): Promise<void> {
    process.kill(this.redis.pid, 'SIGKILL');
    await this.redis.exited;
    this.redis = await startRedis({ dataDir: join(this.home, 'redis'), durable: false });
    this.toRedis.turnTo(this.redis.port);
  }

  async restartPostgres(): Promise<void> {
    await this.postgres.stop();
    this.postgres = await startPostgres({ dataDir: join(this.home, 'postgres') });
    this.toPostgres.turnTo(this.postgres.port);
  }

  logOf(name: string): string {
    return join(this.home, `${name}.log`);
  }

  /** Everything ends, and nothing is left. */
  async discard(): Promise<void> {
    const stopped = [...this.running.values()].map(async ({ child, ended }) => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      await ended;
      clearTimeout(timer);
    });
    await Promise.all(stopped);
    await Promise.all([this.toPostgres.close(), this.toRedis.close()]);
    await Promise.all([this.postgres.stop(), this.redis.stop()]);
    rmSync(this.home, { recursive: true });
  }

  private async isReady(name: string, { url, child }: RunningService): Promise<boolean> {
    if (child.exitCode !== null) throw new Error(readFileSync(this.logOf(name), 'utf8'));
    const answer = await fetch(`${url}/readyz`).catch(() => undefined);
    await answer?.body?.cancel();
    return answer?.ok ?? false;
  }
}

/** What services run from, up to date. */
async function build(): Promise<void> {
  const { ensureBuilt } = await import(join(root, 'tools/launch/bundle.mjs'));
  await ensureBuilt();
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
