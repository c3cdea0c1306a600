import { describe, expect, it } from '@jest/globals';
import { Op } from '../device/command.ts';
import { MAX_SERIES_POINTS } from '../limits.ts';
import { Series } from './series.ts';

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

describe('Series', () => {
  it('loses no count when time outgrows its points', () => {
    const series = new Series();
    for (let n = 0; n < 10_000; n++) series.record(Op.Write, 4096, false, n * 777);
    const report = series.report();
    expect(report.writes.length).toBeLessThanOrEqual(MAX_SERIES_POINTS);
    expect(sum(report.writes)).toBe(10_000);
    expect(sum(report.writtenBytes)).toBe(10_000 * 4096);
    expect(report.pointNs * report.writes.length).toBeGreaterThan(9999 * 777);
  });

  it('holds a level through the time in which nothing completes', () => {
    const series = new Series();
    series.level(0, 3, 5, 8);
    series.record(Op.Read, 512, false, 4500);
    series.level(4500, 1, 1, 1);
    series.record(Op.Read, 512, false, 6000);
    expect(series.report().openZones).toEqual([3, 3, 3, 3, 3, 1, 1]);
  });

  it('counts a refusal as such, and not as a command done', () => {
    const series = new Series();
    series.record(Op.Append, 4096, true, 10);
    const { refusals, appends, writtenBytes } = series.report();
    expect([refusals, appends, writtenBytes]).toEqual([[1], [0], [0]]);
  });
});
