/** Experiments side by side: what a second worker brings, beside one that runs them one after the other. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { type Benchmark, KIB, type Workbench } from '../workbench.ts';

export const sweep: Benchmark = {
  name: 'sweep',
  about: 'experiments of a sweep by two processes beside one',
  tools: [],
  async run(bench) {
    const runs = bench.size(4, 2);
    const files = Array.from({ length: runs }, (_, seed) => definition(bench, seed));
    return bench.compare({
      ours: { name: 'two processes', run: () => throughput(bench, files, 2) },
      peer: { name: 'one process', run: () => throughput(bench, files, 1) },
      quantities: [
        {
          key: 'rate',
          name: `${runs} experiments, zn540, 4 KiB append, queue depth 32, start-up included`,
          unit: 'experiments/s',
          better: 'higher',
          goal: { ratio: 1.8 },
        },
      ],
    });
  },
};

function definition(bench: Workbench, seed: number): string {
  const operations = bench.size(6_000_000, 2000);
  const phase = { kind: 'zone-append', blockSize: 4 * KIB, queueDepth: 32, operations };
  const file = bench.path(`run-${seed}.json`);
  const run = { seed, device: { preset: 'zn540' }, workload: { phases: [phase] } };
  fs.writeFileSync(file, JSON.stringify(run));
  return file;
}

async function throughput({ zonelab }: Workbench, files: readonly string[], workers: number) {
  const waiting = [...files];
  const start = performance.now();
  const worker = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const child = spawn(zonelab, ['sim', file], { stdio: 'ignore' });
      const [exitCode] = await once(child, 'exit');
      if (exitCode !== 0) throw new Error(`zonelab sim ${file}: exit ${exitCode}`);
    }
  };
  await Promise.all(Array.from({ length: workers }, worker));
  return { rate: files.length / ((performance.now() - start) / 1000) };
}
