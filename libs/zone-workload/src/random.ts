/**
 * Random numbers with a seed: xoshiro128** 1.1 (Blackman and Vigna, "Scrambled Linear Pseudorandom Number
 * Generators", 2018, public domain), seeded through splitmix32. 32-bit arithmetic only, so it is fast and the same
 * everywhere. Each job of each phase has a stream of its own: adding a job changes no other job's numbers.
 */

const TWO_POW_32 = 2 ** 32;
const TWO_POW_53 = 2 ** 53;

/** The golden ratio in 32 bits, splitmix's increment: consecutive states are far apart. */
const GOLDEN = 0x9e3779b9;

export class Random {
  private a = 0;
  private b = 0;
  private c = 0;
  private d = 0;

  /** @param seed integer from 0 to 2^53 - 1. @param stream whole numbers that tell streams of one seed apart. */
  constructor(seed: number, ...stream: readonly number[]) {
    let state = 0;
    const next = () => {
      state = (state + GOLDEN) | 0;
      return mix(state);
    };
    for (const word of [seed >>> 0, Math.floor(seed / TWO_POW_32), ...stream]) {
      state = next() ^ word;
    }
    this.a = next();
    this.b = next();
    this.c = next();
    this.d = next() | 1; // the all-zero state would give zeroes for ever
  }

  /** Uniform in [0, 2^32). */
  uint32(): number {
    const scrambled = Math.imul(this.b, 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9);
    const shifted = this.b << 9;
    this.c ^= this.a;
    this.d ^= this.b;
    this.b ^= this.c;
    this.a ^= this.d;
    this.c ^= shifted;
    this.d = (this.d << 11) | (this.d >>> 21);
    return result >>> 0;
  }

  /** Uniform in [0, 1), 53 bits. */
  unit(): number {
    const high = this.uint32() >>> 5;
    const low = this.uint32() >>> 6;
    return (high * 2 ** 26 + low) / TWO_POW_53;
  }

  /** Uniform integer in [0, bound); the bias is below bound / 2^32, and below bound / 2^53 for larger bounds. */
  below(bound: number): number {
    if (bound <= 0xffff) return Math.floor((this.uint32() / TWO_POW_32) * bound);
    return Math.floor(this.unit() * bound);
  }
}

/** The finalizer of MurmurHash3: every bit of the input turns about half the bits of the output. */
function mix(word: number): number {
  let x = word;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}
