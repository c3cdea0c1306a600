import { expect, it } from '@jest/globals';
import { experimentDefinitionSchema, resolveDeviceGeometry } from './experiments.ts';

it('fills a definition with its defaults', () => {
  expect(experimentDefinitionSchema.parse({ workload: { kind: 'seq-write' } })).toEqual({
    device: { preset: 'ideal', overrides: {} },
    workload: { kind: 'seq-write', blockSize: 4096, queueDepth: 1 },
    seed: 1,
  });
});

it.each([[{}], [{ workload: { kind: 'seq-write' }, phases: [{ kind: 'seq-write' }] }]])(
  'refuses a definition without exactly one of workload and phases',
  (given) => {
    expect(experimentDefinitionSchema.safeParse(given).error?.issues).toMatchObject([
      { path: ['workload'] },
    ]);
  },
);

it('lets the zone capacity follow an overridden zone size', () => {
  const geometry = resolveDeviceGeometry({ preset: 'ideal', overrides: { zoneSize: 4096 } });
  expect(geometry).toMatchObject({ zoneSize: 4096, zoneCapacity: 4096 });
});
