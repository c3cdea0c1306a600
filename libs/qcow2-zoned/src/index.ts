export { type AmendOptions, amendImage } from './amend.ts';
export {
  type CheckOptions,
  type CheckReport,
  checkImage,
  type Repaired,
} from './check/check.ts';
export type { CheckFinding } from './check/findings.ts';
export type { RepairMode } from './check/repair.ts';
export { repairRefcounts } from './check/tables.ts';
export { type CommitZonesOptions, commitZones, isZonedOverlay } from './commit-zones.ts';
export { type ConvertDialectOptions, convertDialect, copyZoneData } from './convert-dialect.ts';
export {
  type BackingOptions,
  type CreateOptions,
  createImage,
  type DataFileOptions,
  type Preallocation,
  type UnsizedCreateOptions,
  validateCreateOptions,
  withBackingSize,
} from './create.ts';
export type { DeviceCommand } from './device/commands.ts';
export type { SetFaultsOptions } from './device/core.ts';
export type { MaybePromise } from './device/turnstile.ts';
export { type OpenOptions, ZonedDevice } from './device/zoned-device.ts';
export {
  type FileErrorCode,
  ImageError,
  type ImageErrorCode,
  type ImageErrorContext,
  invalidOption,
  type ZoneErrorCode,
} from './errors.ts';
export {
  DISK_OPERATIONS,
  type FaultPlan,
  type FaultProgress,
  type FaultRule,
  type FaultState,
  type FaultStatus,
  FILE_OPERATIONS,
  parseFaultPlan,
  parseFaultState,
} from './faults/plan.ts';
export { loadFaults, saveFaults } from './faults/store.ts';
export type { Bitmap } from './format/bitmaps.ts';
export type { Encryption, LuksInfo } from './format/crypto-header.ts';
export type { Snapshot } from './format/snapshot-table.ts';
export { describeZoned, type ZonedDialect } from './format/zoned-dialects.ts';
export type { WriteGuard } from './guarded-file.ts';
export type { Disk, Extent } from './image/disk.ts';
export { type ImageParts, Qcow2Image } from './image/image.ts';
export {
  type ImageInfo,
  inspectChain,
  inspectDisk,
  inspectImage,
  type RawInfo,
  type ZonedInfo,
} from './info.ts';
export { type OpenDiskOptions, OpenedDisk, openDisk } from './open.ts';
export {
  type BackingName,
  imageOf,
  type Layer,
  layersOf,
  nameBacking,
} from './operations/backing-chain.ts';
export { type BenchOptions, benchDisk } from './operations/bench.ts';
export {
  type BitmapAction,
  type BitmapCopy,
  BitmapEditor,
  bitmapCopies,
  measureBitmaps,
} from './operations/bitmaps.ts';
export { type CommitOptions, commitDisk } from './operations/commit.ts';
export { type CompareOptions, type Comparison, compareDisks } from './operations/compare.ts';
export { compareZones, type ZoneDifference } from './operations/compare-zones.ts';
export { ConcatenatedDisk } from './operations/concatenated-disk.ts';
export { type ConvertOptions, convertInto, convertToFile } from './operations/convert.ts';
export { convertZonedToFile, hasZones } from './operations/convert-zoned.ts';
export { type CopyOptions, copyDisk } from './operations/copy.ts';
export {
  type CreateFromZonesOptions,
  createFromZones,
  type ReportedZone,
} from './operations/create-from-zones.ts';
export { type CreateRawOptions, createRaw } from './operations/create-raw.ts';
export { DiskRange } from './operations/disk-range.ts';
export {
  type Measurement,
  type MeasureOptions,
  measureQcow2,
  measureRaw,
} from './operations/measure.ts';
export type { OperationOptions } from './operations/pace.ts';
export { type RebaseOptions, rebaseDisk } from './operations/rebase.ts';
export { type ResizeOptions, resizeDisk } from './operations/resize.ts';
export { type ReportLoss, SalvagedDisk } from './operations/salvaged-disk.ts';
export { snapshotDisk } from './operations/snapshot-disk.ts';
export { type PlacedExtent, walkExtents } from './operations/walk.ts';
export type { DiskFormat } from './probe.ts';
export { RawDisk } from './raw-disk.ts';
export { validateGeometry, type ZoneGeometryOptions, zoneGeometry } from './zones/geometry.ts';
export { ZoneMachine } from './zones/machine.ts';
export {
  CONDITION_NAMES,
  type Zone,
  type ZoneAction,
  type ZoneCondition,
  type ZonedGeometry,
  type ZonedProfile,
  type ZoneEvent,
  ZoneState,
  type ZoneTransition,
} from './zones/zone.ts';
export { ZoneWatch } from './zones/zone-watch.ts';
