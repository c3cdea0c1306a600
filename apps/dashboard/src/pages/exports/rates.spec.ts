import { expect, it } from '@jest/globals';
import type { ExportStats } from '../../api/exports.ts';
import { ratesBetween } from './rates.ts';

const none = { buckets: [0, 0, 0], total: 0, sumSeconds: 0 };

function reading(second: number, change: Partial<ExportStats>): ExportStats {
  return {
    ...{ at: new Date(second * 1000).toISOString(), connections: 1, inFlight: 0, errors: 0 },
    ...{ requests: 0, readBytes: 0, writtenBytes: 0, latencyBounds: [0.001, 0.01, 0.1] },
    latencies: { read: none, write: none, flush: none, other: none },
    ...change,
  };
}

it('counts what happened between two readings', () => {
  const before = reading(10, { requests: 5, readBytes: 1000 });
  const write = { buckets: [97, 2, 1], total: 100, sumSeconds: 1 };
  const now = reading(12, {
    ...{ requests: 105, readBytes: 1000, writtenBytes: 4096 },
    latencies: { ...before.latencies, write },
  });
  expect(ratesBetween(before, now)).toEqual({
    ...{ atMs: 12_000, iops: 50, readBytesPerSecond: 0, writtenBytesPerSecond: 2048 },
    ...{ p50Seconds: 0.001, p99Seconds: 0.01 },
  });
});

it('knows no latency where nothing was asked, and nothing of an export that began anew', () => {
  const idle = ratesBetween(reading(1, {}), reading(2, {}));
  expect(idle).toMatchObject({ iops: 0, p50Seconds: null });
  expect(ratesBetween(reading(1, { requests: 7 }), reading(2, {}))).toBeUndefined();
  expect(ratesBetween(reading(2, {}), reading(2, {}))).toBeUndefined();
});
