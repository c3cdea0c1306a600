/** Who may import whom: the table of ARCHITECTURE.md as constraints that fail the build. */

import { existsSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join, posix } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import {
  nxGraph,
  projectFolders,
  readManifest,
  root,
  type SourceImport,
  sourceImports,
} from './workspace.fixture.ts';

const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  'libs/qcow2-zoned': [],
  'libs/nbd': [],
  'libs/zoned-export': ['qcow2-zoned', 'nbd'],
  'libs/zone-workload': ['qcow2-zoned'],
  'libs/contracts': ['qcow2-zoned'],
  'libs/catalog': ['contracts'],
  'libs/client': ['contracts'],
  'libs/platform': [],
  'libs/testing': ['catalog', 'platform'],
  'apps/image-api': ['contracts', 'catalog', 'platform', 'qcow2-zoned', 'zone-workload'],
  'apps/worker': ['contracts', 'catalog', 'platform', 'qcow2-zoned', 'zone-workload', 'nbd'],
  'apps/device-gateway': ['contracts', 'catalog', 'platform', 'qcow2-zoned', 'nbd', 'zoned-export'],
  'apps/dashboard': ['client', 'contracts'],
  'apps/zonelab': [
    'contracts',
    'client',
    'catalog',
    'platform',
    'qcow2-zoned',
    'nbd',
    'zoned-export',
    'zone-workload',
  ],
  bench: ['qcow2-zoned', 'zone-workload'],
  e2e: ['contracts', 'client', 'catalog', 'platform', 'qcow2-zoned', 'nbd', 'testing'],
};

const folders = projectFolders();
const projectOf = new Map(folders.map((folder) => [readManifest(folder).name, folder]));
const allowedIn = (folder: string) => (ALLOWED[folder] ?? []).map((name) => `@zonelab/${name}`);
const isTestFile = ({ file }: SourceImport) => /\.(spec|int-spec|fixture)\.ts$/.test(file);

/** `@scope/name` or `name` of a bare specifier; undefined for relative ones and Node's own. */
function packageOf(specifier: string): string | undefined {
  if (specifier.startsWith('.') || isBuiltin(specifier)) return undefined;
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

describe('project boundaries', () => {
  it('name every project of the workspace, and nothing else', () => {
    expect(Object.keys(ALLOWED).sort()).toEqual([...folders].sort());
  });

  it('hold in the Nx graph; only the shared test servers come on top, as a development dependency', () => {
    const broken: string[] = [];
    for (const [name, targets] of nxGraph()) {
      const folder = projectOf.get(name) ?? '';
      const testing = readManifest(folder).devDependencies?.['@zonelab/testing'];
      const allowed = [...allowedIn(folder), ...(testing ? ['@zonelab/testing'] : [])];
      broken.push(...targets.filter((to) => !allowed.includes(to)).map((to) => `${name} -> ${to}`));
    }
    expect(broken).toEqual([]);
  });

  it('leave no cycle in the Nx graph', () => {
    const graph = nxGraph();
    const done = new Set<string>();
    const findCycle = (name: string, path: string[]): string[] | undefined => {
      if (path.includes(name)) return [...path.slice(path.indexOf(name)), name];
      if (done.has(name)) return undefined;
      for (const target of graph.get(name) ?? []) {
        const cycle = findCycle(target, [...path, name]);
        if (cycle) return cycle;
      }
      done.add(name);
      return undefined;
    };
    expect([...graph.keys()].map((name) => findCycle(name, [])).find(Boolean)).toBeUndefined();
  });
});

describe.each(folders.filter((folder) => existsSync(join(root, folder, 'src'))))(
  'sources of %s',
  (folder) => {
    const imports = sourceImports(folder);
    const manifest = readManifest(folder);

    it('import only projects they may import', () => {
      const broken = imports.filter((found) => {
        const name = packageOf(found.specifier);
        if (!name?.startsWith('@zonelab/') || name === manifest.name) return false;
        if (name === '@zonelab/testing') return folder !== 'e2e' && !isTestFile(found);
        return !allowedIn(folder).includes(name);
      });
      expect(broken).toEqual([]);
    });

    it('declare every package they import', () => {
      const tools = readManifest('.').devDependencies ?? {};
      const broken = imports.filter((found) => {
        const name = packageOf(found.specifier);
        if (!name || name === manifest.name || manifest.dependencies?.[name]) return false;
        const declared = manifest.devDependencies?.[name] ?? tools[name];
        return !(isTestFile(found) || folder === 'e2e') || !declared;
      });
      expect(broken).toEqual([]);
    });

    it('reach other projects by package name, never by path', () => {
      const broken = imports.filter(({ file, specifier }) => {
        if (!specifier.startsWith('.')) return false;
        return !posix.join(posix.dirname(file), specifier).startsWith(`${folder}/`);
      });
      expect(broken).toEqual([]);
    });
  },
);
