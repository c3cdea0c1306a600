import { describe, expect, it } from '@jest/globals';
import { Random } from '../random.ts';
import { createDraw } from './distribution.ts';

const DRAWS = 100_000;

function shares(distribution: Parameters<typeof createDraw>[0], n: number): number[] {
  const random = new Random(1);
  const draw = createDraw(distribution, n);
  const counts = new Array<number>(n).fill(0);
  for (let i = 0; i < DRAWS; i++) {
    const drawn = draw(random);
    counts[drawn] = (counts[drawn] as number) + 1;
  }
  return counts.map((count) => count / DRAWS);
}

const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);

describe('a distribution', () => {
  it.each([0.5, 0.99, 1, 1.2])('of Zipf with exponent %d has its probabilities', (theta) => {
    const n = 50;
    const weights = Array.from({ length: n }, (_, k) => (k + 1) ** -theta);
    const expected = weights.map((weight) => weight / sum(weights));
    shares({ kind: 'zipf', theta }, n).forEach((share, k) => {
      expect(Math.abs(share - (expected[k] as number))).toBeLessThan(0.006);
    });
  });

  it('of hot and cold gives the hot share its draws', () => {
    const drawn = shares({ kind: 'hot-cold', hot: 0.1, access: 0.9 }, 100);
    expect(sum(drawn.slice(0, 10))).toBeCloseTo(0.9, 2);
  });

  it('of Pareto is alike at every scale', () => {
    const drawn = shares({ kind: 'pareto', h: 0.2 }, 10_000);
    expect(sum(drawn.slice(0, 2000))).toBeCloseTo(0.8, 1);
    expect(sum(drawn.slice(0, 400))).toBeCloseTo(0.64, 1);
  });

  it('draws from a single thing', () => {
    for (const kind of ['uniform', 'zipf', 'hot-cold', 'pareto'] as const) {
      expect(shares({ kind }, 1)).toEqual([1]);
    }
  });
});
