/** 4 KiB reads through the library at places that no read-ahead foresees, everything mapped and cached. */
import { ZonedDevice } from '@zonelab/qcow2-zoned';
import { fullImage } from '../images.ts';
import { type Benchmark, GIB, MIB, run } from '../workbench.ts';

const BLOCK = 4096;
const DEPTH = 32;
/** Blocks between two reads. Odd, so that a disk of 2^n blocks is visited whole. */
const STRIDE_BLOCKS = 77_743;

export const randomRead: Benchmark = {
  name: 'random-read',
  about: 'scattered 4 KiB reads through the library beside qemu-img bench, 1 GiB mapped and cached',
  tools: ['qemu-img'],
  async run(bench) {
    const file = bench.path('full.qcow2');
    const size = bench.size(GIB, 4 * MIB);
    const count = bench.size(400_000, 100);
    const stride = (STRIDE_BLOCKS * BLOCK) % size;
    fullImage(file, size);
    return bench.compare({
      ours: {
        name: 'ZonedDevice.read',
        run: async () => ({ rate: count / (await readAll(file, { count, size, stride })) }),
      },
      peer: {
        name: 'qemu-img bench',
        run: () => ({ rate: count / qemuBench(file, count, stride) }),
      },
      quantities: [
        { key: 'rate', name: '4 KiB reads', unit: '1/s', better: 'higher', goal: { ratio: 1 } },
      ],
    });
  },
};

interface Walk {
  readonly count: number;
  readonly size: number;
  readonly stride: number;
}

/** Seconds, without opening. */
async function readAll(file: string, { count, size, stride }: Walk): Promise<number> {
  const device = await ZonedDevice.open(file, { readOnly: true });
  try {
    const target = Buffer.alloc(BLOCK);
    const start = performance.now();
    for (let index = 0, offset = 0; index < count; index++) {
      const pending = device.read(offset, target);
      if (pending !== undefined) await pending;
      offset = (offset + stride) % size;
    }
    return (performance.now() - start) / 1000;
  } finally {
    await device.close();
  }
}

/** Seconds as qemu-img tells them, without opening. */
function qemuBench(file: string, count: number, stride: number): number {
  const words = [
    '-c',
    String(count),
    '-d',
    String(DEPTH),
    '-s',
    String(BLOCK),
    '-S',
    String(stride),
  ];
  const text = run('qemu-img', 'bench', '-f', 'qcow2', ...words, file);
  return Number(/completed in ([\d.]+) seconds/.exec(text)?.[1]);
}
