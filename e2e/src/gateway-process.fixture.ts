/** A gateway as a process that may be killed, with a catalog of its own and disks over a unix socket. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Catalog, migrate } from '@zonelab/catalog';
import { formatNbdUri } from '@zonelab/nbd';
import { createImage } from '@zonelab/qcow2-zoned';
import { startTestServers, type TestServers } from '@zonelab/testing';
import { run } from './lab.fixture.ts';
import { root } from './workspace.fixture.ts';

const GATEWAY = 'soak';
/** pino's number for it. */
const INFO = 30;
const GEOMETRY = {
  zoneCapacity: 4 << 20,
  maxOpenZones: 0,
  maxActiveZones: 0,
  maxAppendBytes: 0,
} as const;

export interface DiskShape {
  readonly size: number;
  readonly zoneSize: number;
  readonly conventionalZones: number;
}

export class GatewayProcess {
  private child: ChildProcess | undefined;

  private constructor(
    private readonly servers: TestServers,
    private readonly folder: string,
    private readonly databaseUrl: string,
    private readonly redisUrl: string,
    private readonly catalog: Catalog,
  ) {}

  /** With everything but the process itself, which `start` begins. */
  static async prepare(): Promise<GatewayProcess> {
    const build = `import(${JSON.stringify(join(root, 'tools/launch/bundle.mjs'))}).then((m) => m.ensureBuilt())`;
    const built = await run('env', '-u', 'NODE_OPTIONS', 'node', '-e', build);
    if (built.exitCode !== 0) throw new Error(built.stderr);
    const servers = await startTestServers();
    const databaseUrl = await servers.createDatabase(migrate);
    const folder = mkdtempSync(join(tmpdir(), 'gateway-process-'));
    const catalog = new Catalog(databaseUrl);
    const place = { host: '127.0.0.1', port: null, unixSocket: null, pools: ['pool'] };
    await catalog.gateways.announce({ id: GATEWAY, ...place });
    return new GatewayProcess(servers, folder, databaseUrl, servers.createRedis(), catalog);
  }

  /** An image and an export that the gateway serves from its next start on. Answers the image's file. */
  async addDisk(name: string, { size, zoneSize, conventionalZones }: DiskShape): Promise<string> {
    const { id } = await this.catalog.images.create({
      name,
      pool: 'pool',
      size,
      clusterSize: 65_536,
      logicalBlockSize: 512,
      labels: {},
      zoned: {
        profile: 'zbc',
        zoneSize,
        zoneCount: size / zoneSize,
        conventionalZones,
        ...GEOMETRY,
      },
    });
    mkdirSync(join(this.folder, id));
    const file = join(this.folder, id, 'image.qcow2');
    await createImage(file, { size, zoned: { profile: 'zbc', zoneSize, conventionalZones } });
    await this.catalog.images.markReady(id);
    const options = { zeroes: 'write', trim: 'reset', limits: 'on' } as const;
    const placed = { imageId: id, gatewayId: GATEWAY, name, readOnly: false, options };
    await this.catalog.exports.create(placed);
    return file;
  }

  uri(name: string): string {
    return formatNbdUri({ path: join(this.folder, 'nbd.sock'), name });
  }

  /** Resolves once every export is served. */
  async start(): Promise<void> {
    const child = spawn('node', [join(root, 'apps/device-gateway/dist/main.js')], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {
        PATH: process.env.PATH,
        DATABASE_URL: this.databaseUrl,
        REDIS_URL: this.redisUrl,
        ZONELAB_POOLS: `pool=${this.folder}`,
        ZONELAB_NBD_PORT: '0',
        ZONELAB_NBD_SOCKET: join(this.folder, 'nbd.sock'),
        ZONELAB_GATEWAY_ID: GATEWAY,
        PORT: '0',
      },
    });
    this.child = child;
    const log = child.stderr as NodeJS.ReadableStream;
    const complaints: string[] = [];
    let ready = false;
    for await (const line of createInterface({ input: log })) {
      const { level, msg } = line.startsWith('{') ? JSON.parse(line) : { level: 60, msg: line };
      if (level > INFO) complaints.push(line);
      ready = msg === 'gateway ready';
      if (ready) break;
    }
    if (!ready || complaints.length > 0) throw new Error(`gateway: ${complaints.join('\n')}`);
    log.resume();
  }

  /** Sends the signal and waits for the end; answers the exit code, null where the signal ended it. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    const { child } = this;
    this.child = undefined;
    if (child === undefined || child.exitCode !== null) return null;
    child.kill(signal);
    const [code] = await once(child, 'exit');
    return code;
  }

  /** Resident memory in bytes, now and at its highest. */
  memory(): { now: number; most: number } {
    const status = readFileSync(`/proc/${this.child?.pid}/status`, 'utf8');
    const bytes = (field: string) =>
      1024 * Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]);
    return { now: bytes('VmRSS'), most: bytes('VmHWM') };
  }

  async discard(): Promise<void> {
    await this.end('SIGKILL');
    await this.catalog.close();
    await this.servers.stop();
    rmSync(this.folder, { recursive: true });
  }
}
