/**
 * A histogram of latencies as HdrHistogram keeps them: buckets whose width doubles with the magnitude, so that a
 * value is told within 0.1 % over the whole range, in bounded memory.
 */

/** 2^10 sub-buckets per power of two: a relative error below 1/1024. */
const SUB_BUCKET_BITS = 10;
const SUB_BUCKETS = 1 << SUB_BUCKET_BITS;
const TWO_POW_32 = 2 ** 32;

/** Values are non-negative integers up to 2^53 - 1. */
export class Histogram {
  private counts = new Float64Array(SUB_BUCKETS * 2);
  private sum = 0;
  count = 0;
  min = Number.POSITIVE_INFINITY;
  max = 0;

  record(value: number): void {
    const bucket = bucketOf(value);
    if (bucket >= this.counts.length) this.grow(bucket);
    this.counts[bucket] = (this.counts[bucket] as number) + 1;
    this.count++;
    this.sum += value;
    if (value < this.min) this.min = value;
    if (value > this.max) this.max = value;
  }

  /** Exact while the sum stays below 2^53; 0 when empty. */
  get mean(): number {
    return this.count === 0 ? 0 : this.sum / this.count;
  }

  /**
   * The smallest recorded magnitude that at least `percent` per cent of the values do not exceed, within 0.1 %,
   * never above the maximum; 0 when empty.
   */
  percentile(percent: number): number {
    const rank = Math.max(1, Math.ceil((percent / 100) * this.count));
    let seen = 0;
    for (let bucket = 0; bucket < this.counts.length; bucket++) {
      seen += this.counts[bucket] as number;
      if (seen >= rank) return Math.min(highestOf(bucket), this.max);
    }
    return this.max;
  }

  /** Adds another's values, as if they had been recorded here. */
  add(other: Histogram): void {
    if (other.counts.length > this.counts.length) this.grow(other.counts.length - 1);
    other.counts.forEach((count, bucket) => {
      this.counts[bucket] = (this.counts[bucket] as number) + count;
    });
    this.count += other.count;
    this.sum += other.sum;
    this.min = Math.min(this.min, other.min);
    this.max = Math.max(this.max, other.max);
  }

  private grow(bucket: number): void {
    const counts = new Float64Array((Math.floor(bucket / SUB_BUCKETS) + 1) * SUB_BUCKETS);
    counts.set(this.counts);
    this.counts = counts;
  }
}

/** Below 2 x SUB_BUCKETS a value is its own bucket; above, each power of two has SUB_BUCKETS of them. */
function bucketOf(value: number): number {
  if (value < SUB_BUCKETS * 2) return value;
  const magnitude =
    value < TWO_POW_32 ? 31 - Math.clz32(value) : 63 - Math.clz32(Math.floor(value / TWO_POW_32));
  const shift = magnitude - SUB_BUCKET_BITS;
  return shift * SUB_BUCKETS + Math.floor(value / 2 ** shift);
}

/** The largest value that falls into a bucket. */
function highestOf(bucket: number): number {
  if (bucket < SUB_BUCKETS * 2) return bucket;
  const shift = Math.floor(bucket / SUB_BUCKETS) - 1;
  return (bucket - shift * SUB_BUCKETS + 1) * 2 ** shift - 1;
}
