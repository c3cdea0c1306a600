import { describe, expect, it } from '@jest/globals';
import { expandSweep } from './expand.ts';

const BASE = { seed: 1, workload: { phases: [{ kind: 'x', queueDepth: 1, jobs: 1 }] } };
const PHASE = 'workload.phases[0]';

describe('a sweep', () => {
  it('runs every combination, the last field varying fastest', () => {
    const runs = expandSweep(BASE, {
      vary: { [`${PHASE}.queueDepth`]: [1, 8], seed: { from: 1, to: 3 } },
    });
    expect(runs.map(({ label }) => label)).toEqual([
      'queueDepth=1, seed=1',
      'queueDepth=1, seed=2',
      'queueDepth=1, seed=3',
      'queueDepth=8, seed=1',
      'queueDepth=8, seed=2',
      'queueDepth=8, seed=3',
    ]);
    expect(runs[5]?.definition).toEqual({
      seed: 3,
      workload: { phases: [{ kind: 'x', queueDepth: 8, jobs: 1 }] },
    });
    expect(BASE.seed).toBe(1);
  });

  it('takes the n-th value of every field together when zipped', () => {
    const runs = expandSweep(BASE, {
      mode: 'zipped',
      vary: { [`${PHASE}.queueDepth`]: [1, 2], [`${PHASE}.jobs`]: [10, 20] },
    });
    expect(runs.map(({ definition }) => definition.workload.phases[0])).toEqual([
      { kind: 'x', queueDepth: 1, jobs: 10 },
      { kind: 'x', queueDepth: 2, jobs: 20 },
    ]);
  });

  it('counts ranges by steps or factors, without drift', () => {
    const values = (range: object) =>
      expandSweep(BASE, { vary: { seed: range as never } }).map(({ values }) => values.seed);
    expect(values({ from: 0, to: 0.5, step: 0.1 })).toHaveLength(6);
    expect(values({ from: 1, to: 32, factor: 2 })).toEqual([1, 2, 4, 8, 16, 32]);
    expect(values({ from: 5, to: 5 })).toEqual([5]);
  });

  it('fills in a field whose parent was left out', () => {
    const [run] = expandSweep(BASE, { vary: { 'device.geometry.maxOpenZones': [4] } });
    expect(run?.definition).toMatchObject({ device: { geometry: { maxOpenZones: 4 } } });
    expect(BASE).not.toHaveProperty('device');
  });

  it.each([
    ['nothing that varies', { vary: {} }, 'sweep.vary'],
    [
      'lists of unequal length when zipped',
      { mode: 'zipped', vary: { seed: [1], name: ['a', 'b'] } },
      'equal length',
    ],
    ['an unknown mode', { mode: 'random', vary: { seed: [1] } }, 'cartesian, zipped'],
    ['an empty list', { vary: { seed: [] } }, 'at least one value'],
    ['a range that goes down', { vary: { seed: { from: 3, to: 1 } } }, 'at or above from'],
    ['a step of 0', { vary: { seed: { from: 1, to: 2, step: 0 } } }, 'above 0'],
    ['a factor of 1', { vary: { seed: { from: 1, to: 2, factor: 1 } } }, 'above 1'],
    [
      'a phase that is not there',
      { vary: { 'workload.phases[3].jobs': [1] } },
      'the path of a field',
    ],
    ['a path into prototypes', { vary: { '__proto__.x': [1] } }, 'the path of a field'],
    ['too many runs', { vary: { seed: { from: 1, to: 2000 } } }, 'at most 1000'],
  ])('is refused with %s', (_, sweep, text) => {
    expect(() => expandSweep(BASE, sweep as never)).toThrow(text);
  });
});
