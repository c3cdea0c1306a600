/** Threads run JavaScript; tests run TypeScript from source: so the thread's module is bundled for them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { SIMULATION_THREAD } from './simulate.ts';

export interface BundledThread {
  readonly url: URL;
  dispose(): Promise<void>;
}

export async function bundleThread(): Promise<BundledThread> {
  const folder = await mkdtemp(join(tmpdir(), 'zonelab-thread-'));
  const outfile = join(folder, 'simulation.thread.mjs');
  await build({
    entryPoints: [SIMULATION_THREAD.pathname],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    conditions: ['@zonelab/source'],
    logLevel: 'error',
  });
  return {
    url: pathToFileURL(outfile),
    dispose: () => rm(folder, { recursive: true, force: true }),
  };
}
