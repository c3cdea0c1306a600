/** Latencies in buckets that double, cheap enough to count every request. */

/** Upper bounds of the buckets, in seconds: 8 µs, 16 µs, … 8.4 s; slower ones count in `total` alone. */
export const LATENCY_BOUNDS: readonly number[] = Array.from(
  { length: 21 },
  (_, index) => (8 * 2 ** index) / 1e6,
);

export interface LatencyCounts {
  /** Requests in each bucket, not cumulated. */
  readonly buckets: readonly number[];
  readonly total: number;
  /** Of all latencies. */
  readonly sumSeconds: number;
}

export class Latencies {
  private readonly buckets = new Array<number>(LATENCY_BOUNDS.length).fill(0);
  private total = 0;
  private sumMs = 0;

  add(ms: number): void {
    this.total += 1;
    this.sumMs += ms;
    // 2^n * 8 µs is the bound of bucket n
    const index = Math.max(0, Math.ceil(Math.log2(ms * 125)));
    if (index < this.buckets.length) this.buckets[index] = (this.buckets[index] as number) + 1;
  }

  get counts(): LatencyCounts {
    return { buckets: [...this.buckets], total: this.total, sumSeconds: this.sumMs / 1000 };
  }
}
