import { describe, expect, it } from '@jest/globals';
import type { ExperimentDefinition, PhaseDefinition } from './definition.ts';
import { resolveExperiment, validate } from './resolve.ts';

const MIB = 1024 * 1024;

const device: ExperimentDefinition['device'] = {
  preset: 'custom',
  geometry: { profile: 'zns', size: 16 * MIB, zoneSize: MIB, maxActiveZones: 4, maxOpenZones: 4 },
};
const write: PhaseDefinition = { kind: 'seq-write', blockSize: 4096, operations: 1 };

const withPhase = (phase: object): ExperimentDefinition => ({
  device,
  workload: { phases: [phase as PhaseDefinition] },
});
const withDevice = (changed: object): ExperimentDefinition => ({
  device: { ...device, ...changed } as ExperimentDefinition['device'],
  workload: { phases: [write] },
});
const withGeometry = (geometry: object) =>
  withDevice({ geometry: { ...device.geometry, ...geometry } });

describe('a definition', () => {
  it('is taken with every default filled in', () => {
    const { seed, workload } = resolveExperiment(withPhase(write));
    expect(seed).toBe(1);
    expect(workload.phases).toEqual([
      {
        name: 'seq-write',
        kind: 'seq-write',
        blockSize: 4096,
        operations: 1,
        queueDepth: 1,
        jobs: 1,
        alongside: false,
        rate: 0,
        thinkNs: 0,
        zones: { first: 0, count: 16 },
        overLimit: 'reject',
        resetFrequency: 0,
        resetThreshold: 0,
      },
    ]);
  });

  it('uses the sequential zones unless told otherwise', () => {
    const { workload } = resolveExperiment(withGeometry({ profile: 'zbc', conventionalZones: 3 }));
    expect(workload.phases[0]?.zones).toEqual({ first: 3, count: 13 });
  });

  const phase0 = 'workload.phases[0]';
  const cases: [string, ExperimentDefinition, string, string, RegExp][] = [
    ['a negative seed', { ...withPhase(write), seed: -1 }, 'seed', '-1', /from 0/],
    ['an unknown preset', withDevice({ preset: 'x' }), 'device.preset', '"x"', /ideal/],
    [
      'no zone size',
      withGeometry({ zoneSize: undefined }),
      'device.geometry.zoneSize',
      'nothing',
      /bytes/,
    ],
    [
      'a crooked capacity',
      withGeometry({ zoneCapacity: 1000 }),
      'device.geometry.zoneCapacity',
      '1000',
      /multiple of 512/,
    ],
    [
      'more prefilled zones than zones',
      withDevice({ prefilledZones: 17 }),
      'device.prefilledZones',
      '17',
      /to 16/,
    ],
    ['no phase', { device, workload: { phases: [] } }, 'workload.phases', '[]', /1 to 64/],
    ['an unknown kind', withPhase({ ...write, kind: 'x' }), `${phase0}.kind`, '"x"', /seq-write/],
    [
      'a block size off the grid',
      withPhase({ ...write, blockSize: 1000 }),
      `${phase0}.blockSize`,
      '1000',
      /multiple of .* 512/,
    ],
    [
      'a block larger than a zone',
      withPhase({ ...write, blockSize: 2 * MIB }),
      `${phase0}.blockSize`,
      '2097152',
      /to 1048576/,
    ],
    ['no amount', withPhase({ ...write, operations: undefined }), phase0, '{}', /exactly one/],
    [
      'two amounts',
      withPhase({ ...write, bytes: 4096 }),
      phase0,
      '{"bytes":4096,"operations":1}',
      /exactly one/,
    ],
    [
      'bytes that are no whole blocks',
      withPhase({ ...write, operations: undefined, bytes: 5000 }),
      `${phase0}.bytes`,
      '5000',
      /multiple of the block size 4096/,
    ],
    [
      'seconds where no time passes',
      withPhase({ ...write, operations: undefined, seconds: 1 }),
      `${phase0}.seconds`,
      '1',
      /serviceTimeNs/,
    ],
    [
      'a zone past the end',
      withPhase({ ...write, zones: { first: 16 } }),
      `${phase0}.zones.first`,
      '16',
      /from 0 to 15/,
    ],
    [
      'more zones than there are',
      withPhase({ ...write, zones: { first: 10, count: 7 } }),
      `${phase0}.zones.count`,
      '7',
      /from 1 to 6/,
    ],
    [
      'more writers than active zones',
      withPhase({ ...write, jobs: 5 }),
      `${phase0}.jobs`,
      '5',
      /maxActiveZones \(4\)/,
    ],
    [
      'too deep a queue',
      withPhase({ ...write, queueDepth: 70_000 }),
      `${phase0}.queueDepth`,
      '70000',
      /to 65536/,
    ],
    [
      'appends without append',
      withPhase({ ...write, kind: 'zone-append' }),
      'device.geometry.maxAppendBytes',
      '0',
      /above 0/,
    ],
    [
      'a read share above 1',
      withPhase({ ...write, kind: 'mixed', readShare: 1.5 }),
      `${phase0}.readShare`,
      '1.5',
      /from 0 to 1/,
    ],
    [
      'churn of fewer zones than jobs',
      withPhase({ ...write, kind: 'reset-churn', jobs: 2, zones: { count: 1 } }),
      `${phase0}.jobs`,
      '2',
      /zones.count \(1\)/,
    ],
    [
      'reads of what nobody wrote',
      withPhase({ ...write, kind: 'random-read-below-wp' }),
      `${phase0}.zones`,
      '{"first":0,"count":16}',
      /written/,
    ],
  ];

  it.each(cases)(
    'with %s is refused with the field, the value and what fits',
    (_what, definition, path, given, allowed) => {
      expect(validate(definition)).toEqual([
        { path, given, allowed: expect.stringMatching(allowed) },
      ]);
    },
  );

  it('is told all its problems at once', () => {
    const problems = validate(
      withPhase({ ...write, blockSize: 1000, queueDepth: 0, overLimit: 'x' }),
    );
    expect(problems.map(({ path }) => path)).toEqual([
      `${phase0}.blockSize`,
      `${phase0}.overLimit`,
      `${phase0}.queueDepth`,
    ]);
  });

  it('may exceed the limits when it asks to have the refusals counted', () => {
    expect(validate(withPhase({ ...write, jobs: 5, overLimit: 'count' }))).toEqual([]);
  });
});
