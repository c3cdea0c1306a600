/** The simulator: commands of a simulated zn540 per second of one core. */
import { type PhaseDefinition, runExperiment } from '@zonelab/zone-workload';
import { type Benchmark, KIB } from '../workbench.ts';

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
    return figures;
  },
};
