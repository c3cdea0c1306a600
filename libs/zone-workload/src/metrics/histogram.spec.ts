import { describe, expect, it } from '@jest/globals';
import { Random } from '../random.ts';
import { Histogram } from './histogram.ts';

/** Values over twelve decades, as latencies of a fast and a stuck device would be. */
function sample(seed: number, count: number): number[] {
  const random = new Random(seed);
  return Array.from({ length: count }, () => Math.floor(10 ** (random.unit() * 12)));
}

function filled(values: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

describe('Histogram', () => {
  it.each([50, 90, 99, 99.9, 99.99])(
    'tells percentile %d of any values within 0.1 %%',
    (percent) => {
      const values = sample(1, 20_000).sort((a, b) => a - b);
      const exact = values[Math.ceil((percent / 100) * values.length) - 1] as number;
      const told = filled(values).percentile(percent);
      expect(told).toBeGreaterThanOrEqual(exact);
      expect(told).toBeLessThanOrEqual(exact * 1.001);
    },
  );

  it('keeps minimum, maximum, mean and count exactly', () => {
    const histogram = filled([3, 1000, 5_000_000_001]);
    expect([histogram.min, histogram.max, histogram.mean, histogram.count]).toEqual([
      3,
      5_000_000_001,
      5_000_001_004 / 3,
      3,
    ]);
  });

  it('reports the maximum itself as the highest percentile', () => {
    expect(filled([10, 123_456_789]).percentile(100)).toBe(123_456_789);
  });

  it('takes the largest exact integer', () => {
    expect(filled([Number.MAX_SAFE_INTEGER]).percentile(50)).toBe(Number.MAX_SAFE_INTEGER);
  });

  it('adds up with another as if all values had been recorded in one', () => {
    const [left, right] = [sample(2, 500), sample(3, 900)];
    const sum = filled(left);
    sum.add(filled(right));
    expect(sum).toEqual(filled([...left, ...right]));
  });
});
