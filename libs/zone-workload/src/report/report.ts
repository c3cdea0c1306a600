/**
 * The report: everything that a run measured, and the whole input that it can be repeated from. Nothing of the wall
 * clock or the host, so that equal runs give equal bytes. Times are simulated nanoseconds, sizes bytes.
 */
import type { ZoneCondition } from '@zonelab/qcow2-zoned';
import type { ExperimentDefinition } from '../definition.ts';
import { OP_NAMES, type OpName } from '../device/command.ts';
import type { SimulatedDevice } from '../device/simulated-device.ts';
import { type OpMetrics, PhaseMetrics, type TransitionCount } from '../metrics/phase-metrics.ts';
import type { Series, SeriesReport } from '../metrics/series.ts';
import type { ResolvedExperiment, ResolvedPhase } from '../resolve.ts';

/** Raised whenever a field changes its meaning or goes. */
export const REPORT_VERSION = 1;

/** `stalled`: a phase gave up, since no command of it could succeed any more. */
export type Outcome = 'completed' | 'stalled';

export interface ExperimentReport {
  readonly format: 'zonelab-experiment-report';
  readonly version: typeof REPORT_VERSION;
  /** With every default filled in; running it again gives this report. */
  readonly definition: ExperimentDefinition;
  readonly outcome: Outcome;
  readonly totals: Measurements;
  readonly phases: readonly PhaseReport[];
  /** Zones that are not as new. */
  readonly zones: readonly ZoneReport[];
  readonly zoneCount: number;
  readonly series: SeriesReport;
  /** Where the time of all commands went, in ns by component of the timing model. */
  readonly timeBreakdownNs: Readonly<Record<string, number>>;
}

export interface PhaseReport extends Measurements {
  readonly name: string;
  readonly kind: ResolvedPhase['kind'];
  readonly outcome: Outcome;
  readonly startNs: number;
}

export interface Measurements {
  readonly durationNs: number;
  readonly operations: Readonly<Partial<Record<OpName, OperationReport>>>;
  /** Of accepted reads, writes and appends; null where no time passed. */
  readonly iops: number | null;
  readonly readBytesPerSecond: number | null;
  readonly writtenBytesPerSecond: number | null;
  readonly writeAmplification: WriteAmplification;
  readonly transitions: readonly TransitionCount[];
  /** Refusals by the device's identity of the error. */
  readonly refusals: Readonly<Record<string, number>>;
  readonly limits: LimitReport;
}

/** Of one kind of operation. Latencies are of accepted commands; percentiles are exact within 0.1 %. */
export interface OperationReport {
  readonly accepted: number;
  readonly refused: number;
  readonly bytes: number;
  readonly latencyNs: LatencyReport | null;
}

export interface LatencyReport {
  readonly min: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly p9999: number;
  readonly max: number;
}

/** Bytes that the device writes per byte that the host writes; null where the host wrote nothing. */
export interface WriteAmplification {
  readonly hostBytes: number;
  /** What collecting garbage has written again. */
  readonly relocatedBytes: number;
  /** Capacity left unwritten by finishes, which a device that pads finished zones has to write. */
  readonly paddedBytes: number;
  readonly withoutPadding: number | null;
  readonly withPadding: number | null;
}

export interface LimitReport {
  readonly peakOpenZones: number;
  readonly peakActiveZones: number;
  /** Zones that the device closed to make room for another. */
  readonly autoCloses: number;
  readonly tooManyOpenZones: number;
  readonly tooManyActiveZones: number;
}

/** Positions are absolute. Resets are those that moved the write pointer. */
export interface ZoneReport {
  readonly index: number;
  readonly condition: ZoneCondition;
  readonly writePointer: number;
  readonly resets: number;
  readonly finishes: number;
  readonly writtenBytes: number;
}

/** What the report needs of a phase that has ended. */
export interface FinishedPhase {
  readonly phase: ResolvedPhase;
  readonly metrics: PhaseMetrics;
  readonly operations: number;
  readonly stalled: boolean;
  readonly startNs: number;
  readonly nowNs: number;
}

const NS_PER_SECOND = 1e9;

export function buildReport(
  experiment: ResolvedExperiment,
  phases: readonly FinishedPhase[],
  durationNs: number,
  device: SimulatedDevice,
  series: Series,
): ExperimentReport {
  const totals = new PhaseMetrics();
  for (const phase of phases) totals.add(phase.metrics);
  return {
    format: 'zonelab-experiment-report',
    version: REPORT_VERSION,
    definition: asDefinition(experiment),
    outcome: phases.some((phase) => phase.stalled) ? 'stalled' : 'completed',
    totals: measurements(totals, durationNs),
    phases: phases.map((phase) => ({
      name: phase.phase.name,
      kind: phase.phase.kind,
      outcome: phase.stalled ? 'stalled' : 'completed',
      startNs: phase.startNs,
      ...measurements(phase.metrics, phase.nowNs - phase.startNs),
    })),
    zones: zoneReports(device),
    zoneCount: device.geometry.zoneCount,
    series: series.report(),
    timeBreakdownNs: device.breakdownNs(),
  };
}

/** The zone count follows from the sizes and is no field of a definition. */
function asDefinition({ device, ...rest }: ResolvedExperiment): ExperimentDefinition {
  const { zoneCount: _, logicalBlockSize, ...geometry } = device.geometry;
  const blockSize = logicalBlockSize === 512 ? 512 : 4096;
  const { name, seed, ...others } = rest;
  return {
    ...(name !== '' && { name }),
    seed,
    device: { ...device, geometry: { ...geometry, logicalBlockSize: blockSize } },
    ...others,
  };
}

function measurements(metrics: PhaseMetrics, durationNs: number): Measurements {
  const entries = OP_NAMES.map((name, op) => [name, metrics.operations[op] as OpMetrics] as const);
  const used = entries.filter(([, m]) => m.accepted + m.refused > 0);
  const [read, write, append] = metrics.operations as [OpMetrics, OpMetrics, OpMetrics];
  const perSecond = (n: number) => (durationNs > 0 ? (n * NS_PER_SECOND) / durationNs : null);
  return {
    durationNs,
    operations: Object.fromEntries(used.map(([name, m]) => [name, operationReport(m)])),
    iops: perSecond(read.accepted + write.accepted + append.accepted),
    readBytesPerSecond: perSecond(read.bytes),
    writtenBytesPerSecond: perSecond(write.bytes + append.bytes),
    writeAmplification: writeAmplification(write.bytes + append.bytes, metrics),
    transitions: metrics.transitions(),
    refusals: Object.fromEntries([...metrics.refusals].sort(([a], [b]) => (a < b ? -1 : 1))),
    limits: {
      peakOpenZones: metrics.peakOpenZones,
      peakActiveZones: metrics.peakActiveZones,
      autoCloses: metrics.autoCloses,
      tooManyOpenZones: metrics.refusals.get('too_many_open_zones') ?? 0,
      tooManyActiveZones: metrics.refusals.get('too_many_active_zones') ?? 0,
    },
  };
}

function operationReport({ accepted, refused, bytes, latencyNs }: OpMetrics): OperationReport {
  if (accepted === 0) return { accepted, refused, bytes, latencyNs: null };
  const { min, mean, max } = latencyNs;
  const [p50, p90, p99, p999, p9999] = [50, 90, 99, 99.9, 99.99].map((percent) =>
    latencyNs.percentile(percent),
  ) as [number, number, number, number, number];
  const latency = { min, mean, p50, p90, p99, p999, p9999, max };
  return { accepted, refused, bytes, latencyNs: latency };
}

function writeAmplification(
  writtenBytes: number,
  { paddedBytes, relocatedBytes }: PhaseMetrics,
): WriteAmplification {
  const hostBytes = writtenBytes - relocatedBytes;
  const ratio = (bytes: number) => (hostBytes > 0 ? bytes / hostBytes : null);
  return {
    hostBytes,
    relocatedBytes,
    paddedBytes,
    withoutPadding: ratio(writtenBytes),
    withPadding: ratio(writtenBytes + paddedBytes),
  };
}

function zoneReports(device: SimulatedDevice): ZoneReport[] {
  const rows: ZoneReport[] = [];
  for (let index = 0; index < device.geometry.zoneCount; index++) {
    const resets = device.resets(index);
    const finishes = device.finishes[index] as number;
    const writtenBytes = device.writtenBytes[index] as number;
    const condition = device.condition(index);
    const asNew = condition === 'empty' || condition === 'not-wp';
    if (asNew && resets + finishes + writtenBytes === 0) continue;
    const { writePointer } = device.zone(index);
    rows.push({ index, condition, writePointer, resets, finishes, writtenBytes });
  }
  return rows;
}
