/** A whole check, as a process: the tables of a large, thin disk are read and every cluster is counted. */
import { scatteredImage } from '../images.ts';
import { type Benchmark, GIB, TIB, timeProcess } from '../workbench.ts';

export const check: Benchmark = {
  name: 'check',
  about: 'zonelab img check beside qemu-img check, a 1 TiB image with 100,000 clusters',
  tools: ['qemu-img'],
  async run(bench) {
    const file = bench.path('thin.qcow2');
    await scatteredImage(file, bench.size(TIB, 16 * GIB), bench.size(100_000, 100));
    return bench.compare({
      ours: {
        name: 'zonelab img check',
        run: () => ({ seconds: timeProcess(bench.zonelab, 'img', 'check', file) }),
      },
      peer: {
        name: 'qemu-img check',
        run: () => ({ seconds: timeProcess('qemu-img', 'check', file) }),
      },
      quantities: [
        { key: 'seconds', name: 'check', unit: 's', better: 'lower', goal: { ratio: 1 } },
      ],
    });
  },
};
