/** A lab as a user starts it, in a folder of its own, and what tests do with it. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Export, Image, Problem, Zone, ZoneReport } from '@zonelab/contracts';
import { waitUntil } from '@zonelab/testing';
import { root } from './workspace.fixture.ts';

export interface LabFacts {
  readonly apiUrl: string;
  readonly token: string;
  readonly nbd: { readonly host: string; readonly port: number };
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly pids: Readonly<Record<string, number>>;
}

export interface ProgramResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RestAnswer<T> {
  readonly status: number;
  readonly body: T;
}

type Environment = Readonly<Record<string, string>>;

export const script = join(root, 'zonelab');

/** Runs a program to its end. */
export async function run(command: string, ...args: string[]): Promise<ProgramResult> {
  return finish(spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] }));
}

export async function finish(child: ChildProcess): Promise<ProgramResult> {
  const [[exitCode], stdout, stderr] = await Promise.all([
    once(child, 'close') as Promise<[number | null]>,
    child.stdout ? text(child.stdout) : '',
    child.stderr ? text(child.stderr) : '',
  ]);
  return { exitCode, stdout, stderr };
}

/** Runs the checkout's own script, which must succeed; answers its standard output. */
export function zonelab(...args: string[]): Promise<string> {
  return zonelabWith({}, ...args);
}

/** The same with more variables in its environment. */
export async function zonelabWith(environment: Environment, ...args: string[]): Promise<string> {
  const settings = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const { exitCode, stdout, stderr } = await run('env', ...settings, script, ...args);
  if (exitCode !== 0) throw new Error(`zonelab ${args.join(' ')}: ${exitCode}\n${stdout}${stderr}`);
  return stdout;
}

export class TestLab {
  private constructor(
    readonly home: string,
    readonly facts: LabFacts,
  ) {}

  /** In a new folder, or again in one where a lab has run. */
  static async start(home = scratchFolder(), environment: Environment = {}): Promise<TestLab> {
    await zonelabWith(environment, 'up', '--detach', '--dir', home);
    const facts = JSON.parse(readFileSync(join(home, 'lab.json'), 'utf8'));
    return new TestLab(home, facts);
  }

  async stop(): Promise<void> {
    await zonelab('down', '--dir', this.home);
  }

  /** Stops it and removes its folder. */
  async discard(): Promise<void> {
    await this.stop();
    rmSync(this.home, { recursive: true });
  }

  async rest<T = Problem>(method: string, path: string, body?: unknown): Promise<RestAnswer<T>> {
    const { apiUrl, token } = this.facts;
    const content = typeof body === 'string' ? body : JSON.stringify(body);
    const response = await fetch(`${apiUrl}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(content !== undefined && { 'content-type': 'application/json' }),
      },
      ...(content !== undefined && { body: content }),
    });
    const answer = await response.text();
    return { status: response.status, body: (answer ? JSON.parse(answer) : undefined) as T };
  }

  /** A text of the API, such as what attaches an export. */
  async document(path: string): Promise<string> {
    const { apiUrl, token } = this.facts;
    const response = await fetch(`${apiUrl}${path}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
    return text;
  }

  /** 256 MiB in 16 zones of 16 MiB, 12 MiB of each writable. */
  async createImage(name: string, fields: object = {}): Promise<Image> {
    const { status, body } = await this.rest<Image>('POST', '/v1/images', {
      name,
      profile: 'zns',
      size: '256M',
      zoneSize: '16M',
      zoneCapacity: '12M',
      maxAppendSectors: 512,
      ...fields,
    });
    if (status !== 201) throw new Error(`image ${name}: ${status} ${JSON.stringify(body)}`);
    return body;
  }

  /** Exports an image; answers the URI that clients connect to. */
  async exportImage(image: Image, fields: object = {}): Promise<Export & { uri: string }> {
    const request = { imageId: image.id, ...fields };
    const { status, body } = await this.rest<Export>('POST', '/v1/exports', request);
    const { uri } = body;
    if (status >= 300 || !uri) throw new Error(`export: ${status} ${JSON.stringify(body)}`);
    return { ...body, uri };
  }

  /** The export once this lab's gateway serves it. */
  activeExport(id: string): Promise<Export & { uri: string }> {
    return waitUntil(`export ${id} is served`, async () => {
      const { body } = await this.rest<Export>('GET', `/v1/exports/${id}`);
      const { uri, status } = body;
      const here = uri?.includes(`:${this.facts.nbd.port}/`);
      return status === 'active' && here && uri ? { ...body, uri } : undefined;
    });
  }

  async zones(image: Image): Promise<Zone[]> {
    const { status, body } = await this.rest<ZoneReport>('GET', `/v1/images/${image.id}/zones`);
    if (status !== 200) throw new Error(`zones of ${image.name}: ${JSON.stringify(body)}`);
    return body.items;
  }

  /** The image's file, for a look without the lab. */
  fileOf(image: Image): string {
    return join(this.home, 'pool', image.id, 'image.qcow2');
  }
}

export function scratchFolder(): string {
  return mkdtempSync(join(tmpdir(), 'zonelab-e2e-'));
}

/** Arguments for qemu-io on an NBD URI. */
export function qemuIo(uri: string, ...commands: string[]): string[] {
  return ['-f', 'raw', uri, ...commands.flatMap((command) => ['-c', command])];
}

/** Whether the process runs; a zombie does not. */
export function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** Whether something accepts connections there. */
export async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const open = await Promise.race([
    once(socket, 'connect').then(() => true),
    once(socket, 'error').then(() => false),
  ]).catch(() => false);
  socket.destroy();
  return open;
}
