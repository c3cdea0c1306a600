/** REST bodies, queue names and job payloads: one definition, used by every side. */

export { type AttachQuery, attachQuerySchema } from './attach.ts';
export {
  type AuditEntry,
  auditEntrySchema,
  auditPageSchema,
  type ListAudit,
  listAuditSchema,
} from './audit.ts';
export {
  type IdParams,
  idField,
  idParamsSchema,
  type Page,
  type PageQuery,
  pageOf,
  pageQuerySchema,
} from './common.ts';
export {
  type ContentQuery,
  contentQuerySchema,
  type ImportQuery,
  importQuerySchema,
} from './content.ts';
export {
  type EventResource,
  type EventType,
  eventSchema,
  type LabEvent,
  type ListEvents,
  listEventsSchema,
  type NewEvent,
} from './events.ts';
export {
  type CompareQuery,
  type Comparison,
  type CreateExperiment,
  compareQuerySchema,
  comparisonSchema,
  createExperimentSchema,
  type Experiment,
  type ExperimentDefinition,
  type ExperimentDevice,
  type ExperimentReport,
  type ExperimentStatus,
  experimentDefinitionSchema,
  experimentDeviceSchema,
  experimentPageSchema,
  experimentReportSchema,
  experimentSchema,
  type ListExperiments,
  listExperimentsSchema,
  type Queueing,
  type ReportQuery,
  reportQuerySchema,
} from './experiments.ts';
export {
  type CreateExport,
  createExportSchema,
  type Export,
  type ExportOptions,
  type ExportRates,
  type ExportStatus,
  exportOptionsSchema,
  exportPageSchema,
  exportRatesSchema,
  exportSchema,
  type ListExports,
  listExportsSchema,
  type UpdateExport,
  updateExportSchema,
} from './exports.ts';
export {
  GATEWAY_DEAD_AFTER_MS,
  GATEWAY_HEARTBEAT_MS,
  type Gateway,
  type GatewayPage,
  gatewayPageSchema,
  gatewaySchema,
} from './gateways.ts';
export { SECTOR_BYTES } from './geometry.ts';
export {
  type CloneImage,
  type CreateImage,
  cloneImageSchema,
  createImageSchema,
  type Image,
  type ImageStatus,
  imagePageSchema,
  imageSchema,
  type ListImages,
  listImagesSchema,
  type UpdateImage,
  updateImageSchema,
} from './images.ts';
export {
  type AttachPayload,
  EXPERIMENTS_QUEUE,
  type ExperimentJobs,
  experimentJobId,
  type GatewayJobName,
  type GatewayJobs,
  type GatewayPayload,
  type GatewayRefusalCode,
  type GatewayResult,
  gatewayQueue,
  type JobOutcome,
  type JobRefusal,
  jobPriority,
  QUEUE_PREFIX,
  type QueueJobs,
  sweepJobId,
  type UpdateExportPayload,
  type ZoneManagementPayload,
  type ZoneReportPayload,
  type ZoneReportResult,
} from './jobs.ts';
export {
  type CreatedKey,
  type CreateKey,
  createdKeySchema,
  createKeySchema,
  type Key,
  keyPageSchema,
  keySchema,
  listKeysSchema,
} from './keys.ts';
export { MAX_REPORT_ZONES } from './limits.ts';
export { parameterSchema } from './parameters.ts';
export { parseSize } from './parse-size.ts';
export {
  PRESETS,
  type Preset,
  type PresetName,
  presetNameField,
  presetPageSchema,
} from './presets.ts';
export {
  describeFieldErrors,
  type FieldError,
  fieldErrors,
  PROBLEM_MEDIA_TYPE,
  type Problem,
  problemSchema,
} from './problem.ts';
export { sizeField } from './sizes.ts';
export {
  type CreateSnapshot,
  createSnapshotSchema,
  type ImageSnapshot,
  type SnapshotPage,
  type SnapshotParams,
  snapshotPageSchema,
  snapshotParamsSchema,
  snapshotSchema,
} from './snapshots.ts';
export {
  type CreateSweep,
  createSweepSchema,
  listSweepsSchema,
  type Sweep,
  sweepPageSchema,
  sweepSchema,
} from './sweeps.ts';
export {
  type Phase,
  type PhaseKind,
  phaseSchemaOf,
  WORKLOADS,
  type Workload,
  type WorkloadInfo,
  workloadPageSchema,
  workloadSchema,
} from './workloads.ts';
export {
  type Zone,
  type ZoneAction,
  type ZoneParams,
  type ZoneReport,
  type ZoneReportQuery,
  zoneActionField,
  zoneParamsSchema,
  zoneReportQuerySchema,
  zoneReportSchema,
  zoneSchema,
} from './zones.ts';
