/** What holds in every run, whatever the device and the workload. */
import { describe, expect, it } from '@jest/globals';
import type { DeviceDefinition, PhaseDefinition } from '../definition.ts';
import type { ExperimentReport } from '../report/report.ts';
import { runExperiment } from './run-experiment.ts';

const MIB = 1024 * 1024;
const KIB = 1024;

const geometry = { size: 64 * 4 * MIB, zoneSize: 4 * MIB, zoneCapacity: 3 * MIB };
const DEVICES: readonly DeviceDefinition[] = [
  { preset: 'zn540', geometry, prefilledZones: 16 },
  { preset: 'femu-default', geometry: { ...geometry, maxOpenZones: 6 }, prefilledZones: 16 },
  {
    preset: 'hm-smr',
    geometry: { ...geometry, zoneCapacity: 4 * MIB, conventionalZones: 2, maxOpenZones: 5 },
    prefilledZones: 16,
  },
];
const WORKLOADS: readonly PhaseDefinition[][] = [
  [
    {
      kind: 'mixed',
      readShare: 0.5,
      blockSize: 16 * KIB,
      jobs: 6,
      queueDepth: 4,
      operations: 3000,
    },
  ],
  [
    {
      kind: 'reset-churn',
      blockSize: 128 * KIB,
      fill: 0.7,
      finish: true,
      jobs: 4,
      operations: 2000,
    },
  ],
  [
    {
      kind: 'random-write',
      bytes: 200 * MIB,
      blockSize: 16 * KIB,
      queueDepth: 8,
      overProvisioning: 0.2,
      zones: { first: 24, count: 30 },
    },
  ],
  [
    {
      kind: 'multi-stream',
      streams: 5,
      blockSize: 32 * KIB,
      queueDepth: 6,
      operations: 2000,
      zones: { first: 20 },
    },
    { kind: 'seq-read', blockSize: 64 * KIB, queueDepth: 4, alongside: true },
  ],
];

async function run(device: DeviceDefinition, phases: PhaseDefinition[]): Promise<ExperimentReport> {
  return runExperiment({ seed: 3, device, workload: { phases } });
}

const cases = DEVICES.flatMap((device) =>
  WORKLOADS.map((phases) => [device.preset, phases[0]?.kind ?? '', device, phases] as const),
);

describe.each(cases)('%s under %s', (_preset, _kind, device, phases) => {
  let report: ExperimentReport;
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

  it('accounts for every byte three times alike: by operation, by zone, over time', async () => {
    report = await run(device, phases);
    const { write, append } = report.totals.operations;
    const written = (write?.bytes ?? 0) + (append?.bytes ?? 0);
    expect(sum(report.zones.map((zone) => zone.writtenBytes))).toBe(written);
    expect(sum(report.series.writtenBytes)).toBe(written);
    expect(sum(report.series.readBytes)).toBe(report.totals.operations.read?.bytes ?? 0);
    const { hostBytes, relocatedBytes } = report.totals.writeAmplification;
    expect(hostBytes + relocatedBytes).toBe(written);
  });

  it('keeps to its limits', () => {
    const { maxOpenZones = 0, maxActiveZones = 0 } = report.definition.device.geometry ?? {};
    if (maxOpenZones > 0)
      expect(report.totals.limits.peakOpenZones).toBeLessThanOrEqual(maxOpenZones);
    if (maxActiveZones > 0) {
      expect(report.totals.limits.peakActiveZones).toBeLessThanOrEqual(maxActiveZones);
    }
  });

  it("follows Little's law: latencies together are commands in flight times time", () => {
    const inFlight = sum(phases.map(({ jobs = 1, queueDepth = 1 }) => jobs * queueDepth));
    const together = sum(
      Object.values(report.totals.operations).map((op) => (op.latencyNs?.mean ?? 0) * op.accepted),
    );
    expect(together).toBeLessThanOrEqual(inFlight * report.totals.durationNs * (1 + 1e-9));
    expect(together).toBeGreaterThan(0);
  });

  it('counts transitions that lead from the first state of its zones to the last', () => {
    const change = (name: string) =>
      sum(report.totals.transitions.filter(({ to }) => to === name).map(({ count }) => count)) -
      sum(report.totals.transitions.filter(({ from }) => from === name).map(({ count }) => count));
    const full = report.zones.filter(({ condition }) => condition === 'full').length;
    expect(change('full')).toBe(full - (device.prefilledZones ?? 0));
    const open = report.zones.filter(({ condition }) => condition === 'implicit-open').length;
    expect(change('implicit-open')).toBe(open);
  });

  it('gives the same report again', async () => {
    expect(JSON.stringify(await run(device, phases))).toBe(JSON.stringify(report));
  });
});
