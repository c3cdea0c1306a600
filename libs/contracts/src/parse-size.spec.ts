import { expect, it } from '@jest/globals';
import { parseSize } from './parse-size.ts';

it.each([
  ['0', 0],
  ['512', 512],
  ['4k', 4096],
  ['1.5G', 1.5 * 1024 ** 3],
  ['1T', 1024 ** 4],
  ['7B', 7],
])('reads the size %s', (text, bytes) => {
  expect(parseSize(text)).toBe(bytes);
});

it.each(['', 'G', '-1', '1.3', '1GiB', '1 G', '9E', '0x10', '1e3'])(
  'refuses %p as a size',
  (text) => {
    expect(parseSize(text)).toBeUndefined();
  },
);
