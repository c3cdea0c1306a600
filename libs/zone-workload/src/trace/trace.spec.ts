import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import type { ExperimentDefinition, TracePhase } from '../definition.ts';
import { runExperiment } from '../engine/run-experiment.ts';
import { Random } from '../random.ts';
import { TraceFeed } from './feed.ts';
import { type TraceFormat, TraceOp } from './record.ts';

const MIB = 1024 * 1024;
const { Read, Write, Trim } = TraceOp;

async function* chunks(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function readAll(format: TraceFormat, bytes: Uint8Array, chunk = 7) {
  const feed = new TraceFeed('t', format, chunks(bytes, chunk));
  const records: number[][] = [];
  for (;;) {
    if (feed.starved) await feed.refill();
    const record = feed.peek();
    if (!record) return records;
    records.push([record.op, record.timeNs, record.offset, record.length]);
    feed.take();
  }
}

const SAMPLES: readonly [TraceFormat, string, string, number[][]][] = [
  [
    'fio-iolog',
    'version 3',
    'fio version 3 iolog\n29 /dev/x add\n30 /dev/x open\n100 /dev/x read 0 4096\n350 /dev/x write 8192 512\n360 /dev/x trim 0 4096\n370 /dev/x close\n',
    [
      [Read, 0, 0, 4096],
      [Write, 250_000, 8192, 512],
      [Trim, 260_000, 0, 4096],
    ],
  ],
  [
    'fio-iolog',
    'version 2',
    'fio version 2 iolog\n/dev/x add\n/dev/x open\n/dev/x read 0 4096\n/dev/x wait 500 0\n/dev/x write 4096 4096\n',
    [
      [Read, 0, 0, 4096],
      [Write, 500_000, 4096, 4096],
    ],
  ],
  [
    'blkparse',
    'with a summary',
    '  8,0    3        1     0.000000000   697  Q   W 223490 + 8 [kjournald]\n  8,0    3        2     0.000001829   697  G   W 223490 + 8 [kjournald]\n  8,0    3       11     0.009507758   697  Q   R 8 + 56 [x]\n  8,0    1       12     1.500000000   697  Q  DS 16 + 8 [x]\nCPU0 (8,0):\n Reads Queued:           0,        0KiB\n',
    [
      [Write, 0, 223_490 * 512, 4096],
      [Read, 9_507_758, 4096, 56 * 512],
      [Trim, 1_500_000_000, 8192, 4096],
    ],
  ],
  [
    'msr',
    'with stamps past 2^53',
    '128166372003061629,hm,0,Read,383496192,32768,413\n128166372016382155,hm,0,Write,2822144,4096,100\n',
    [
      [Read, 0, 383_496_192, 32_768],
      [Write, 1_332_052_600, 2_822_144, 4096],
    ],
  ],
  [
    'alibaba',
    'device 3',
    '3,W,126703644672,4096,1577808000000046\n3,R,8192,16384,1577808000000146\n',
    [
      [Write, 0, 126_703_644_672, 4096],
      [Read, 100_000, 8192, 16_384],
    ],
  ],
  [
    'tencent',
    'volume 1063',
    '1538323200,12910952,128,0,1063\n1538323201,8,8,1,1063\n',
    [
      [Read, 0, 12_910_952 * 512, 65_536],
      [Write, 1e9, 4096, 4096],
    ],
  ],
  [
    'systor17',
    'with a heading and an empty type',
    'Timestamp,Response,IOType,LUN,Offset,Size\n1455591600.016332,0.000264,W,4,36864,4096\n1455591600.5,0.1,,4,0,0\n1455591600.516332,0.000264,R,4,0,8192\n',
    [
      [Write, 0, 36_864, 4096],
      [Read, 500_000_000, 0, 8192],
    ],
  ],
];

describe('traces', () => {
  it.each(SAMPLES)(
    'of %s, %s, are read whatever their chunks',
    async (format, _, text, expected) => {
      const bytes = new TextEncoder().encode(text);
      for (const size of [1, 13, 4096]) {
        const records = await readAll(format, bytes, size);
        // a double holds the seconds of SYSTOR '17 to a quarter of a microsecond
        const rounded = records.map(([op, ns = 0, ...rest]) => [
          op,
          Math.round(ns / 1000) * 1000,
          ...rest,
        ]);
        const wanted = expected.map(([op, ns = 0, ...rest]) => [
          op,
          Math.round(ns / 1000) * 1000,
          ...rest,
        ]);
        expect(rounded).toEqual(wanted);
      }
    },
  );

  it('are unpacked where they are compressed', async () => {
    const [format, , text, expected] = SAMPLES[4] as (typeof SAMPLES)[number];
    expect(await readAll(format, gzipSync(text))).toEqual(expected);
  });

  it.each<[TraceFormat, string, string]>([
    ['alibaba', '3,X,0,4096,1\n', 'line 1: opcode: got X, allowed is R or W'],
    ['msr', '1,h,0,Read,0,4096,1\nrubbish\n', 'line 2: columns: got 1'],
    ['fio-iolog', 'hello\n', 'line 1: first line: got hello'],
    ['blkparse', 'what is this\n', 'line 1: line: got what is this'],
    ['tencent', '1,-5,8,0,1\n', 'line 1: offset: got -5'],
    ['systor17', 'x,0,R,1,0,1\n', 'line 1: Timestamp: got x'],
  ])('of %s are refused by line and field', async (format, text, message) => {
    const read = readAll(format, new TextEncoder().encode(text));
    await expect(read).rejects.toMatchObject({ code: 'invalid_trace' });
    await expect(read).rejects.toThrow(message);
  });

  it('fail where they are cut off in the middle of compressed data', async () => {
    const cut = gzipSync('3,W,0,4096,1\n'.repeat(10_000)).subarray(0, 60);
    await expect(readAll('alibaba', cut)).rejects.toThrow();
  });
});

function play(phase: Partial<TracePhase>, text: string) {
  const definition: ExperimentDefinition = {
    device: {
      preset: 'custom',
      geometry: { profile: 'zns', size: 64 * MIB, zoneSize: MIB, maxActiveZones: 4 },
      timing: { serviceTimeNs: 1000 },
    },
    workload: { phases: [{ kind: 'trace', format: 'alibaba', trace: 'x', ...phase }] },
  };
  return runExperiment(definition, {
    openTrace: () => chunks(new TextEncoder().encode(text), 1000),
  });
}

describe('a trace phase', () => {
  const overwrites = (count: number) => {
    const random = new Random(1);
    return Array.from(
      { length: count },
      (_, n) => `1,W,${random.below(12_000) * 4096},4096,${n}`,
    ).join('\n');
  };

  it('keeps the times of the trace, or a multiple of its speed', async () => {
    const text = '1,W,0,4096,0\n1,R,0,4096,1000\n1,R,0,4096,5000\n';
    expect((await play({}, text)).totals.durationNs).toBe(5_001_000);
    expect((await play({ speed: 2 }, text)).totals.durationNs).toBe(2_501_000);
    expect((await play({ speed: 0 }, text)).totals.durationNs).toBe(3000);
  });

  it('writes anywhere through the translation, at the cost of relocation', async () => {
    const report = await play({ speed: 0, queueDepth: 4 }, overwrites(30_000));
    const { hostBytes, relocatedBytes, withoutPadding } = report.totals.writeAmplification;
    expect(hostBytes).toBe(30_000 * 4096);
    expect(relocatedBytes).toBeGreaterThan(0);
    expect(withoutPadding).toBeCloseTo(1 + relocatedBytes / hostBytes, 10);
    expect(report.totals.refusals).toEqual({});
  });

  it('is the same report however its input is cut', async () => {
    const [first, second] = await Promise.all([
      play({ queueDepth: 4 }, overwrites(20_000)),
      play({ queueDepth: 4 }, overwrites(20_000)),
    ]);
    expect(JSON.stringify(first)).toBe(JSON.stringify(second));
  });

  it('is refused by the device where it is not translated and not sequential', async () => {
    const text = '1,W,0,4096,0\n1,W,8192,4096,1\n1,W,4096,4096,2\n1,R,99999999999,4096,3\n';
    const report = await play({ translation: 'none' }, text);
    expect(report.totals.refusals).toEqual({ zone_invalid_write: 1 });
    expect(report.totals.operations).toMatchObject({
      write: { accepted: 2 },
      read: { accepted: 1 },
    });
  });
});
