/** What opening a huge disk takes, and what it keeps before the first request. */
import v8 from 'node:v8';
import vm from 'node:vm';
import { createImage, ZonedDevice } from '@zonelab/qcow2-zoned';
import { scatteredImage } from '../images.ts';
import { type Benchmark, GIB, MIB, TIB, type Workbench } from '../workbench.ts';

/** Devices open at once for one reading of memory: one alone drowns in the heap's noise. */
const OPEN_AT_ONCE = 8;

export const open: Benchmark = {
  name: 'open',
  about: 'open of a 1 TiB image: time, and memory before the first request (no peer)',
  tools: [],
  async run(bench) {
    const size = bench.size(TIB, 16 * GIB);
    const plain = bench.path('plain.qcow2');
    const zoned = bench.path('zoned.qcow2');
    await scatteredImage(plain, size, bench.size(100_000, 100));
    await createImage(zoned, {
      size,
      clusterSize: 64 * 1024,
      zoned: { profile: 'zbc', zoneSize: 256 * MIB },
    });
    return [
      ...(await openings(bench, plain, 'plain, 100,000 clusters')),
      ...(await openings(bench, zoned, 'zoned, 4,096 zones')),
    ];
  },
};

function openings(bench: Workbench, file: string, name: string) {
  return bench.compare({
    ours: {
      name: 'ZonedDevice.open',
      run: async () => ({ ms: await openTime(file), memory: await openMemory(file) }),
    },
    quantities: [
      { key: 'ms', name: `open, ${name}`, unit: 'ms', better: 'lower', goal: { value: 20 } },
      { key: 'memory', name: `memory, ${name}`, unit: 'MiB', better: 'lower', goal: { value: 2 } },
    ],
  });
}

async function openTime(file: string): Promise<number> {
  const start = performance.now();
  const device = await ZonedDevice.open(file);
  const elapsed = performance.now() - start;
  await device.close();
  return elapsed;
}

/** MiB that an open device keeps. */
async function openMemory(file: string): Promise<number> {
  const before = usedBytes();
  const devices: ZonedDevice[] = [];
  for (let count = 0; count < OPEN_AT_ONCE; count++)
    devices.push(await ZonedDevice.open(file, { readOnly: true }));
  const used = usedBytes() - before;
  for (const device of devices) await device.close();
  return used / OPEN_AT_ONCE / MIB;
}

v8.setFlagsFromString('--expose-gc');
const collectGarbage = vm.runInNewContext('gc') as () => void;

function usedBytes(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
