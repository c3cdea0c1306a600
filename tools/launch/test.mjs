// `zonelab test`: every check there is through Nx, then the failed tests by name and one line with the sum of all Jest runs.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ALL_TOOLS, ensureTools } from './debian.mjs';
import { ensureGuests } from './guest.mjs';
import { ensurePackages } from './packages.mjs';
import { NX, root, SetupError, say } from './process.mjs';

const USAGE = `Usage: zonelab test [--long] [--without-guests]

Builds, checks and lints every project, then runs every test, unit to end-to-end.
  --long            the long forms of the tests too
  --without-guests  no tests that boot Linux in QEMU: less is proven, and less has to be installed`;

const FLAGS = ['--long', '--without-guests'];

/** Runs everything and returns the exit code. */
export function runTests(args) {
  if (args.includes('--help') || args.includes('-h')) {
    console.log(USAGE);
    return 0;
  }
  const unknown = args.find((arg) => !FLAGS.includes(arg));
  if (unknown)
    throw new SetupError(`test: unknown argument ${unknown}, allowed are ${FLAGS.join(', ')}`);
  const guests = !args.includes('--without-guests');
  ensurePackages();
  ensureTools(ALL_TOOLS);
  if (guests && !haveGuests()) return 1;
  for (const folder of countFolders()) rmSync(folder, { recursive: true, force: true });
  const env = {
    ...process.env,
    ...(args.includes('--long') && { ZONELAB_LONG: '1' }),
    ...(!guests && { ZONELAB_WITHOUT_GUESTS: '1' }),
  };
  const checks = nx(['build', 'typecheck', 'lint', 'test', 'test:int'], env);
  const endToEnd = nx(['e2e'], env);
  const { passed, failed, failures: names } = sumCounts();
  // A build, a type or a lint error fails the run without any test having failed.
  const failures = checks && endToEnd ? failed : Math.max(failed, 1);
  for (const name of names) console.log(`failed: ${name}`);
  console.log(`${passed} passed, ${failures} failed`);
  return failures === 0 ? 0 : 1;
}

/** Tests that cannot run have failed: to leave them out is the user's own choice. */
function haveGuests() {
  try {
    ensureGuests();
    return true;
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(error.message);
    return false;
  }
}

function nx(targets, env) {
  const args = ['run-many', '--nxBail=false', '--output-style=static', '-t', ...targets];
  return spawnSync(NX, args, { cwd: root, env, stdio: ['ignore', 1, 2] }).status === 0;
}

function sumCounts() {
  const total = { passed: 0, failed: 0, failures: [] };
  for (const folder of countFolders().filter((path) => existsSync(path))) {
    for (const name of readdirSync(folder)) {
      const { passed, failed, failures } = JSON.parse(readFileSync(join(folder, name), 'utf8'));
      total.passed += passed;
      total.failed += failed;
      total.failures.push(
        ...failures.map((line) => `${relative(root, join(folder, '..'))}/${line}`),
      );
    }
  }
  return total;
}

/** Where the Jest reporter leaves each project's counts. */
function countFolders() {
  const projects = ['apps', 'libs'].flatMap((group) =>
    readdirSync(join(root, group)).map((name) => join(root, group, name)),
  );
  return [...projects, join(root, 'bench'), join(root, 'e2e')].map((project) =>
    join(project, '.counts'),
  );
}
