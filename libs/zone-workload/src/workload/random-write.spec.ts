import { describe, expect, it } from '@jest/globals';
import type { RandomWritePhase } from '../definition.ts';
import { runExperiment } from '../engine/run-experiment.ts';

const MIB = 1024 * 1024;

async function amplification(phase: Partial<RandomWritePhase>, seed = 1) {
  const { phases, totals } = await runExperiment({
    seed,
    device: {
      preset: 'custom',
      geometry: { profile: 'zns', size: 128 * MIB, zoneSize: MIB, maxActiveZones: 2 },
    },
    workload: { phases: [{ kind: 'random-write', bytes: 512 * MIB, ...phase }] },
  });
  expect(totals.refusals).toEqual({});
  expect(phases[0]?.outcome).toBe('completed');
  return totals.writeAmplification.withoutPadding ?? 0;
}

describe('random writes through a log-structured translation', () => {
  it('cost nothing extra while they only fill the space', async () => {
    expect(await amplification({ bytes: 64 * MIB })).toBe(1);
  });

  it('cost as much as theory says for greedy collection of uniform writes', async () => {
    // a quarter spare: greedy collection is bounded by (1 + u) / (2 (1 - u)) for a utilization u
    const measured = await amplification({ overProvisioning: 0.25 });
    expect(measured).toBeGreaterThan(1.3);
    expect(measured).toBeLessThan((1 + 0.75) / (2 * 0.25));
  });

  it('cost more the less space is spare', async () => {
    expect(await amplification({ overProvisioning: 0.1 })).toBeGreaterThan(
      await amplification({ overProvisioning: 0.3 }),
    );
  });

  it('read back only what was written', async () => {
    const waf = await amplification({ readShare: 0.5, bytes: 64 * MIB });
    expect(waf).toBeGreaterThanOrEqual(1);
  });
});
