export type {
  DeviceDefinition,
  DevicePreset,
  Distribution,
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
export { DEVICE_PRESETS, PHASE_KINDS, TIMING_MODELS } from './definition.ts';
export type { DiskTiming } from './device/disk/parameters.ts';
export type { FlashTiming } from './device/flash/parameters.ts';
export { diskTimingOf, flashTimingOf, PRESETS } from './device/presets.ts';
export { type ExperimentProgress, ExperimentRun } from './engine/experiment-run.ts';
export type { Advance, OpenTrace } from './engine/group-run.ts';
export { type RunOptions, runExperiment } from './engine/run-experiment.ts';
export {
  type DefinitionProblem,
  WorkloadError,
  type WorkloadErrorCode,
  type WorkloadErrorContext,
} from './errors.ts';
export type { MirrorTarget } from './mirror/mirror.ts';
export { phaseDefaults } from './phase-defaults.ts';
export {
  type ComparedRun,
  type Comparison,
  compareReports,
  comparisonCsv,
  comparisonText,
  renderComparison,
} from './report/compare.ts';
export { type CsvFiles, renderCsv } from './report/csv.ts';
export { renderHtml } from './report/html/report-page.ts';
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
export {
  expandSweep,
  type SweepDefinition,
  type SweepRange,
  type SweepRun,
} from './sweep/expand.ts';
export { checkTraceStart, type TraceSource } from './trace/feed.ts';
export { TRACE_FORMATS, type TraceFormat } from './trace/record.ts';
export { renderValidation, runValidation, type ValidationResult } from './validation/table.ts';
