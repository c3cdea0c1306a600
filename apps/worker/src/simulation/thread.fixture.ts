/** Threads run JavaScript; tests run TypeScript from source: so the thread's module is bundled for them. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { SIMULATION_THREAD } from './simulate.ts';

export interface BundledThread {
  readonly url: URL;
  dispose(): Promise<void>;
}

/** Beside the packages: native ones are not bundled, and found from there. */
const FOLDER = join(import.meta.dirname, '../../../../node_modules/.cache');
const NATIVE = ['koffi', 'fs-native-extensions', '@bokuweb/zstd-wasm'];

export async function bundleThread(entry = SIMULATION_THREAD): Promise<BundledThread> {
  await mkdir(FOLDER, { recursive: true });
  const folder = await mkdtemp(join(FOLDER, 'zonelab-thread-'));
  const outfile = join(folder, 'thread.mjs');
  await build({
    entryPoints: [entry.pathname],
    external: NATIVE,
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
