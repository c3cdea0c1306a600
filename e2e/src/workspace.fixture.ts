/** Reads the workspace as it is on disk: projects, what they declare, what their sources import. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));

export interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly nx?: { readonly targets?: Readonly<Record<string, unknown>> };
}

export interface SourceImport {
  /** Relative to the checkout. */
  readonly file: string;
  readonly specifier: string;
}

/** Project folders relative to the checkout: `libs/nbd`, `apps/worker`, …, `bench`, `e2e`. */
export function projectFolders(): string[] {
  const below = (group: string) =>
    readdirSync(join(root, group), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => `${group}/${entry.name}`);
  return [...below('apps'), ...below('libs'), 'bench', 'e2e'];
}

export function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
}

/** Nx's own view: project name -> names of the workspace projects it depends on. */
export function nxGraph(): Map<string, string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'zonelab-graph-'));
  try {
    const file = join(folder, 'graph.json');
    execFileSync('npx', ['nx', 'graph', `--file=${file}`], { cwd: root, stdio: 'pipe' });
    const { graph } = JSON.parse(readFileSync(file, 'utf8'));
    const edges = Object.entries<{ target: string }[]>(graph.dependencies);
    return new Map(edges.map(([name, targets]) => [name, targets.map((edge) => edge.target)]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const IMPORT = /(?:\bfrom\s+|\bimport\s*\(?\s*|\brequire(?:\.resolve)?\s*\(\s*)(['"])([^'"\n]+)\1/g;

/** Every module that a project's own files name, generated code left out. */
export function sourceImports(folder: string): SourceImport[] {
  const entries = readdirSync(join(root, folder, 'src'), { recursive: true, encoding: 'utf8' });
  return entries
    .filter((name) => /\.[cm]?tsx?$/.test(name) && !name.startsWith('generated'))
    .flatMap((name) => {
      const file = `${folder}/src/${name}`;
      const text = readFileSync(join(root, file), 'utf8');
      return [...text.matchAll(IMPORT)].map((match) => ({ file, specifier: match[2] ?? '' }));
    });
}

/** Path of a command that PATH has. */
export function whichCommand(name: string): string {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const found = folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
  if (!found) throw new Error(`${name} is not on PATH: install the Debian package that brings it`);
  return found;
}
