import { expect, it } from '@jest/globals';
import { experimentOf, NEW_DRAFT, sweepOf, varyPaths } from './compose.ts';

const WORKLOADS = [
  {
    name: 'seq-write',
    description: '',
    parameters: {
      properties: {
        kind: { const: 'seq-write' },
        operations: { type: 'integer' },
        blockSize: { type: 'integer', unit: 'bytes' },
        queueDepth: { type: 'integer' },
        alongside: { type: 'boolean' },
      },
    },
  },
];
const PRESETS = [{ name: 'zn540', description: '', parameters: {} }];

const BODY = {
  seed: 1,
  device: { preset: 'zn540' },
  workload: {
    phases: [{ kind: 'seq-write', operations: 100_000, blockSize: 65_536, queueDepth: 4 }],
  },
};

it('is the experiment that the API takes', () => {
  expect(experimentOf(NEW_DRAFT, PRESETS, WORKLOADS)).toEqual(BODY);
  expect(experimentOf({ ...NEW_DRAFT, name: 'a' }, PRESETS, WORKLOADS)).toMatchObject({
    name: 'a',
  });
});

it('becomes a sweep with what varies', () => {
  const path = 'workload.phases[0].queueDepth';
  const vary = [
    { path, values: '1, 2,4,' },
    { path: 'device.preset', values: 'zn540,ideal' },
  ];
  expect(sweepOf({ name: 'deep', ...BODY } as never, vary)).toEqual({
    ...{ name: 'deep', base: BODY, mode: 'cartesian' },
    vary: { [path]: [1, 2, 4], 'device.preset': ['zn540', 'ideal'] },
  });
});

it('can vary every number of a phase', () => {
  const paths = varyPaths(NEW_DRAFT, WORKLOADS);
  expect(paths).toContain('workload.phases[0].queueDepth');
  expect(paths).not.toContain('workload.phases[0].alongside');
});
