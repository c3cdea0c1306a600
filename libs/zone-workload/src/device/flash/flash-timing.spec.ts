import { describe, expect, it } from '@jest/globals';
import type { ExperimentDefinition, PhaseDefinition } from '../../definition.ts';
import { runExperiment } from '../../engine/run-experiment.ts';
import type { FlashTiming } from './parameters.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

/** Two dies, no time but what a test gives. */
const STILL: FlashTiming = {
  dies: 2,
  channels: 2,
  diesPerZone: 0,
  pageBytes: 16 * KIB,
  channelRate: Number.MAX_SAFE_INTEGER,
  hostReadRate: Number.MAX_SAFE_INTEGER,
  hostWriteRate: Number.MAX_SAFE_INTEGER,
  readCommandNs: 0,
  writeCommandNs: 0,
  appendCommandNs: 0,
  manageCommandNs: 0,
  commandSpread: 'none',
  readFixedNs: 0,
  writeFixedNs: 0,
  appendFixedNs: 0,
  implicitOpenNs: 0,
  pageReadNs: 0,
  slowPageReadNs: 0,
  slowPageEvery: 0,
  programBytes: 64 * KIB,
  programNs: 0,
  programSliceNs: 0,
  flushBytes: 64 * KIB,
  bufferBytes: 0,
  zoneBufferBytes: 0,
  openNs: 0,
  closeNs: 0,
  recordNs: 0,
  resetWorkNs: 0,
  workSliceNs: 1000,
  eraseNs: 0,
  finishNs: 0,
  finishPads: false,
};

function run(
  flash: Partial<FlashTiming>,
  phases: PhaseDefinition | PhaseDefinition[],
  prefilledZones = 0,
) {
  const definition: ExperimentDefinition = {
    device: {
      preset: 'custom',
      geometry: { profile: 'zns', size: 64 * MIB, zoneSize: MIB, maxAppendBytes: MIB },
      timing: { model: 'flash', flash: { ...STILL, ...flash } },
      prefilledZones,
    },
    workload: { phases: [phases].flat() },
  };
  return runExperiment(definition);
}

describe('a flash device', () => {
  it('serves as many reads at once as it has dies, and one of each die', async () => {
    const { totals } = await run(
      { dies: 4, pageReadNs: 100_000 },
      { kind: 'seq-read', blockSize: 16 * KIB, queueDepth: 8, operations: 80, zones: { count: 8 } },
      8,
    );
    expect(totals.durationNs).toBe((80 / 4) * 100_000);
  });

  it('reads all pages of a large block at once', async () => {
    const { totals } = await run(
      { dies: 4, pageReadNs: 100_000 },
      { kind: 'seq-read', blockSize: 64 * KIB, operations: 10 },
      8,
    );
    expect(totals.operations.read?.latencyNs).toMatchObject({ min: 100_000, max: 100_000 });
  });

  it('reads nothing from its dies that was never written', async () => {
    const { totals } = await run({ pageReadNs: 100_000 }, { kind: 'random-read', operations: 10 });
    expect(totals.durationNs).toBe(0);
  });

  it('takes writes at once until its buffer is full, then as fast as programs end', async () => {
    const { totals } = await run(
      { programNs: 1_000_000, bufferBytes: 256 * KIB },
      { kind: 'seq-write', blockSize: 64 * KIB, bytes: 16 * 64 * KIB, zones: { count: 1 } },
    );
    // four programs fit; two end per millisecond; the 16th write waits until twelve have ended
    expect(totals.durationNs).toBe(6_000_000);
    expect(totals.operations.write?.latencyNs).toMatchObject({ min: 0, max: 1_000_000 });
  });

  it('keeps a zone to its own dies where zones are narrower than the device', async () => {
    const write = (jobs: number) =>
      run(
        {
          dies: 4,
          diesPerZone: 1,
          programNs: 1_000_000,
          bufferBytes: 4 * MIB,
          zoneBufferBytes: 64 * KIB,
        },
        { kind: 'seq-write', blockSize: 64 * KIB, jobs, seconds: 0.1 },
      );
    const [one, four] = [await write(1), await write(4)];
    const ratio = (four.totals.iops ?? 0) / (one.totals.iops ?? 1);
    expect(ratio).toBeGreaterThan(3.7);
    expect(ratio).toBeLessThan(4.2);
  });

  it('suspends a program for a read at the end of its slice', async () => {
    const latencies = async (programSliceNs: number) => {
      const report = await run(
        { programNs: 1_000_000, programSliceNs, pageReadNs: 10_000 },
        [
          { kind: 'seq-write', blockSize: 64 * KIB, operations: 2, zones: { first: 8 } },
          { kind: 'idle', seconds: 0.000_25 },
          { kind: 'seq-read', blockSize: 16 * KIB, operations: 1 },
        ],
        8,
      );
      return report.phases[2]?.operations.read?.latencyNs?.max;
    };
    // the programs have run 250 us: to the end of the third slice of 100 us it is 50 us
    expect(await latencies(100_000)).toBe(60_000);
    expect(await latencies(0)).toBe(760_000);
  });

  it('works on a reset in pieces, so that each slows the other', async () => {
    const timing = { writeCommandNs: 10_000, resetWorkNs: 1_000_000, workSliceNs: 10_000 };
    const alone = await run(timing, { kind: 'reset-storm', operations: 1 }, 4);
    expect(alone.totals.operations.reset?.latencyNs?.max).toBe(1_000_000);
    const both = await run(
      timing,
      [
        { kind: 'seq-write', operations: 50, zones: { first: 8 } },
        { kind: 'reset-storm', operations: 1, alongside: true },
      ],
      4,
    );
    expect(both.phases[0]?.operations.write?.latencyNs?.p50).toBe(20_000);
    expect(both.phases[1]?.operations.reset?.latencyNs?.max).toBe(1_500_000);
  });

  it('pads at a finish, and takes longer the emptier the zone is', async () => {
    const finish = (kib: number) =>
      run({ programNs: 100_000, finishPads: true, recordNs: 7000 }, [
        { kind: 'seq-write', blockSize: 64 * KIB, bytes: kib * KIB, zones: { count: 1 } },
        { kind: 'idle', seconds: 1 },
        { kind: 'finish-storm', operations: 1, zones: { count: 1 } },
      ]);
    const times = [];
    for (const kib of [64, 512, 960]) {
      times.push((await finish(kib)).phases[2]?.operations.finish?.latencyNs?.max);
    }
    // 15, 8 and 1 programs over two dies
    expect(times).toEqual([807_000, 407_000, 107_000]);
  });

  it('erases the dies of a zone that is reset', async () => {
    const { totals } = await run({ eraseNs: 3_000_000 }, { kind: 'reset-storm', operations: 3 }, 2);
    expect(totals.operations.reset?.latencyNs).toMatchObject({ min: 0, max: 3_000_000 });
  });

  it('tells in its breakdown what commands waited for', async () => {
    const { timeBreakdownNs } = await run(
      { pageReadNs: 50_000, readFixedNs: 1000 },
      { kind: 'seq-read', blockSize: 16 * KIB, operations: 10 },
      2,
    );
    expect(timeBreakdownNs).toMatchObject({ flashRead: 500_000, fixed: 10_000, dieWait: 0 });
  });
});
