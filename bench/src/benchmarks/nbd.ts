/** One fio over NBD on a Unix socket, everything in the page cache: what the server itself costs. */
import fs from 'node:fs';
import { createImage } from '@zonelab/qcow2-zoned';
import type { Figure, Side } from '../figure.ts';
import { fullImage } from '../images.ts';
import { type Job, serveAndDrive } from '../served.ts';
import { type Benchmark, GIB, KIB, MIB, type Workbench } from '../workbench.ts';

interface Course {
  readonly name: string;
  readonly job: Job;
  /** Small requests are counted, large ones weighed. */
  readonly by: 'rate' | 'bandwidth';
  readonly goal: number;
  /** Whether the disk has zones, and is new for every run. */
  readonly zoned?: true;
}

export const nbd: Benchmark = {
  name: 'nbd',
  about: "zonelab nbd beside qemu-nbd, fio's nbd engine on a Unix socket, 1 GiB mapped and cached",
  tools: ['qemu-img', 'qemu-nbd', 'nbdkit', 'fio'],
  async run(bench) {
    const size = bench.size(GIB, 8 * MIB);
    const full = bench.path('full.qcow2');
    fullImage(full, size);
    const figures: Figure[] = [];
    for (const course of coursesOf(bench))
      figures.push(...(await drive(bench, course, full, size)));
    return figures;
  },
};

function coursesOf(bench: Workbench): readonly Course[] {
  const seconds = bench.size(2, 0.1);
  const small = { blockBytes: 4 * KIB, depth: 32 };
  const large = { blockBytes: MIB, depth: 8 };
  return [
    {
      name: '4 KiB random read, depth 32',
      job: { pattern: 'randread', ...small, seconds },
      by: 'rate',
      goal: 3,
    },
    {
      name: '4 KiB random write, depth 32',
      job: { pattern: 'randwrite', ...small, seconds },
      by: 'rate',
      goal: 1,
    },
    {
      name: '4 KiB sequential write into zones, depth 32',
      job: { pattern: 'write', ...small, bytes: bench.size(256, 1) * MIB },
      by: 'rate',
      goal: 2.5,
      zoned: true,
    },
    {
      name: '1 MiB sequential read, depth 8',
      job: { pattern: 'read', ...large, seconds },
      by: 'bandwidth',
      goal: 1.2,
    },
    {
      name: '1 MiB sequential write, depth 8',
      job: { pattern: 'write', ...large, seconds },
      by: 'bandwidth',
      goal: 1.2,
    },
  ];
}

async function drive(
  bench: Workbench,
  { name, job, by, goal, zoned }: Course,
  full: string,
  size: number,
): Promise<Figure[]> {
  const socket = bench.path('nbd.sock');
  const fresh = async () => {
    const file = bench.path('zoned.qcow2');
    fs.rmSync(file, { force: true });
    await createImage(file, { size, zoned: { profile: 'zbc', zoneSize: bench.size(64, 1) * MIB } });
    return file;
  };
  const server = (label: string, words: (file: string) => [string, ...string[]]): Side => ({
    name: label,
    run: async () => serveAndDrive(socket, words(zoned ? await fresh() : full), job),
  });
  return bench.compare({
    ours: server('zonelab nbd', (file) => [bench.zonelab, 'nbd', file, '--socket', socket]),
    peer: server('qemu-nbd', (file) => ['qemu-nbd', '-t', '-f', 'qcow2', '-k', socket, file]),
    limit: server('nbdkit null', () => ['nbdkit', '-f', '-U', socket, 'null', `size=${size}`]),
    quantities: [
      {
        key: by,
        name,
        unit: by === 'rate' ? '1/s' : 'MiB/s',
        better: 'higher',
        goal: { ratio: goal },
      },
      { key: 'p99', name: `${name}: 99th percentile`, unit: 'ms', better: 'lower' },
      {
        key: 'processor',
        name: `${name}: server's processor time`,
        unit: 's/GiB',
        better: 'lower',
      },
    ],
  });
}
