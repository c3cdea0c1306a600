/** Rates from readings of an export's counters. */

import type { ExportStats } from '../../api/exports.ts';

export interface Rates {
  /** Milliseconds since 1970, of the later reading. */
  readonly atMs: number;
  readonly iops: number;
  readonly readBytesPerSecond: number;
  readonly writtenBytesPerSecond: number;
  /** Of the requests between the readings; null where there were none. */
  readonly p50Seconds: number | null;
  readonly p99Seconds: number | null;
}

/** What happened between two readings; undefined where the export began anew, or no time passed. */
export function ratesBetween(before: ExportStats, now: ExportStats): Rates | undefined {
  const seconds = (Date.parse(now.at) - Date.parse(before.at)) / 1000;
  if (seconds <= 0 || now.requests < before.requests) return undefined;
  const counts = addedCounts(before, now);
  return {
    atMs: Date.parse(now.at),
    iops: (now.requests - before.requests) / seconds,
    readBytesPerSecond: (now.readBytes - before.readBytes) / seconds,
    writtenBytesPerSecond: (now.writtenBytes - before.writtenBytes) / seconds,
    p50Seconds: percentile(counts, now.latencyBounds, 0.5),
    p99Seconds: percentile(counts, now.latencyBounds, 0.99),
  };
}

/** Requests in each bucket between the readings, of all kinds together. */
function addedCounts(before: ExportStats, now: ExportStats): number[] {
  return now.latencyBounds.map((_, bucket) =>
    Object.entries(now.latencies).reduce((sum, [kind, { buckets }]) => {
      const old = before.latencies[kind as keyof typeof before.latencies]?.buckets[bucket] ?? 0;
      return sum + (buckets[bucket] ?? 0) - old;
    }, 0),
  );
}

/** Upper bound of the bucket in which the share of all requests is reached. */
function percentile(
  counts: readonly number[],
  bounds: readonly number[],
  share: number,
): number | null {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  let seen = 0;
  for (const [bucket, count] of counts.entries()) {
    seen += count;
    if (seen >= total * share) return bounds[bucket] ?? null;
  }
  return null;
}
