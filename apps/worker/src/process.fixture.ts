/** A worker in a process of its own, that can be killed: bundled from source, as node runs no TypeScript with decorators. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { transform } from '@swc/core';
import { build } from 'esbuild';
import type { WorkerOptions } from './worker.module.ts';

const ROOT = new URL('../../../', import.meta.url).pathname;

export type ProcessOptions = Pick<
  WorkerOptions,
  'databaseUrl' | 'redisUrl' | 'pools' | 'timing'
> & {
  readonly simulationThread: string;
};

const MAIN = `
import { createLogger } from '@zonelab/platform';
import { createWorker } from './worker.module.ts';
const { simulationThread, ...options } = JSON.parse(process.argv[2]);
const logger = createLogger('worker', 'warn');
await createWorker({ ...options, logger, simulationThread: new URL(simulationThread) });
process.stdout.write('ready');
`;

export class WorkerProgram {
  private readonly children: ChildProcess[] = [];

  private constructor(private readonly folder: string) {}

  static async bundle(): Promise<WorkerProgram> {
    const folder = await mkdtemp(join(tmpdir(), 'zonelab-worker-'));
    await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    const { $schema: _, ...swcrc } = JSON.parse(await readFile(join(ROOT, '.swcrc'), 'utf8'));
    await build({
      stdin: { contents: MAIN, resolveDir: import.meta.dirname, loader: 'js' },
      outfile: join(folder, 'worker.mjs'),
      bundle: true,
      platform: 'node',
      format: 'esm',
      conditions: ['@zonelab/source'],
      logLevel: 'error',
      plugins: [
        {
          name: 'own sources, with the metadata that Nest needs',
          setup: ({ onLoad, onResolve }) => {
            onResolve({ filter: /^[^./]/ }, ({ path }) =>
              path.startsWith('@zonelab/') ? undefined : { path, external: true },
            );
            onLoad({ filter: /\.ts$/ }, async ({ path }) => {
              const source = await readFile(path, 'utf8');
              const { code } = await transform(source, { ...swcrc, swcrc: false, filename: path });
              return { contents: code, loader: 'js' };
            });
          },
        },
      ],
    });
    return new WorkerProgram(folder);
  }

  /** Settles once it takes up work. */
  async start(options: ProcessOptions): Promise<ChildProcess> {
    const child = spawn(
      process.execPath,
      [join(this.folder, 'worker.mjs'), JSON.stringify(options)],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { ...process.env, NODE_OPTIONS: '' },
      },
    );
    this.children.push(child);
    const ended = once(child, 'exit').then(([code]) => {
      throw new Error(`the worker ended with ${code}`);
    });
    ended.catch(() => undefined);
    await Promise.race([once(child.stdout as NonNullable<typeof child.stdout>, 'data'), ended]);
    return child;
  }

  /** Ends what still runs, without asking. */
  async dispose(): Promise<void> {
    for (const child of this.children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await rm(this.folder, { recursive: true, force: true });
  }
}
