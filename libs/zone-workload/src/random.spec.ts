import { describe, expect, it } from '@jest/globals';
import { Random } from './random.ts';

const draw = (random: Random, count: number) =>
  Array.from({ length: count }, () => random.uint32());

describe('Random', () => {
  it('gives the same numbers for the same seed and stream', () => {
    expect(draw(new Random(7, 1, 2), 100)).toEqual(draw(new Random(7, 1, 2), 100));
  });

  it('gives other numbers for another seed, in its low or high word, and for another stream', () => {
    const variants = [
      new Random(7),
      new Random(8),
      new Random(7 + 2 ** 32),
      new Random(7, 0),
      new Random(7, 1),
      new Random(7, 0, 1),
    ];
    expect(new Set(variants.map((random) => draw(random, 4).join())).size).toBe(variants.length);
  });

  it.each([3, 64, 70_000])('draws uniformly below %d', (bound) => {
    const random = new Random(1);
    const draws = 60_000;
    const counts = [0, 0, 0];
    let inside = true;
    for (let n = 0; n < draws; n++) {
      const value = random.below(bound);
      inside &&= value >= 0 && value < bound && Number.isInteger(value);
      const third = Math.floor((value * 3) / bound);
      counts[third] = (counts[third] ?? 0) + 1;
    }
    expect(inside).toBe(true);
    const shares = [0, 1, 2].map(
      (t) => (Math.ceil(((t + 1) * bound) / 3) - Math.ceil((t * bound) / 3)) / bound,
    );
    counts.forEach((count, third) => {
      expect(Math.abs(count / draws - (shares[third] ?? 0))).toBeLessThan(0.01);
    });
  });

  it('stays below 1 and away from a short cycle', () => {
    const random = new Random(0);
    const values = Array.from({ length: 10_000 }, () => random.unit());
    expect(values.every((value) => value >= 0 && value < 1)).toBe(true);
    expect(new Set(values).size).toBe(10_000);
  });
});
