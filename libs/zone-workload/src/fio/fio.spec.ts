import { describe, expect, it } from '@jest/globals';
import type { ExperimentDefinition } from '../definition.ts';
import { runExperiment } from '../engine/run-experiment.ts';
import { validate } from '../resolve.ts';

const MIB = 1024 * 1024;
const ZONE = 8 * MIB;

const definitionOf = (fio: string, geometry = {}): ExperimentDefinition => ({
  device: {
    preset: 'custom',
    geometry: { profile: 'zbc', size: 16 * ZONE, zoneSize: ZONE, ...geometry },
    timing: { serviceTimeNs: 1000 },
  },
  workload: { fio },
});
const run = (fio: string, geometry = {}) => runExperiment(definitionOf(fio, geometry));
const resets = (report: Awaited<ReturnType<typeof run>>) =>
  report.totals.operations.reset?.accepted ?? 0;

describe('a fio job file', () => {
  it("writes one zone in 9 passes with 8 to 10 resets, as fio's own test counts", async () => {
    const report = await run(`
      [global]
      zonemode=zbd
      zonesize=8M
      direct=1
      [job]
      rw=write
      bs=4k
      ioengine=libaio
      iodepth=16
      size=8m
      io_size=72m
      zone_reset_frequency=.01
      zone_reset_threshold=.9
    `);
    expect(report.totals.writeAmplification.hostBytes).toBe(9 * ZONE);
    expect(resets(report)).toBeGreaterThanOrEqual(8);
    expect(resets(report)).toBeLessThanOrEqual(10);
  });

  it("writes one zone from 16 jobs with 15 or 16 resets, as fio's own test counts", async () => {
    const report = await run(`
      [job]
      zonemode=zbd
      rw=write
      bs=4k
      numjobs=16
      size=1z
      group_reporting
    `);
    expect(report.totals.writeAmplification.hostBytes).toBe(16 * ZONE);
    expect([15, 16]).toContain(resets(report));
  });

  it('trims whole zones, which fio asks for also where less of them can be written', async () => {
    const geometry = { profile: 'zns' as const, zoneCapacity: 6 * MIB };
    const job = '[a]\nzonemode=zbd\nrw=write\nbs=64k\nsize=2z\nio_size=12m\n';
    const trim = '[b]\nstonewall\nzonemode=zbd\nrw=trim\nbs=8m\nsize=1z\n';
    const report = await run(job + trim, geometry);
    expect(resets(report)).toBe(1);
    expect(report.zones.find(({ index }) => index === 1)).toMatchObject({ condition: 'full' });
  });

  it('keeps random writers within max_open_zones, all jobs together', async () => {
    const report = await run(`
      [global]
      zonemode=zbd
      rw=randwrite
      bs=64k
      max_open_zones=3
      ioengine=io_uring
      iodepth=4
      [a]
      io_size=64m
      [b]
      io_size=64m
    `);
    expect(report.totals.limits.peakOpenZones).toBe(3);
    expect(report.totals.writeAmplification.hostBytes).toBe(128 * MIB);
  });

  it('keeps each job within job_max_open_zones', async () => {
    const report = await run(
      '[a]\nzonemode=zbd\nrw=randwrite\nbs=64k\nio_size=64m\nnumjobs=2\njob_max_open_zones=2',
    );
    expect(report.totals.limits.peakOpenZones).toBeLessThanOrEqual(4);
    expect(report.totals.limits.peakOpenZones).toBeGreaterThan(2);
  });

  it('finishes a rest that is smaller than the block size', async () => {
    const report = await run('[a]\nzonemode=zbd\nrw=write\nbs=3m\nsize=2z\nio_size=12m');
    expect(report.totals.operations).toMatchObject({ write: { accepted: 4 } });
    expect(report.totals.operations.finish?.accepted).toBeGreaterThanOrEqual(1);
  });

  it('runs jobs side by side, and after a stonewall', async () => {
    const report = await run(`
      [global]
      zonemode=zbd
      bs=64k
      io_size=8m
      [a]
      rw=write
      size=1z
      [b]
      rw=write
      offset=1z
      size=1z
      [c]
      stonewall
      rw=randread
    `);
    const [a, b, c] = report.phases;
    expect([a?.startNs, b?.startNs]).toEqual([0, 0]);
    expect(c?.startNs).toBe(Math.max(a?.durationNs ?? 0, b?.durationNs ?? 0));
    expect(c?.operations.read?.bytes).toBe(8 * MIB);
  });

  it('reads only below write pointers, unless told otherwise', async () => {
    const job = '[a]\nzonemode=zbd\nrw=randread\nbs=4k\nio_size=64k';
    expect((await run(job)).totals.operations.read).toBeUndefined();
    expect((await run(`${job}\nread_beyond_wp=1`)).totals.operations.read?.accepted).toBe(16);
  });

  it('resets zones by trim', async () => {
    const report = await run(
      `
      [w]
      zonemode=zbd
      rw=write
      bs=1m
      io_size=4z
      [t]
      stonewall
      zonemode=zbd
      rw=trim
      bs=8m
      io_size=4z
    `.replaceAll('io_size=4z', 'io_size=32m'),
    );
    expect(resets(report)).toBe(4);
    expect(report.zones.every(({ condition }) => condition === 'empty')).toBe(true);
  });

  it('ends at its runtime where that comes first', async () => {
    const report = await run('[a]\nzonemode=zbd\nrw=write\nbs=4k\ntime_based\nruntime=10ms');
    expect(report.totals.operations.write?.accepted).toBeGreaterThan(9000);
    expect(report.totals.durationNs).toBeLessThan(10_100_000);
  });

  it('is repeated by the phases in its report', async () => {
    const report = await run('[a]\nzonemode=zbd\nrw=randrw\nbs=4k\nio_size=1m\nnumjobs=2');
    expect(await runExperiment(report.definition)).toEqual(report);
  });

  it.each([
    ['a job without zonemode', '[a]\nrw=write', 'workload.fio line 1 [a], zonemode', 'zbd'],
    ['another zone mode', '[a]\nzonemode=strided', 'workload.fio line 2, zonemode', 'zbd'],
    [
      'an option it cannot honour',
      '[a]\nzonemode=zbd\nbsrange=4k-8k',
      'workload.fio line 3, bsrange',
      'docs/simulation.md',
    ],
    ['a bad size', '[a]\nzonemode=zbd\nbs=4q', 'workload.fio line 3, bs', 'bytes'],
    [
      'another zone size',
      '[a]\nzonemode=zbd\nzonesize=4m',
      'workload.fio line 3, zonesize',
      `${ZONE}`,
    ],
    [
      'an offset inside a zone',
      '[a]\nzonemode=zbd\noffset=1m',
      'workload.fio line 3, offset',
      'multiple of the zone size',
    ],
    [
      'an unknown direction',
      '[a]\nzonemode=zbd\nrw=sideways',
      'workload.fio line 3, rw',
      'randwrite',
    ],
    ['an option before a section', 'rw=write', 'workload.fio line 1', '[global]'],
    ['no job', '[global]\nzonemode=zbd', 'workload.fio', 'one section'],
    [
      'a share past 1',
      '[a]\nzonemode=zbd\nzone_reset_frequency=2',
      'workload.fio line 3, zone_reset_frequency',
      '0 to 1',
    ],
  ])('is refused for %s, by line and option', (_, fio, path, allowed) => {
    const [problem] = validate(definitionOf(fio));
    expect(problem?.path).toBe(path);
    expect(problem?.allowed).toContain(allowed);
  });
});
