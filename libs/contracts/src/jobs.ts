/** Queues and jobs: the one typed map from queue and job name to payload and result. */

import type { FaultStatus, ImageErrorCode, ImageErrorContext } from '@zonelab/qcow2-zoned';
import type { ExportOptions, ExportStats, UpdateExport } from './exports.ts';
import type { FaultPlan } from './faults.ts';
import { MAX_PRIORITY } from './limits.ts';
import type { Zone, ZoneAction, ZoneReportQuery } from './zones.ts';

/** Braces make one hash slot of all keys: a Redis Cluster refuses BullMQ's scripts otherwise. */
export const QUEUE_PREFIX = '{zonelab}';

export const EXPERIMENTS_QUEUE = 'experiments';

export const FLEETS_QUEUE = 'fleets';

/** Queue of one gateway. Its id is a `nameField`. */
export function gatewayQueue(gatewayId: string): string {
  return `gateway.${gatewayId}`;
}

/** Queue of the work on images of one pool: whoever reaches the pool serves it. The name is a `nameField`. */
export function poolQueue(pool: string): string {
  return `pool.${pool}`;
}

/**
 * Answer of a job whose caller waits. A refusal is an answer, not a failed job: it keeps its code and
 * context, and is not tried again.
 */
export type JobOutcome<T> = { ok: true; value: T } | { ok: false; refusal: JobRefusal };

export interface JobRefusal {
  /** A code of the device, or of the gateway itself. */
  code: ImageErrorCode | GatewayRefusalCode;
  message: string;
  context: ImageErrorContext;
}

/** `not_attached`: this gateway does not serve that image. `export_name_taken`: it serves another under the name. */
export type GatewayRefusalCode = 'not_attached' | 'export_name_taken' | 'shutting_down';

export interface AttachPayload {
  exportId: string;
  imageId: string;
  /** Name that NBD clients ask for. */
  name: string;
  /** Name of the pool that holds the image; each host knows it under a path of its own. */
  pool: string;
  readOnly: boolean;
  options: ExportOptions;
  /** Of the image; absent: none. */
  faults?: FaultPlan;
}

/** What is left out stays as it is. */
export interface UpdateExportPayload extends UpdateExport {
  exportId: string;
}

export interface ZoneManagementPayload {
  imageId: string;
  action: ZoneAction;
  /** Absent: all zones that the action applies to. */
  zoneIndex?: number;
}

export interface ZoneReportPayload extends ZoneReportQuery {
  imageId: string;
}

export interface ZoneReportResult {
  items: Zone[];
  /** The next index to report from; null when no zone is left. */
  next: number | null;
}

export interface ZoneChangesPayload {
  imageId: string;
  /** Whoever follows the image's zones; forgotten when it has not asked for a while. */
  follower: string;
}

export interface ZoneChangesResult {
  /** As they are now; null where the gateway does not know the follower: it must read all of them. */
  items: Zone[] | null;
}

export interface ResizePayload {
  imageId: string;
  /** Bytes. */
  size: number;
}

export interface FaultsPayload {
  imageId: string;
  /** Null: from now on nothing fails. */
  plan: FaultPlan | null;
}

/** Zones by condition, and the first that is not empty. */
export interface ZoneCounts {
  conditions: Record<string, number>;
  firstUsed: number | null;
}

export interface CountedZones extends ZoneCounts {
  imageId: string;
}

/** Jobs of `gateway.<id>`. All are idempotent: attaching twice is one export, detaching twice is none. */
export interface GatewayJobs {
  attach: { payload: AttachPayload; result: JobOutcome<{ uri: string }> };
  detach: { payload: { exportId: string }; result: JobOutcome<null> };
  update: { payload: UpdateExportPayload; result: JobOutcome<null> };
  exportStats: { payload: { exportId: string }; result: JobOutcome<ExportStats> };
  manageZones: { payload: ZoneManagementPayload; result: JobOutcome<{ zone: Zone | null }> };
  zoneChanges: { payload: ZoneChangesPayload; result: JobOutcome<ZoneChangesResult> };
  /** Of those images that the gateway serves. */
  countZones: { payload: { imageIds: string[] }; result: JobOutcome<{ items: CountedZones[] }> };
  reportZones: { payload: ZoneReportPayload; result: JobOutcome<ZoneReportResult> };
  resize: { payload: ResizePayload; result: JobOutcome<null> };
  setFaults: { payload: FaultsPayload; result: JobOutcome<null> };
  faultStatus: { payload: { imageId: string }; result: JobOutcome<FaultStatus[] | null> };
}

/** Jobs of `pool.<name>`. What is to be done is read from the catalog, and what came of it written to it. */
export interface ImageJobs {
  work: { payload: { imageId: string; workId: string }; result: null };
}

/** Jobs of `experiments`. The definition is read from the catalog, and the result written to it. */
export interface ExperimentJobs {
  run: { payload: { experimentId: string }; result: null };
  /** The parent of a sweep's runs: writes their comparison once all of them have ended. */
  compare: { payload: { sweepId: string }; result: null };
}

/** Jobs of `fleets`. What is wanted is read from the catalog: a job that comes late does what is wanted by then. */
export interface FleetJobs {
  /** Brings one disk to what is wanted of it. */
  disk: { payload: { fleetId: string; disk: number }; result: null };
  /** The parent of a change's disks: writes down what came of it. */
  settle: { payload: { fleetId: string; generation: number }; result: null };
}

export interface QueueJobs {
  experiments: ExperimentJobs;
  fleets: FleetJobs;
  gateway: GatewayJobs;
  pool: ImageJobs;
}

export type GatewayJobName = keyof GatewayJobs;
export type GatewayPayload<N extends GatewayJobName> = GatewayJobs[N]['payload'];
export type GatewayResult<N extends GatewayJobName> = GatewayJobs[N]['result'];

/** The same experiment is queued once, however often it is asked for. */
export function experimentJobId(experimentId: string): string {
  return `run-${experimentId}`;
}

export function sweepJobId(sweepId: string): string {
  return `compare-${sweepId}`;
}

/** A change of a fleet is queued once. */
export function fleetJobId(fleetId: string, generation: number): string {
  return `settle-${fleetId}-${generation}`;
}

export function fleetDiskJobId(fleetId: string, generation: number, disk: number): string {
  return `disk-${fleetId}-${generation}-${disk}`;
}

/** The same work is queued once, however often it is asked for. */
export function imageJobId(workId: string): string {
  return `work-${workId}`;
}

/** BullMQ takes lower numbers first, and 0 for none at all. */
export function jobPriority(priority: number): number {
  return MAX_PRIORITY + 1 - priority;
}
