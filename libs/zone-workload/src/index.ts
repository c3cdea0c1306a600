export type {
  DeviceDefinition,
  DevicePreset,
  ExperimentDefinition,
  GeometryDefinition,
  MixedPhase,
  PhaseDefinition,
  PhaseKind,
  RandomReadBelowWpPhase,
  RandomReadPhase,
  ResetChurnPhase,
  SeqWritePhase,
  TimingDefinition,
  WorkloadDefinition,
  ZoneAppendPhase,
  ZoneSpan,
} from './definition.ts';
export { PHASE_KINDS } from './definition.ts';
export { type ExperimentProgress, ExperimentRun } from './engine/experiment-run.ts';
export { type RunOptions, runExperiment } from './engine/run-experiment.ts';
export {
  type DefinitionProblem,
  WorkloadError,
  type WorkloadErrorCode,
  type WorkloadErrorContext,
} from './errors.ts';
export type {
  ExperimentReport,
  LatencyReport,
  Measurements,
  OperationReport,
  PhaseReport,
  ZoneReport,
} from './report/report.ts';
export { REPORT_VERSION } from './report/report.ts';
export { renderSummary } from './report/summary.ts';
export { renderZoneMap } from './report/zone-map.ts';
export { type ResolvedExperiment, resolveExperiment, validate } from './resolve.ts';
