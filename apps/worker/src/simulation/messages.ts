/** What the simulation thread and its owner say to each other. */
import type {
  ExperimentDefinition,
  ExperimentProgress,
  ExperimentReport,
  WorkloadErrorCode,
} from '@zonelab/zone-workload';
import type { GatewayQuestion, ReportedZones, TargetInput } from '../mirror/target.ts';

/** What the owner answers to a question. */
export type OwnerMessage =
  | { readonly id: number; readonly zones: ReportedZones | null }
  | { readonly id: number; readonly code: WorkloadErrorCode | undefined; readonly message: string };

/** Given to the thread as `workerData`. */
export interface SimulationInput {
  readonly definition: ExperimentDefinition;
  /** Files of the traces that it plays, by their names. */
  readonly traces: Readonly<Record<string, string>>;
  /** An image that carries the run out. */
  readonly target?: TargetInput | undefined;
}

/** The thread ends after `report` or `refusal`. */
export type SimulationMessage =
  | { readonly kind: 'progress'; readonly progress: ExperimentProgress }
  | { readonly kind: 'question'; readonly id: number; readonly question: GatewayQuestion }
  | {
      readonly kind: 'report';
      readonly report: ExperimentReport;
      /** Of the image; undefined without one. */
      readonly verifiedBytes: number | undefined;
    }
  | { readonly kind: 'refusal'; readonly code: WorkloadErrorCode; readonly message: string };
