import { expect, it } from '@jest/globals';
import { fieldErrors } from './problem.ts';
import { zoneParamsSchema } from './zones.ts';

const PARAMS = { id: '00000000-0000-7000-8000-000000000000', action: 'reset' };

it.each([
  ['0', 0],
  ['17', 17],
])('reads the zone index %j', (index, expected) => {
  expect(zoneParamsSchema.parse({ ...PARAMS, index }).index).toBe(expected);
});

it.each(['0x1', '1e0', ' 1', '1 ', '-0', '-1', '+1', '1.0', '', '١'])(
  'refuses %j as a zone index',
  (given) => {
    const input = { ...PARAMS, index: given };
    expect(fieldErrors(zoneParamsSchema.safeParse(input).error?.issues ?? [], input)).toEqual([
      { path: 'index', given, allowed: 'a whole number in decimal digits' },
    ]);
  },
);
