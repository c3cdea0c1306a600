/** What the simulation thread and its owner say to each other. */
import type {
  ExperimentDefinition,
  ExperimentProgress,
  ExperimentReport,
  WorkloadErrorCode,
} from '@zonelab/zone-workload';

/** Given to the thread as `workerData`. */
export interface SimulationInput {
  readonly definition: ExperimentDefinition;
  /** Files of the traces that it plays, by their names. */
  readonly traces: Readonly<Record<string, string>>;
}

/** The thread ends after `report` or `refusal`. */
export type SimulationMessage =
  | { readonly kind: 'progress'; readonly progress: ExperimentProgress }
  | { readonly kind: 'report'; readonly report: ExperimentReport }
  | { readonly kind: 'refusal'; readonly code: WorkloadErrorCode; readonly message: string };
