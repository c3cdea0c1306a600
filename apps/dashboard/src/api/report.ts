/** Reports and comparisons as the simulator writes them: docs/report.schema.json has their meaning. */

import type { Zone } from '@zonelab/contracts';

export interface Latency {
  readonly min: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly p9999: number;
  readonly max: number;
}

export interface Operation {
  readonly accepted: number;
  readonly refused: number;
  readonly bytes: number;
  /** Simulated nanoseconds; null where none was accepted. */
  readonly latencyNs: Latency | null;
}

export interface Measurements {
  readonly durationNs: number;
  readonly operations: Readonly<Record<string, Operation>>;
  readonly iops: number | null;
  readonly readBytesPerSecond: number | null;
  readonly writtenBytesPerSecond: number | null;
  readonly writeAmplification: {
    readonly hostBytes: number;
    readonly relocatedBytes: number;
    readonly paddedBytes: number;
    readonly withoutPadding: number | null;
    readonly withPadding: number | null;
  };
  readonly refusals: Readonly<Record<string, number>>;
  readonly limits: Readonly<Record<string, number>>;
}

export interface Phase extends Measurements {
  readonly name: string;
  readonly kind: string;
  readonly outcome: string;
  readonly startNs: number;
}

/** A zone that is not as new. */
export interface ReportZone {
  readonly index: number;
  readonly condition: Zone['condition'];
  readonly writePointer: number;
  readonly resets: number;
  readonly finishes: number;
  readonly writtenBytes: number;
}

export type SeriesName =
  | 'reads'
  | 'writes'
  | 'appends'
  | 'resets'
  | 'finishes'
  | 'refusals'
  | 'readBytes'
  | 'writtenBytes'
  | 'openZones'
  | 'activeZones'
  | 'inFlight';

export interface Report {
  readonly definition: {
    readonly name?: string;
    readonly seed: number;
    readonly device: {
      readonly preset: string;
      readonly geometry: Readonly<Record<string, number | string>>;
    };
    readonly workload: object;
  };
  readonly outcome: 'completed' | 'stalled';
  readonly totals: Measurements;
  readonly phases: readonly Phase[];
  readonly zones: readonly ReportZone[];
  readonly zoneCount: number;
  /** Point i covers what completed from i x pointNs on; zones and inFlight are the largest value that held. */
  readonly series: { readonly pointNs: number } & Readonly<Record<SeriesName, readonly number[]>>;
  readonly timeBreakdownNs: Readonly<Record<string, number>>;
}

export interface ComparedRun {
  readonly label: string;
  readonly values?: Readonly<Record<string, unknown>>;
  readonly outcome: string;
  readonly durationNs: number;
  readonly iops: number | null;
  readonly readBytesPerSecond: number | null;
  readonly writtenBytesPerSecond: number | null;
  readonly meanLatencyNs: number | null;
  readonly p99LatencyNs: number | null;
  readonly p9999LatencyNs: number | null;
  readonly writeAmplification: number | null;
  readonly writeAmplificationWithPadding: number | null;
  readonly resets: number;
  readonly refusals: number;
}

export interface Comparison {
  readonly runs: readonly ComparedRun[];
}
