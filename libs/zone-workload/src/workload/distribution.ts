/** Draws one of n things, the first being the most popular: in constant time, and in memory that n does not change. */
import type { Distribution } from '../definition.ts';
import type { Random } from '../random.ts';

/** Gives an integer in [0, n). */
export type Draw = (random: Random) => number;

export function createDraw(distribution: Distribution, n: number): Draw {
  switch (distribution.kind) {
    case 'uniform':
      return (random) => random.below(n);
    case 'zipf':
      return zipf(n, distribution.theta ?? 0.99);
    case 'hot-cold':
      return hotCold(n, distribution.hot ?? 0.2, distribution.access ?? 0.8);
    case 'pareto':
      return pareto(n, distribution.h ?? 0.2);
  }
}

/**
 * Rejection-inversion (Hörmann and Derflinger, "Rejection-inversion to generate variates from monotone discrete
 * distributions", 1996): exact for every exponent, without tables.
 */
function zipf(n: number, theta: number): Draw {
  // the integral of x^-theta, and its inverse; the limit is the logarithm
  const isLog = Math.abs(1 - theta) < 1e-9;
  const h = (x: number) => (isLog ? Math.log(x) : (x ** (1 - theta) - 1) / (1 - theta));
  const inverse = (y: number) => (isLog ? Math.exp(y) : (1 + y * (1 - theta)) ** (1 / (1 - theta)));
  const low = h(1.5) - 1;
  const high = h(n + 0.5);
  return (random) => {
    for (;;) {
      const u = high + random.unit() * (low - high);
      const k = Math.min(n, Math.max(1, Math.round(inverse(u))));
      if (u >= h(k + 0.5) - k ** -theta) return k - 1;
    }
  };
}

function hotCold(n: number, hot: number, access: number): Draw {
  const hotCount = Math.min(n, Math.max(1, Math.round(n * hot)));
  if (hotCount === n) return (random) => random.below(n);
  return (random) =>
    random.unit() < access ? random.below(hotCount) : hotCount + random.below(n - hotCount);
}

/** Self-similar: n * u^(log h / log (1 - h)), as in Gray et al., "Quickly generating billion-record databases", 1994. */
function pareto(n: number, h: number): Draw {
  const exponent = Math.log(h) / Math.log(1 - h);
  return (random) => Math.min(n - 1, Math.floor(n * random.unit() ** exponent));
}
