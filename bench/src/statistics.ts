/** Samples in a few numbers that one slow run does not move. */

/** All in the unit of the samples. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** Median of the distances from the median. */
  readonly mad: number;
  readonly samples: readonly number[];
}

export function summarize(samples: readonly number[]): Summary {
  const median = medianOf(samples);
  return {
    median,
    min: Math.min(...samples),
    max: Math.max(...samples),
    mad: medianOf(samples.map((sample) => Math.abs(sample - median))),
    samples,
  };
}

function medianOf(samples: readonly number[]): number {
  if (samples.length === 0) throw new RangeError('no samples');
  const sorted = [...samples].sort((a, b) => a - b);
  const upper = sorted[sorted.length >> 1] as number;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[sorted.length / 2 - 1] as number)) / 2;
}
