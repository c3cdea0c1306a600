/**
 * What an experiment is: a device, a workload and a seed. Plain data as a user writes it; every optional field
 * has its default here or in the preset, and `resolveExperiment` fills them all in.
 */
import type { ZonedProfile } from '@zonelab/qcow2-zoned';

/** Same definition, same report, byte for byte. */
export interface ExperimentDefinition {
  readonly name?: string;
  /** Integer from 0 to 2^53 - 1; default 1. */
  readonly seed?: number;
  readonly device: DeviceDefinition;
  readonly workload: WorkloadDefinition;
  /** Whether the auditor predicts and checks every command; default true. */
  readonly audit?: boolean;
}

/** `ideal`: no delays and a small default geometry. `custom`: `geometry` must give at least size and zone size. */
export type DevicePreset = 'ideal' | 'custom';

export interface DeviceDefinition {
  readonly preset: DevicePreset;
  /** Overrides of the preset's geometry, field by field. */
  readonly geometry?: GeometryDefinition;
  /** Overrides of the preset's timing, field by field. */
  readonly timing?: TimingDefinition;
  /** Sequential zones, from the first, that are full when the run starts; default 0. */
  readonly prefilledZones?: number;
}

/** Sizes are bytes; a limit of 0 means "no limit"; `maxAppendBytes` 0 means "no append". */
export interface GeometryDefinition {
  readonly profile?: ZonedProfile;
  readonly size?: number;
  readonly zoneSize?: number;
  /** Default: the zone size. */
  readonly zoneCapacity?: number;
  readonly conventionalZones?: number;
  readonly maxOpenZones?: number;
  readonly maxActiveZones?: number;
  readonly maxAppendBytes?: number;
  readonly logicalBlockSize?: 512 | 4096;
}

export interface TimingDefinition {
  /** Every command takes this long, however many are in flight; integer nanoseconds of simulated time, default 0. */
  readonly serviceTimeNs?: number;
}

export interface WorkloadDefinition {
  /** Run one after the other on the same device. */
  readonly phases: readonly PhaseDefinition[];
}

export const PHASE_KINDS = [
  'seq-write',
  'zone-append',
  'random-read',
  'random-read-below-wp',
  'mixed',
  'reset-churn',
] as const;
export type PhaseKind = (typeof PHASE_KINDS)[number];

export type PhaseDefinition =
  | SeqWritePhase
  | ZoneAppendPhase
  | RandomReadPhase
  | RandomReadBelowWpPhase
  | MixedPhase
  | ResetChurnPhase;

/** Exactly one of `bytes`, `operations`, `seconds` ends the phase; each counts all jobs together. */
interface PhaseBase {
  /** Shown in the report; default: the kind. */
  readonly name?: string;
  /** Bytes of one read, write or append; a multiple of the logical block size. */
  readonly blockSize: number;
  /** Commands that each job keeps in flight; default 1. */
  readonly queueDepth?: number;
  /** Writers or readers side by side; default 1. Each writes a zone of its own while there are enough zones. */
  readonly jobs?: number;
  /** Zones that the phase uses; default: all sequential zones. */
  readonly zones?: ZoneSpan;
  /** Bytes read, written and appended; a multiple of `blockSize`. */
  readonly bytes?: number;
  /** Commands of every kind, refused ones and resets included. */
  readonly operations?: number;
  /** Simulated seconds. */
  readonly seconds?: number;
  /**
   * `reject` (default): a phase with more writers than the device's active limit is invalid.
   * `count`: it runs, and the device's refusals are counted. (At the open limit a device closes a zone instead.)
   */
  readonly overLimit?: 'reject' | 'count';
}

export interface ZoneSpan {
  /** Index on the device; default: the first sequential zone. */
  readonly first?: number;
  /** Default: all from `first` to the end of the device. */
  readonly count?: number;
}

/**
 * How writers of whole zones recycle them, with fio's meaning: a full zone is reset before it is written again;
 * a rest smaller than the block size is finished.
 */
interface WriterOptions {
  /** Reset the zone in hand every 1/resetFrequency writes, if `resetThreshold` is reached; 0 (default) never. */
  readonly resetFrequency?: number;
  /** Share of the span's capacity that must hold data for `resetFrequency` to act; default 0. */
  readonly resetThreshold?: number;
}

/** Writes zones from their write pointer to their capacity, one after the other, round and round. */
export interface SeqWritePhase extends PhaseBase, WriterOptions {
  readonly kind: 'seq-write';
}

/** As `seq-write`, with Zone Append. */
export interface ZoneAppendPhase extends PhaseBase, WriterOptions {
  readonly kind: 'zone-append';
}

/** Reads uniformly over the capacity of the span's zones, written or not. */
export interface RandomReadPhase extends PhaseBase {
  readonly kind: 'random-read';
}

/** Reads only written bytes: a zone that holds at least one block, uniformly, then a block of it, uniformly. */
export interface RandomReadBelowWpPhase extends PhaseBase {
  readonly kind: 'random-read-below-wp';
}

/** Each command is a read below a write pointer with probability `readShare`, else the next sequential write. */
export interface MixedPhase extends PhaseBase, WriterOptions {
  readonly kind: 'mixed';
  /** From 0 to 1. */
  readonly readShare: number;
}

/** Each job fills a zone, resets it and goes on to the next. */
export interface ResetChurnPhase extends PhaseBase {
  readonly kind: 'reset-churn';
  /** Share of the capacity written before the reset; above 0 to 1, default 1. */
  readonly fill?: number;
  /** Whether a zone is finished before its reset; default false. */
  readonly finish?: boolean;
}
