import { describe, expect, it } from '@jest/globals';
import type { DeviceDefinition } from '../definition.ts';
import { runExperiment } from '../engine/run-experiment.ts';
import { validate } from '../resolve.ts';
import type { WriterModelName } from './writer-models.ts';

const MIB = 1024 * 1024;

const device = (geometry = {}): DeviceDefinition => ({
  preset: 'custom',
  geometry: {
    profile: 'zbc',
    size: 64 * 64 * MIB,
    zoneSize: 64 * MIB,
    conventionalZones: 2,
    maxActiveZones: 8,
    maxOpenZones: 8,
    maxAppendBytes: MIB,
    ...geometry,
  },
  timing: { serviceTimeNs: 1000 },
});
/** Three times the device; each model runs once for all that is said of it. */
const runs = new Map<WriterModelName, ReturnType<typeof runExperiment>>();
function run(kind: WriterModelName) {
  const phase = { kind, bytes: 12 * 1024 * MIB, queueDepth: 4 };
  const found =
    runs.get(kind) ?? runExperiment({ device: device(), workload: { phases: [phase] } });
  runs.set(kind, found);
  return found;
}

describe('models of real writers', () => {
  it.each<[WriterModelName]>([['rocksdb-zenfs'], ['f2fs'], ['btrfs'], ['smr-streams']])(
    '%s writes three times its device without a refusal, and reuses its zones',
    async (kind) => {
      const { outcome, totals, zones } = await run(kind);
      expect([outcome, totals.refusals]).toEqual(['completed', {}]);
      expect(totals.writeAmplification.hostBytes).toBeGreaterThanOrEqual(12 * 1024 * MIB);
      expect(totals.operations.reset?.accepted).toBeGreaterThan(100);
      const live = zones.filter(({ condition }) => condition !== 'empty').length;
      expect(live).toBeGreaterThan(30);
    },
  );

  it('rocksdb-zenfs finishes zones with little room left', async () => {
    const { totals } = await run('rocksdb-zenfs');
    expect(totals.writeAmplification.relocatedBytes).toBeGreaterThanOrEqual(0);
    expect(totals.limits.peakActiveZones).toBeLessThanOrEqual(6);
  });

  it('f2fs keeps six logs open and writes checkpoints to conventional zones', async () => {
    const { totals, zones } = await run('f2fs');
    expect(totals.limits.peakOpenZones).toBeGreaterThanOrEqual(6);
    expect(
      zones.filter(({ index }) => index < 2).some(({ writtenBytes }) => writtenBytes > 0),
    ).toBe(true);
  });

  it('btrfs appends its data, and logs its superblock in two zones', async () => {
    const { totals, zones } = await run('btrfs');
    const { append, write } = totals.operations;
    expect(append?.bytes ?? 0).toBeGreaterThan(write?.bytes ?? 0);
    expect(zones.find(({ index }) => index === 2)?.writtenBytes).toBeGreaterThan(0);
  });

  it('smr-streams moves nothing', async () => {
    expect((await run('smr-streams')).totals.writeAmplification.relocatedBytes).toBe(0);
  });

  it.each<[WriterModelName, object, string]>([
    ['f2fs', { conventionalZones: 0 }, 'device.geometry.conventionalZones'],
    ['f2fs', { maxActiveZones: 6, maxOpenZones: 6 }, 'device.geometry.maxActiveZones'],
    ['btrfs', { maxAppendBytes: 65_536 }, 'workload.phases[0].blockSize'],
    ['rocksdb-zenfs', { size: 10 * 64 * MIB }, 'workload.phases[0].zones.count'],
  ])('%s is refused on a device with %j, by the field', (kind, geometry, path) => {
    const problems = validate({
      device: device(geometry),
      workload: { phases: [{ kind, bytes: 128 * MIB }] },
    });
    expect(problems.map((problem) => problem.path)).toContain(path);
  });
});
