// Sets up what a command needs, on stderr only, and runs it. Plain Node: nothing is installed yet.
import { ensureBenchmarks, ensureBuilt, ensureBundle } from './bundle.mjs';
import { root, SetupError, say } from './process.mjs';
import { runScript } from './script.cjs';

const MINIMUM_NODE = [20, 19];

async function main([command, ...args]) {
  requireNode();
  process.env.ZONELAB_ROOT = root;
  if (command === 'test') {
    const { runTests } = await import('./test.mjs');
    process.exitCode = runTests(args);
    return;
  }
  const wantsHelp = args.includes('--help') || args.includes('-h');
  if ((command === 'up' || command === 'demo') && !wantsHelp) {
    const { ensureTools } = await import('./debian.mjs');
    const redis = process.env.REDIS_URL ? [] : ['redis-server'];
    ensureTools(command === 'demo' ? [...redis, 'qemu-utils', 'libnbd-bin'] : redis);
    await ensureBuilt();
  }
  if (command === 'bench') {
    const { BENCHMARK_TOOLS, ensureTools } = await import('./debian.mjs');
    if (!wantsHelp) ensureTools(BENCHMARK_TOOLS);
    await import(await ensureBenchmarks());
    return;
  }
  const bundle = await ensureBundle([command, ...args]);
  if (bundle.endsWith('.cjs')) runScript(bundle);
  else await import(bundle);
}

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > MINIMUM_NODE[0] || (major === MINIMUM_NODE[0] && minor >= MINIMUM_NODE[1])) return;
  throw new SetupError(`Node.js ${process.versions.node} is too old: >= 20.19 is needed`);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  say(error.message);
  process.exitCode = 2;
}
