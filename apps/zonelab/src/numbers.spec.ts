import { expect, it } from '@jest/globals';
import { countArgument, humanSize, readSize, statisticSize } from './numbers.ts';

it.each([
  ['0x1000', 4096],
  ['64k', 65_536],
  ['1.5M', 1_572_864],
  ['512', 512],
])('reads the size %s', (text, bytes) => {
  expect(readSize(text)).toBe(bytes);
});

it.each(['', 'x', '0x', '0xk', '-1', '0xffffffffffffffff'])('refuses %p as a size', (text) => {
  expect(readSize(text)).toBeUndefined();
});

it('names the option of a count that is out of range', () => {
  expect(() => countArgument('--port', '70000', { max: 65_535 })).toThrow(
    '--port: got 70000, allowed is a whole number from 0 to 65535',
  );
});

it.each([
  [512, '512 B'],
  [200_704, '196 KiB'],
  [64 * 1024 ** 2, '64 MiB'],
  [1000, '0.977 KiB'],
  [1.5 * 1024 ** 3, '1.5 GiB'],
])('prints %d bytes as qemu-img does', (bytes, text) => {
  expect(humanSize(bytes)).toBe(text);
});

it.each([
  [32, '32 bytes'],
  [4096, '4 KiB'],
  [1536, '1.500 KiB'],
])('prints %d bytes as qemu-io does', (bytes, text) => {
  expect(statisticSize(bytes)).toBe(text);
});
