/** What starting the command line costs. */
import { createImage } from '@zonelab/qcow2-zoned';
import { type Benchmark, GIB, MIB, timeProcess } from '../workbench.ts';

/** Processes of one sample: one alone is too short to time. */
const STARTS = 10;

export const info: Benchmark = {
  name: 'info',
  about: 'zonelab img info as a process beside a bare node -e 0',
  tools: ['node'],
  async run(bench) {
    const file = bench.path('zoned.qcow2');
    await createImage(file, { size: GIB, zoned: { profile: 'zns', zoneSize: 64 * MIB } });
    const starts = bench.size(STARTS, 1);
    const time = (command: string, ...words: string[]) => {
      let seconds = 0;
      for (let start = 0; start < starts; start++) seconds += timeProcess(command, ...words);
      return { ms: (seconds / starts) * 1000 };
    };
    return bench.compare({
      ours: { name: 'zonelab img info', run: () => time(bench.zonelab, 'img', 'info', file) },
      peer: { name: 'node -e 0', run: () => time('node', '-e', '0') },
      quantities: [
        {
          key: 'ms',
          name: 'img info, start to end',
          unit: 'ms',
          better: 'lower',
          goal: { ratio: 1 / 1.5 },
        },
      ],
    });
  },
};
