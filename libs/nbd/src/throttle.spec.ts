import { expect, it } from '@jest/globals';
import { LATENCY_BOUNDS, Latencies } from './histogram.ts';
import { Throttle } from './throttle.ts';

let now = 0;
const clock = () => now;

/** Requests of so many bytes that go in the time, always as soon as one may. */
function goesIn(throttle: Throttle, bytes: number, ms: number): number {
  const end = now + ms;
  let count = 0;
  for (;;) {
    const delay = throttle.delay();
    if (delay === 0) {
      throttle.take(bytes);
      count += 1;
    } else {
      now += delay;
      if (now >= end) return count;
    }
  }
}

it('lets through as many requests a second as the rate says, after a short burst', () => {
  const count = goesIn(new Throttle({ iops: 1000 }, clock), 4096, 10_000);
  expect(count).toBeGreaterThanOrEqual(10_000);
  expect(count).toBeLessThanOrEqual(10_101);
});

it('lets through as many bytes a second as the rate says, in requests larger than the burst too', () => {
  for (const bytes of [512, 1 << 20, 32 << 20]) {
    const perSecond = 8 << 20;
    const seconds = bytes === 512 ? 2 : 100;
    const count = goesIn(new Throttle({ bytesPerSecond: perSecond }, clock), bytes, seconds * 1000);
    const ratio = (count * bytes) / (perSecond * seconds);
    expect(ratio).toBeGreaterThan(0.99);
    expect(ratio).toBeLessThan(1.1);
  }
});

it('holds both limits at once, and none where none is given', () => {
  const both = new Throttle({ iops: 10, bytesPerSecond: 1 << 30 }, clock);
  expect(goesIn(both, 512, 10_000)).toBeLessThanOrEqual(102);
  expect(new Throttle({}, clock).delay()).toBe(0);
});

it('saves nothing up beyond the burst', () => {
  const throttle = new Throttle({ iops: 1000 }, clock);
  now += 3_600_000;
  expect(goesIn(throttle, 0, 1)).toBeLessThanOrEqual(102);
});

it('counts a latency in the bucket whose bound it does not pass', () => {
  const latencies = new Latencies();
  for (const ms of [0, 0.008, 0.0081, 1, 8388, 1e6]) latencies.add(ms);
  const { buckets, total, sumSeconds } = latencies.counts;
  const filled = buckets.flatMap((count, i) => (count > 0 ? [[LATENCY_BOUNDS[i], count]] : []));
  expect(filled).toEqual([
    [0.000008, 2],
    [0.000016, 1],
    [0.001024, 1],
    [8.388608, 1],
  ]);
  expect([total, Math.round(sumSeconds)]).toEqual([6, 1008]);
});
