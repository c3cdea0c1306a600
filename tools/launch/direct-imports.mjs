// Lets a bundle load what a command uses and no more: esbuild keeps all modules of an index.ts together, since some
// command uses each. So every import from one of our libraries is led past its index.ts, to the module it comes from.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './process.mjs';

const RE_EXPORT = /export \{([^}]*)\} from '(\.[^']+)';/g;
const IMPORT = /import \{([^}]*)\} from '@zonelab\/([a-z0-9-]+)';/g;

/** An esbuild plugin. `external`: names of packages that stay outside of the bundle. */
export function directImports(external) {
  const modules = new Map();
  const modulesOf = (library) => {
    if (!modules.has(library)) modules.set(library, readIndex(library));
    return modules.get(library);
  };
  return {
    name: 'direct-imports',
    setup(build) {
      build.onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => {
        if (path.includes('/node_modules/')) return undefined;
        const contents = readFileSync(path, 'utf8').replaceAll(IMPORT, (whole, names, library) =>
          external.includes(`@zonelab/${library}`) ? whole : direct(names, modulesOf(library)),
        );
        return { contents, loader: 'ts' };
      });
    },
  };
}

/** From an exported name to the module that it comes from. Types are nothing to a bundle. */
function readIndex(library) {
  const source = join(root, 'libs', library, 'src');
  const index = join(source, 'index.ts');
  const found = new Map();
  if (!existsSync(index)) return found;
  for (const [, names, module] of readFileSync(index, 'utf8').matchAll(RE_EXPORT)) {
    for (const name of values(names)) found.set(name.split(' as ').at(-1), join(source, module));
  }
  return found;
}

function direct(names, modules) {
  return values(names)
    .map((name) => {
      const module = modules.get(name.split(' as ')[0]);
      if (!module) throw new Error(`no index.ts exports ${name}`);
      return `import { ${name} } from ${JSON.stringify(module)};`;
    })
    .join(' ');
}

function values(names) {
  return names
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && !name.startsWith('type '));
}
