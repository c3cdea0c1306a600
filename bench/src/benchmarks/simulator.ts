/** The simulator: commands of a simulated zn540 per second of one core. */
import fs from 'node:fs';
import { type PhaseDefinition, runExperiment } from '@zonelab/zone-workload';
import type { Figure } from '../figure.ts';
import { runMeasured } from '../process-memory.ts';
import { type Benchmark, KIB, type Workbench } from '../workbench.ts';

const PHASES: readonly PhaseDefinition[] = [
  { kind: 'zone-append', blockSize: 4 * KIB, queueDepth: 32 },
  { kind: 'seq-write', blockSize: 4 * KIB, queueDepth: 32 },
  { kind: 'mixed', readShare: 0.5, blockSize: 4 * KIB, queueDepth: 32 },
];

export const simulator: Benchmark = {
  name: 'simulator',
  about: 'simulated commands per second of one core (no peer)',
  tools: [],
  async run(bench) {
    const operations = bench.size(1_000_000, 2000);
    const figures = [];
    for (const phase of PHASES) {
      const run = async () => {
        const start = performance.now();
        await runExperiment({
          device: { preset: 'zn540' },
          workload: { phases: [{ ...phase, operations }] },
        });
        return { rate: operations / (performance.now() - start) / 1000 };
      };
      const [figure] = await bench.compare({
        ours: { name: 'runExperiment', run },
        quantities: [
          {
            key: 'rate',
            name: `${phase.kind}, 4 KiB, queue depth 32, audited`,
            unit: 'million/s',
            better: 'higher',
            goal: { value: 1 },
          },
        ],
      });
      if (figure) figures.push(figure);
    }
    return [...figures, ...(await memory(bench, operations))];
  },
};

/** Memory must not grow with the commands. */
function memory(bench: Workbench, operations: number): Promise<Figure[]> {
  const side = (times: number) => {
    const file = bench.path(`run-${times}.json`);
    const phase = { ...PHASES[0], operations: operations * times };
    const run = { device: { preset: 'zn540' }, workload: { phases: [phase] } };
    fs.writeFileSync(file, JSON.stringify(run));
    return {
      name: `${operations * times} commands`,
      run: async () => ({ memory: (await runMeasured(bench.zonelab, 'sim', file)).peakMiB }),
    };
  };
  return bench.compare({
    ours: side(10),
    peer: side(1),
    quantities: [
      {
        key: 'memory',
        name: 'peak memory, ten times the commands beside one',
        unit: 'MiB',
        better: 'lower',
        goal: { ratio: 0.9 },
      },
    ],
  });
}
