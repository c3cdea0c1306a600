/** Whole disks copied from one format to the other, as processes; the source is cached, the target new. */
import fs from 'node:fs';
import { halfFullRaw } from '../images.ts';
import { type Benchmark, GIB, MIB, run, timeProcess, type Workbench } from '../workbench.ts';

export const convert: Benchmark = {
  name: 'convert',
  about: 'zonelab img convert beside qemu-img convert, 1 GiB half full',
  tools: ['qemu-img'],
  async run(bench) {
    const raw = bench.path('source.raw');
    const qcow2 = bench.path('source.qcow2');
    halfFullRaw(raw, bench.size(GIB, 8 * MIB));
    run('qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', raw, qcow2);
    return [
      ...(await conversions(bench, ['qcow2', qcow2], 'raw')),
      ...(await conversions(bench, ['raw', raw], 'qcow2')),
    ];
  },
};

function conversions(bench: Workbench, [from, source]: readonly [string, string], to: string) {
  const target = bench.path('target');
  const time = (command: string, ...words: string[]) => {
    fs.rmSync(target, { force: true });
    const all = [...words, 'convert', '-f', from, '-O', to, source, target];
    return { seconds: timeProcess(command, ...all) };
  };
  return bench.compare({
    ours: { name: 'zonelab img convert', run: () => time(bench.zonelab, 'img') },
    peer: { name: 'qemu-img convert', run: () => time('qemu-img') },
    quantities: [
      {
        key: 'seconds',
        name: `${from} to ${to}`,
        unit: 's',
        better: 'lower',
        goal: { ratio: 0.8 },
      },
    ],
  });
}
