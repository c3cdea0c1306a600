/** Numbers by chance that a seed repeats: 32 bits of state, mixed by multiplications (the finalizer of MurmurHash3). */

const TWO_32 = 2 ** 32;
const STEP = 0x9e37_79b9; // 2^32 / golden ratio: successive states lie far apart

function mix(word: number): number {
  let mixed = word;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** A sequence of numbers from 0 up to 1, another one for every list of parts. */
export function chance(...parts: readonly number[]): () => number {
  let state = parts.reduce((sum, part) => mix(sum + STEP + (part >>> 0)), 0);
  return () => {
    state = (state + STEP) >>> 0;
    return mix(state) / TWO_32;
  };
}
