import { expect, it } from '@jest/globals';
import { experimentDefinitionSchema } from './experiments.ts';

const phase = { kind: 'seq-write', blockSize: '4K', operations: 10 };
const definition = { device: { preset: 'ideal' }, workload: { phases: [phase] } };

function issuesOf(given: object) {
  return experimentDefinitionSchema.safeParse(given).error?.issues ?? [];
}

it('fills in the seed and turns sizes into bytes', () => {
  expect(experimentDefinitionSchema.parse(definition)).toEqual({
    device: { preset: 'ideal' },
    workload: { phases: [{ ...phase, blockSize: 4096 }] },
    seed: 1,
  });
});

it.each([[{ bytes: '1M' }], [{ operations: undefined }]])(
  'refuses a phase without exactly one end, as with %p',
  (change) => {
    const given = { ...definition, workload: { phases: [{ ...phase, ...change }] } };
    expect(issuesOf(given)).toMatchObject([{ path: ['workload', 'phases', 0] }]);
  },
);

it('wants size and zone size of a custom device', () => {
  const given = { ...definition, device: { preset: 'custom', geometry: { size: '1G' } } };
  expect(issuesOf(given)).toMatchObject([{ path: ['device', 'geometry', 'zoneSize'] }]);
});
