/** What exists, who serves it, and what was measured: the truth, in Postgres. */

export { Catalog } from './catalog.ts';
export { CatalogError, type CatalogErrorCode, type CatalogErrorContext } from './errors.ts';
export type { Role } from './generated/client.ts';
export { LEASE_MS, Lease, type LeaseClock, type LeaseOptions } from './lease.ts';
export { MIGRATIONS_FOLDER, migrate } from './migrate.ts';
export { AuditRepository, type NewAuditEntry } from './repositories/audit.ts';
export { type EventCursor, EventsRepository, isEventCursor } from './repositories/events.ts';
export {
  type ExperimentSummary,
  ExperimentsRepository,
  type QueuedExperiment,
  type StartedExperiment,
} from './repositories/experiments.ts';
export {
  ExportsRepository,
  type NewExport,
  type PlacedExport,
  type SeenClients,
} from './repositories/exports.ts';
export {
  type FleetDiskParts,
  FleetDisksRepository,
  type ListedDisk,
} from './repositories/fleet-disks.ts';
export { type FleetChange, FleetsRepository } from './repositories/fleets.ts';
export { type GatewayAnnouncement, GatewaysRepository } from './repositories/gateways.ts';
export {
  type ImageWork,
  ImageWorkRepository,
  type PendingWork,
  type WorkResult,
} from './repositories/image-work.ts';
export { ImagesRepository, type NewImage, type NewOverlay } from './repositories/images.ts';
export { generateKey, type KeyOwner, KeysRepository } from './repositories/keys.ts';
export { LeasesRepository } from './repositories/leases.ts';
export type { QuotaOwner } from './repositories/quotas.ts';
export {
  type PostIdentity,
  type PostState,
  type RememberedAnswer,
  RememberedPostsRepository,
} from './repositories/remembered-posts.ts';
export { type NewSweepRun, SweepsRepository, type SweptReport } from './repositories/sweeps.ts';
export {
  type KeptTrace,
  type NewTrace,
  type TraceFile,
  TracesRepository,
} from './repositories/traces.ts';
