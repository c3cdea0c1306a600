import { describe, expect, it } from '@jest/globals';
import { formatBytes, formatLarge, formatNs, formatPercent, formatSeconds } from './units.ts';

it.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1 KiB'],
  [1536, '1.5 KiB'],
  [64 * 1024 ** 2, '64 MiB'],
  [1024 ** 4 * 15.25, '15.3 TiB'],
])('shows %d bytes as %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

describe('other units', () => {
  it.each([
    [999, '999 ns'],
    [11_360, '11.4 µs'],
    [16_190_000, '16.2 ms'],
    [2e9, '2 s'],
    [null, '–'],
  ])('shows %p ns as %s', (ns, text) => {
    expect(formatNs(ns)).toBe(text);
  });

  it('shows counts, shares and times', () => {
    expect(formatLarge(132_000)).toBe('132\u202fk');
    expect(formatLarge(9_999)).toBe('9\u202f999');
    expect([formatPercent(0), formatPercent(0.034), formatPercent(0.5)]).toEqual([
      '0 %',
      '3.4 %',
      '50 %',
    ]);
    expect([formatSeconds(5), formatSeconds(600), formatSeconds(7200)]).toEqual([
      '5 s',
      '10 min',
      '2 h',
    ]);
  });
});
