import { describe, expect, it } from '@jest/globals';
import type { DeviceDefinition, ExperimentDefinition, PhaseDefinition } from '../definition.ts';
import type { ExperimentReport } from '../report/report.ts';
import { type RunOptions, runExperiment } from './run-experiment.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const CAPACITY = 8 * MIB;

function deviceOf(overrides: Partial<DeviceDefinition> = {}): DeviceDefinition {
  const { geometry, ...rest } = overrides;
  return {
    preset: 'custom',
    geometry: {
      profile: 'zbc',
      size: 16 * CAPACITY,
      zoneSize: CAPACITY,
      maxAppendBytes: MIB,
      ...geometry,
    },
    ...rest,
  };
}

function run(
  phases: PhaseDefinition | PhaseDefinition[],
  overrides: Partial<DeviceDefinition> = {},
  options: RunOptions & { seed?: number } = {},
): Promise<ExperimentReport> {
  const { seed = 1, ...rest } = options;
  const definition: ExperimentDefinition = {
    seed,
    device: deviceOf(overrides),
    workload: { phases: [phases].flat() },
  };
  return runExperiment(definition, rest);
}

const resetsOf = (report: ExperimentReport) => report.totals.operations.reset?.accepted ?? 0;
const mixedPhase: PhaseDefinition = {
  kind: 'mixed',
  readShare: 0.6,
  blockSize: 16 * KIB,
  jobs: 3,
  queueDepth: 4,
  operations: 20_000,
};

describe("fio's own counts for zonemode=zbd", () => {
  it('writes one zone in 9 passes with 8 to 10 resets at frequency 0.01 and threshold 0.9', async () => {
    const report = await run({
      kind: 'seq-write',
      blockSize: 4 * KIB,
      queueDepth: 16,
      zones: { count: 1 },
      bytes: 9 * CAPACITY,
      resetFrequency: 0.01,
      resetThreshold: 0.9,
    });
    expect(report.totals.writeAmplification.hostBytes).toBe(9 * CAPACITY);
    expect(resetsOf(report)).toBeGreaterThanOrEqual(8);
    expect(resetsOf(report)).toBeLessThanOrEqual(10);
  });

  it('writes one zone from 16 jobs, 16 capacities with 15 or 16 resets', async () => {
    const report = await run({
      kind: 'seq-write',
      blockSize: 4 * KIB,
      queueDepth: 4,
      jobs: 16,
      zones: { count: 1 },
      bytes: 16 * CAPACITY,
    });
    expect(report.totals.writeAmplification.hostBytes).toBe(16 * CAPACITY);
    expect([15, 16]).toContain(resetsOf(report));
    expect(report.totals.refusals).toEqual({});
  });
});

describe('an experiment', () => {
  it('gives the same report, byte for byte, for the same definition and seed', async () => {
    const [first, second] = await Promise.all([run(mixedPhase), run(mixedPhase)]);
    expect(JSON.stringify(first)).toBe(JSON.stringify(second));
  });

  it('does not depend on how it is sliced', async () => {
    const whole = await run(mixedPhase);
    const sliced = await run(mixedPhase, {}, { sliceOperations: 7 });
    expect(JSON.stringify(sliced)).toBe(JSON.stringify(whole));
  });

  it('differs with the seed', async () => {
    const reports = await Promise.all([1, 2].map((seed) => run(mixedPhase, {}, { seed })));
    const [first, second] = reports.map(({ totals }) => totals.operations.read?.accepted);
    expect(first).not.toBe(second);
  });

  it('is repeated by the definition in its own report', async () => {
    const report = await run(mixedPhase, { timing: { serviceTimeNs: 5000 }, prefilledZones: 2 });
    expect(await runExperiment(report.definition)).toEqual(report);
  });

  it('takes as long as the service time, the queue depth and the count say', async () => {
    const report = await run(
      { kind: 'random-read', blockSize: 4 * KIB, queueDepth: 4, operations: 1000 },
      { timing: { serviceTimeNs: 20_000 } },
    );
    expect(report.totals.durationNs).toBe(250 * 20_000);
    expect(report.totals.iops).toBe(200_000);
    expect(report.totals.operations.read?.latencyNs).toMatchObject({
      min: 20_000,
      mean: 20_000,
      p9999: 20_000,
    });
  });

  it('has no rate where no time passes', async () => {
    const { totals } = await run({ kind: 'random-read', blockSize: 4 * KIB, operations: 10 });
    expect(totals).toMatchObject({ durationNs: 0, iops: null, readBytesPerSecond: null });
  });

  it('ends a phase after its simulated seconds', async () => {
    const report = await run(
      { kind: 'seq-write', blockSize: 4 * KIB, seconds: 0.5 },
      { timing: { serviceTimeNs: 100_000 } },
    );
    expect(report.totals.operations.write?.accepted).toBe(5000);
  });

  it('runs its phases one after the other on the same zones', async () => {
    const report = await run(
      [
        { kind: 'seq-write', blockSize: MIB, bytes: 4 * CAPACITY },
        { kind: 'random-read-below-wp', blockSize: 4 * KIB, operations: 100 },
      ],
      { timing: { serviceTimeNs: 1000 } },
    );
    const [write, read] = report.phases;
    expect(read?.startNs).toBe(write?.durationNs);
    expect(report.totals.operations.read?.accepted).toBe(100);
    expect(report.zones.map(({ condition }) => condition)).toEqual([
      'full',
      'full',
      'full',
      'full',
    ]);
  });

  it('stops with the reason before anything runs when its definition is invalid', async () => {
    const seen: number[] = [];
    const bad = run(
      { kind: 'seq-write', blockSize: 1000, operations: 1 },
      {},
      {
        onProgress: ({ operations }) => void seen.push(operations),
      },
    );
    await expect(bad).rejects.toMatchObject({ code: 'invalid_definition' });
    await expect(bad).rejects.toThrow('workload.phases[0].blockSize: got 1000');
    expect(seen).toEqual([]);
  });

  it('tells its progress from 0 to 1 and never back', async () => {
    const seen: number[] = [];
    await run(
      mixedPhase,
      {},
      {
        sliceOperations: 1000,
        onProgress: ({ progress }) => void seen.push(progress),
      },
    );
    expect(seen.length).toBeGreaterThan(15);
    expect([seen[0], seen.at(-1)]).toEqual([0, 1]);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
  });

  it('ends with cancelled at the next slice after its signal', async () => {
    const controller = new AbortController();
    const cancelled = run(
      { kind: 'random-read', blockSize: 512, operations: 1e12 },
      {},
      {
        sliceOperations: 1000,
        signal: controller.signal,
        onProgress: ({ operations }) => {
          if (operations >= 3000) controller.abort();
        },
      },
    );
    await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' });
  });
});

describe('workloads', () => {
  it('zone-append keeps one zone open per job, and shares none while there are enough', async () => {
    const report = await run({
      kind: 'zone-append',
      blockSize: 64 * KIB,
      queueDepth: 8,
      jobs: 5,
      bytes: 10 * CAPACITY,
    });
    expect(report.totals.limits.peakOpenZones).toBe(5);
    expect(report.totals.operations.append?.bytes).toBe(10 * CAPACITY);
    expect(report.zones.every(({ writtenBytes }) => writtenBytes === CAPACITY)).toBe(true);
    expect(report.zones).toHaveLength(10);
  });

  it('seq-write finishes a rest that no block fits in, and counts the padding', async () => {
    const report = await run(
      { kind: 'seq-write', blockSize: 3 * MIB, operations: 9 },
      { geometry: { size: 16 * CAPACITY, zoneSize: CAPACITY } },
    );
    // of nine commands every third finishes the last 2 MiB of a zone
    expect(report.totals.operations).toMatchObject({
      write: { accepted: 6 },
      finish: { accepted: 3 },
    });
    expect(report.totals.writeAmplification).toEqual({
      hostBytes: 18 * MIB,
      relocatedBytes: 0,
      paddedBytes: 6 * MIB,
      withoutPadding: 1,
      withPadding: 24 / 18,
    });
  });

  it('mixed reads its share', async () => {
    const { read, write } = (await run(mixedPhase)).totals.operations;
    const share = (read?.accepted ?? 0) / ((read?.accepted ?? 0) + (write?.accepted ?? 0));
    expect(Math.abs(share - 0.6)).toBeLessThan(0.02);
  });

  it('reset-churn fills, finishes and resets its zones in turn', async () => {
    const report = await run({
      kind: 'reset-churn',
      blockSize: MIB,
      fill: 0.5,
      finish: true,
      zones: { first: 2, count: 3 },
      operations: 6 * 6, // 4 writes, a finish, a reset; six times
    });
    expect(report.zones).toEqual(
      [2, 3, 4].map((index) => ({
        index,
        condition: 'empty',
        writePointer: index * CAPACITY,
        resets: 2,
        finishes: 2,
        writtenBytes: CAPACITY,
      })),
    );
  });

  it('lets the device close zones at its open limit, and counts it', async () => {
    const report = await run(
      { kind: 'seq-write', blockSize: MIB, jobs: 4, bytes: 4 * CAPACITY },
      { geometry: { maxOpenZones: 2 } },
    );
    expect(report.totals.limits).toMatchObject({
      peakOpenZones: 2,
      peakActiveZones: 4,
      tooManyOpenZones: 0,
    });
    expect(report.totals.limits.autoCloses).toBeGreaterThan(0);
    expect(report.zones.every(({ condition }) => condition === 'full')).toBe(true);
  });

  it('counts refusals at the active limit when asked to', async () => {
    const { totals, outcome } = await run(
      { kind: 'seq-write', blockSize: MIB, jobs: 3, operations: 30, overLimit: 'count' },
      { geometry: { profile: 'zns', maxOpenZones: 2, maxActiveZones: 2 } },
    );
    expect(outcome).toBe('completed');
    expect(totals.limits.tooManyActiveZones).toBeGreaterThan(0);
    expect(totals.refusals).toEqual({ too_many_active_zones: totals.limits.tooManyActiveZones });
    expect(totals.limits.peakActiveZones).toBe(2);
  });

  it('gives up and says so where nothing can succeed any more', async () => {
    const report = await run(
      [
        { kind: 'seq-write', blockSize: MIB, jobs: 2, zones: { count: 2 }, operations: 2 },
        { kind: 'seq-write', blockSize: MIB, zones: { first: 4 }, bytes: CAPACITY },
      ],
      { geometry: { profile: 'zns', maxActiveZones: 2 } },
    );
    expect(report.outcome).toBe('stalled');
    expect(report.phases.map(({ outcome }) => outcome)).toEqual(['completed', 'stalled']);
  });

  it('waits for writes in flight before it resets their zone', async () => {
    const report = await run(
      {
        kind: 'seq-write',
        blockSize: MIB,
        queueDepth: 3,
        zones: { count: 1 },
        bytes: 2 * CAPACITY,
      },
      { timing: { serviceTimeNs: 1000 } },
    );
    // eight writes go as 3, 3 and 2; the reset waits for the last two, and the next writes for the reset
    expect(report.totals.durationNs).toBe((3 + 1 + 3) * 1000);
  });
});
