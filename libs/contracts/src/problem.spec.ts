import { expect, it } from '@jest/globals';
import type { z } from 'zod';
import { experimentDefinitionSchema } from './experiments.ts';
import { createExportSchema } from './exports.ts';
import { createImageSchema } from './images.ts';
import { describeFieldErrors, fieldErrors } from './problem.ts';

function refusals(schema: z.ZodType, input: unknown) {
  const result = schema.safeParse(input);
  return result.success ? [] : fieldErrors(result.error.issues, input);
}

it('names an unknown field, its value and that it is not allowed', () => {
  expect(refusals(createImageSchema, { name: 'a', size: '1G', zoneSise: 4 })).toEqual([
    { path: 'zoneSise', given: 4, allowed: 'no field of this name' },
  ]);
});

it('names every wrong field at once', () => {
  const errors = refusals(createImageSchema, { name: 'a b', size: '1Q', profile: 'smr' });
  expect(errors.map((e) => [e.path, e.given])).toEqual([
    ['name', 'a b'],
    ['size', '1Q'],
    ['profile', 'smr'],
    ['zoneSize', null],
  ]);
});

it('lists the values that an enumerated field takes', () => {
  const [error] = refusals(createImageSchema, {
    name: 'a',
    size: 512,
    zoneSize: 512,
    profile: 'x',
  });
  expect(error?.allowed).toBe('one of zbc, zns');
});

it('joins the alternatives of a field that takes several', () => {
  const [error] = refusals(createImageSchema, { name: 'a', size: true });
  expect(error).toEqual({ path: 'size', given: true, allowed: 'number or string' });
});

it('shows a field that was left out as null', () => {
  expect(refusals(createImageSchema, { size: 512 })).toEqual([
    { path: 'name', given: null, allowed: 'string' },
  ]);
});

it('points into the phase at fault', () => {
  const good = { kind: 'seq-write', blockSize: 4096, operations: 1 };
  const phases = [good, { ...good, queueDepth: 0 }];
  expect(
    refusals(experimentDefinitionSchema, {
      device: { preset: 'ideal' },
      workload: { phases },
    }),
  ).toEqual([{ path: 'workload.phases.1.queueDepth', given: 0, allowed: 'at least 1' }]);
});

it('lists the workload kinds where the kind is unknown', () => {
  const [error] = refusals(experimentDefinitionSchema, {
    device: { preset: 'ideal' },
    workload: { phases: [{ kind: 'nope' }] },
  });
  expect(error).toMatchObject({ path: 'workload.phases.0.kind', given: 'nope' });
  expect(error?.allowed).toContain('seq-write, zone-append');
});

it.each(['a b', '.hidden', 'ä'])('says in words what a name may be, where it is %j', (name) => {
  const [error] = refusals(createImageSchema, { name, size: 512 });
  expect(error?.allowed).toBe(
    'a letter (a to z, A to Z) or digit, then letters, digits, dots, underscores and hyphens',
  );
});

it('names the format of an id, not its pattern', () => {
  const [error] = refusals(createExportSchema, { imageId: 'x' });
  expect(error).toEqual({ path: 'imageId', given: 'x', allowed: 'a valid uuid' });
});

it('says that nothing was given for a field that was left out', () => {
  expect(describeFieldErrors([{ path: 'name', given: null, allowed: 'string' }])).toBe(
    'name: got nothing, allowed is string',
  );
});

it('says the field errors in one line', () => {
  expect(describeFieldErrors([{ path: 'size', given: '1Q', allowed: 'bytes' }])).toBe(
    'size: got "1Q", allowed is bytes',
  );
});
