/** Seeded randomness for tests. A failing test names its seed; ZONELAB_SEED repeats it. */

/** Mulberry32, from its public description: 32 bits of state, good enough to pick operations. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Seeds for a test: the one asked for; else `quick` of them, the same every time, so that a quick run tells what a change
 * broke; in a long run `long` new ones, which look for what nobody knows yet.
 */
export function seeds(quick: number, long: number): number[] {
  const asked = process.env.ZONELAB_SEED;
  if (asked !== undefined) return [Number(asked)];
  const isLong = process.env.ZONELAB_LONG === '1';
  const first = isLong ? Math.floor(Math.random() * 1_000_000) : 1;
  return Array.from({ length: isLong ? long : quick }, (_, index) => first + index);
}
