import { describe, expect, it } from '@jest/globals';
import type { PhaseDefinition } from '../../definition.ts';
import { runExperiment } from '../../engine/run-experiment.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

function run(phases: PhaseDefinition | PhaseDefinition[], disk = {}) {
  return runExperiment({
    device: {
      preset: 'custom',
      geometry: { profile: 'zbc', size: 64 * 256 * MIB, zoneSize: 256 * MIB, conventionalZones: 1 },
      timing: { model: 'disk', disk },
      prefilledZones: 60,
    },
    workload: { phases: [phases].flat() },
  });
}

const randomReads = (queueDepth: number): PhaseDefinition => ({
  kind: 'random-read',
  queueDepth,
  operations: 1000,
});

describe('a disk', () => {
  it('reads sequentially at its media rate, even one command at a time', async () => {
    const { totals } = await run(
      { kind: 'seq-read', blockSize: 256 * KIB, operations: 1000, zones: { first: 1 } },
      { outerRate: 200 * MIB, innerRate: 200 * MIB },
    );
    expect((totals.readBytesPerSecond ?? 0) / MIB).toBeGreaterThan(190);
    expect((totals.readBytesPerSecond ?? 0) / MIB).toBeLessThanOrEqual(200);
  });

  it('needs half a turn and a seek for a random read, and less the more it can choose from', async () => {
    const one = (await run(randomReads(1))).totals.iops ?? 0;
    const many = (await run(randomReads(32))).totals.iops ?? 0;
    expect(one).toBeGreaterThan(50);
    expect(one).toBeLessThan(100);
    expect(many).toBeGreaterThan(2 * one);
  });

  it('takes writes into its cache until that is full', async () => {
    const write = (bytes: number) =>
      run(
        { kind: 'seq-write', blockSize: MIB, bytes, zones: { first: 61 } },
        { writeCacheBytes: 8 * MIB },
      );
    expect((await write(8 * MIB)).totals.durationNs).toBeLessThan(17_000_000);
    const rate = (await write(200 * MIB)).totals.writtenBytesPerSecond ?? 0;
    expect(rate / MIB).toBeLessThan(145);
  });

  it('holds the head for commands on zones', async () => {
    const { totals } = await run(
      { kind: 'reset-storm', operations: 10 },
      { manageNs: 5_000_000, commandNs: 0 },
    );
    expect(totals.durationNs).toBe(50_000_000);
  });
});
