import { expect, it } from '@jest/globals';
import { readCommandLine, readNumber, readPattern, splitWords } from './arguments.ts';

it('reads joined flags and values that follow their letter', () => {
  const line = readCommandLine(splitWords('-qP0x5a  0 4k -v'), 'qvP:');
  expect([...line.flags]).toEqual([
    ['q', ''],
    ['P', '0x5a'],
    ['v', ''],
  ]);
  expect(line.operands).toEqual(['0', '4k']);
});

it('takes a negative number for an operand, which then is no number', () => {
  const { operands } = readCommandLine(['-1'], 'q');
  expect(() => readNumber(operands[0] ?? '')).toThrow('Parsing error: non-numeric argument');
});

it.each([
  [['-x'], "invalid option -- 'x'"],
  [['-P'], "option requires an argument -- 'P'"],
])('refuses %j', (words, message) => {
  expect(() => readCommandLine(words, 'qP:')).toThrow(message);
});

it.each(['256', 'x', '-1', ''])('refuses %p as a pattern byte', (text) => {
  expect(() => readPattern(text)).toThrow('is not a valid pattern byte');
});
