/** Traces: a long compressed one in one pass, and the memory that this takes. */
import fs from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { type Contest, compare } from '../figure.ts';
import { runMeasured } from '../process-memory.ts';
import { type Benchmark, KIB, type Workbench } from '../workbench.ts';

const LINES_AT_ONCE = 20_000;

/** Each takes most of a minute. */
const TURNS = 3;

export const trace: Benchmark = {
  name: 'trace',
  about: 'a compressed trace of ten million requests, through the log-structured translation',
  tools: [],
  async run(bench) {
    const lines = bench.size(10_000_000, 2000);
    const file = bench.path('trace.csv.gz');
    await writeTrace(file, lines);
    const run = bench.path('run.json');
    const phase = { kind: 'trace', format: 'alibaba', trace: file, speed: 0, queueDepth: 32 };
    const phases = [{ ...phase, zones: { count: 40 } }];
    fs.writeFileSync(run, JSON.stringify({ device: { preset: 'zn540' }, workload: { phases } }));
    const contest: Contest = {
      ours: { name: 'zonelab sim', run: () => replay(bench, run, lines) },
      quantities: [
        { key: 'rate', name: 'requests, audited', unit: 'thousand/s', better: 'higher' },
        {
          key: 'memory',
          name: 'peak memory of the process',
          unit: 'MiB',
          better: 'lower',
          goal: { value: 512 },
        },
      ],
    };
    return compare(contest, bench.size(TURNS, 1));
  },
};

/** Reads and writes of 4 to 16 KiB, all over 16 GiB. */
async function writeTrace(file: string, lines: number): Promise<void> {
  function* text() {
    let random = 12_345;
    for (let from = 0; from < lines; from += LINES_AT_ONCE) {
      const part: string[] = [];
      for (let line = from; line < Math.min(lines, from + LINES_AT_ONCE); line++) {
        random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
        const offset = ((random >>> 8) % 4_194_304) * 4 * KIB;
        const length = (1 + ((random >>> 12) % 4)) * 4 * KIB;
        part.push(`1,${(random >>> 16) & 1 ? 'W' : 'R'},${offset},${length},${line * 100}\n`);
      }
      yield part.join('');
    }
  }
  const packed = createGzip({ level: 1 });
  await pipeline(Readable.from(text()), packed, fs.createWriteStream(file));
}

async function replay({ zonelab }: Workbench, run: string, lines: number) {
  const { seconds, peakMiB } = await runMeasured(zonelab, 'sim', run);
  return { rate: lines / seconds / 1000, memory: peakMiB };
}
