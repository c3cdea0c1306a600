import { expect, it } from '@jest/globals';
import { parseFaultPlan } from './plan.ts';

const FAIL = { on: 'write', fail: 'io_error' };

it('takes a plan with every field that a rule has', () => {
  const plan = {
    seed: 7,
    rules: [
      { on: 'write', zone: 3, nth: 2, fail: 'zone_invalid_write', torn: 'random', delayMs: 5 },
      { on: 'read', zones: { from: 0, count: 2 }, every: 3, times: 4, fail: 'io_error' },
      { on: 'reset', resets: 100, spread: 20, becomes: 'read-only' },
      { on: 'file-write', range: { offset: 0, length: 512 }, probability: 0.5, fail: 'no_space' },
      { on: 'flush', delayMs: 10 },
      { on: 'file-sync', fail: 'io_error' },
    ],
  };
  expect(parseFaultPlan(JSON.parse(JSON.stringify(plan)))).toEqual(plan);
});

it.each([
  [undefined, 'plan: got nothing'],
  [[], 'plan: got []'],
  [{ rules: [], extra: 1 }, 'plan.extra'],
  [{ rules: {} }, 'rules: got {}'],
  [{ rules: Array(1001).fill(FAIL) }, 'rules: got 1001'],
  [{ seed: -1, rules: [] }, 'seed: got -1'],
  [{ rules: [null] }, 'rules[0]: got null'],
  [{ rules: [FAIL, { on: 'trim', fail: 'io_error' }] }, 'rules[1].on: got "trim"'],
  [{ rules: [{ on: 'write' }] }, 'rules[0]: got no action'],
  [{ rules: [{ ...FAIL, fail: 'no_such' }] }, 'rules[0].fail: got "no_such"'],
  [{ rules: [{ on: 'file-write', fail: 'zone_full' }] }, 'rules[0].fail: got "zone_full"'],
  [{ rules: [{ ...FAIL, nth: 0 }] }, 'rules[0].nth: got 0'],
  [{ rules: [{ ...FAIL, nth: 1, every: 2 }] }, 'rules[0].every: got given'],
  [{ rules: [{ ...FAIL, probability: 1.5 }] }, 'rules[0].probability: got 1.5'],
  [{ rules: [{ ...FAIL, resets: 5 }] }, 'rules[0].resets'],
  [{ rules: [{ ...FAIL, spread: 5 }] }, 'rules[0].spread'],
  [{ rules: [{ ...FAIL, times: 0 }] }, 'rules[0].times: got 0'],
  [{ rules: [{ ...FAIL, zone: -1 }] }, 'rules[0].zone: got -1'],
  [{ rules: [{ ...FAIL, zones: { from: 0, count: 0 } }] }, 'rules[0].zones.count: got 0'],
  [{ rules: [{ ...FAIL, range: { offset: 0 } }] }, 'rules[0].range.length: got nothing'],
  [{ rules: [{ ...FAIL, zone: 1, range: { offset: 0, length: 1 } }] }, 'one place a rule'],
  [{ rules: [{ on: 'flush', zone: 1, fail: 'io_error' }] }, 'rules[0].zone: got given'],
  [{ rules: [{ on: 'file-read', zone: 1, fail: 'io_error' }] }, 'rules[0].zone: got given'],
  [{ rules: [{ on: 'read', torn: 1 }] }, 'rules[0].torn: got given'],
  [{ rules: [{ ...FAIL, torn: -1 }] }, 'rules[0].torn: got -1'],
  [{ rules: [{ on: 'file-sync', delayMs: 1 }] }, 'rules[0].delayMs: got given'],
  [{ rules: [{ ...FAIL, delayMs: 3_600_001 }] }, 'rules[0].delayMs: got 3600001'],
  [{ rules: [{ on: 'flush', becomes: 'offline' }] }, 'rules[0].becomes: got given'],
  [{ rules: [{ ...FAIL, becomes: 'full' }] }, 'rules[0].becomes: got "full"'],
])('refuses %j, naming the field', (plan, message) => {
  expect(() => parseFaultPlan(plan)).toThrow(message);
});
