/**
 * What an experiment is: a device, a workload and a seed. Plain data as a user writes it; every optional field
 * has its default here or in the preset, and `resolveExperiment` fills them all in.
 */
import type { ZonedProfile } from '@zonelab/qcow2-zoned';
import type { DiskTiming } from './device/disk/parameters.ts';
import type { FlashTiming } from './device/flash/parameters.ts';
import type { TraceFormat } from './trace/record.ts';
import type { FioJobOptions } from './workload/fio-options.ts';
import type { WriterModelName } from './workload/writer-models.ts';

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

/**
 * `ideal`: no delays and a small default geometry. `custom`: `geometry` must give at least size and zone size.
 * The others are real or emulated devices: see docs/model-cards.
 */
export const DEVICE_PRESETS = ['ideal', 'custom', 'zn540', 'femu-default', 'hm-smr'] as const;
export type DevicePreset = (typeof DEVICE_PRESETS)[number];

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

/** `constant`: every command takes as long as any other. `flash`, `disk`: mechanisms. */
export const TIMING_MODELS = ['constant', 'flash', 'disk'] as const;
export type TimingModelName = (typeof TIMING_MODELS)[number];

export interface TimingDefinition {
  /** Default: the preset's. */
  readonly model?: TimingModelName;
  /** Of `constant`: integer nanoseconds of simulated time, default 0. */
  readonly serviceTimeNs?: number;
  /** Of `flash`; fields left out are the preset's, or zn540's where the preset is no flash device. */
  readonly flash?: Partial<FlashTiming>;
  /** Of `disk`; fields left out are the preset's, or hm-smr's where the preset is no disk. */
  readonly disk?: Partial<DiskTiming>;
}

/** Either phases or a fio job file. */
export interface WorkloadDefinition {
  /** Run one after the other on the same device, or side by side: see `alongside`. */
  readonly phases?: readonly PhaseDefinition[];
  /** Text of a fio job file with zonemode=zbd. */
  readonly fio?: string;
}

export const PHASE_KINDS = [
  'seq-write',
  'zone-append',
  'seq-read',
  'random-read',
  'random-read-below-wp',
  'mixed',
  'reset-churn',
  'fill',
  'reset-storm',
  'finish-storm',
  'multi-stream',
  'idle',
  'random-write',
  'trace',
  'fio',
  'rocksdb-zenfs',
  'f2fs',
  'btrfs',
  'smr-streams',
] as const;
export type PhaseKind = (typeof PHASE_KINDS)[number];

export type PhaseDefinition =
  | SeqWritePhase
  | ZoneAppendPhase
  | SeqReadPhase
  | RandomReadPhase
  | RandomReadBelowWpPhase
  | MixedPhase
  | ResetChurnPhase
  | FillPhase
  | ResetStormPhase
  | FinishStormPhase
  | MultiStreamPhase
  | IdlePhase
  | RandomWritePhase
  | TracePhase
  | FioPhase
  | WriterModelPhase;

/** Exactly one of `bytes`, `operations`, `seconds` ends the phase; each counts all jobs together. */
interface PhaseBase {
  /** Shown in the report; default: the kind. */
  readonly name?: string;
  /** Bytes of one read, write or append; a multiple of the logical block size; default 4096. */
  readonly blockSize?: number;
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
   * True: the phase runs together with the one before it, not after it. It may leave out its amount: it then ends
   * when those beside it have ended. Default false.
   */
  readonly alongside?: boolean;
  /** Bytes per second that the phase keeps below, all its jobs together; default 0: as fast as it can. */
  readonly rate?: number;
  /** Time that the host takes between the end of a command and the next one in its place; default 0. */
  readonly thinkNs?: number;
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

/** Reads the capacity of one zone after the other, round and round; each job begins at a zone of its own. */
export interface SeqReadPhase extends PhaseBase {
  readonly kind: 'seq-read';
}

/** Which of n things is drawn. */
export type Distribution =
  | { readonly kind: 'uniform' }
  /** The k-th most popular with a probability in proportion to 1 / k^theta; theta above 0, default 0.99. */
  | { readonly kind: 'zipf'; readonly theta?: number }
  /** The share `hot` of the things gets the share `access` of the draws; defaults 0.2 and 0.8. */
  | { readonly kind: 'hot-cold'; readonly hot?: number; readonly access?: number }
  /** Bounded Pareto, self-similar: the share h gets 1 - h of the draws, and so on within it; default 0.2. */
  | { readonly kind: 'pareto'; readonly h?: number };

interface ReaderOptions {
  /** How zones are drawn, the first being the most popular; blocks in a zone uniformly. Default uniform. */
  readonly distribution?: Distribution;
}

/** Reads over the capacity of the span's zones, written or not. */
export interface RandomReadPhase extends PhaseBase, ReaderOptions {
  readonly kind: 'random-read';
}

/** Reads only written bytes: a zone that holds at least one block, then a block of it, uniformly. */
export interface RandomReadBelowWpPhase extends PhaseBase, ReaderOptions {
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

/** Writes every zone of the span to its end, once; ends by itself, so that it needs no amount. */
export interface FillPhase extends PhaseBase {
  readonly kind: 'fill';
}

/** Resets the zones of the span, one after the other, round and round. */
export interface ResetStormPhase extends PhaseBase {
  readonly kind: 'reset-storm';
}

/** Each job writes one block to a zone, finishes it, and goes on to the next; a full zone is reset first. */
export interface FinishStormPhase extends PhaseBase {
  readonly kind: 'finish-storm';
}

/** One writer, several streams with a zone of their own each; every write picks a stream. */
export interface MultiStreamPhase extends PhaseBase, WriterOptions {
  readonly kind: 'multi-stream';
  /** Default 4. */
  readonly streams?: number;
  /** How streams are drawn; default uniform. */
  readonly distribution?: Distribution;
}

/** Gives no command: the device gets time to write down what it holds. Needs `seconds`. */
export interface IdlePhase extends PhaseBase {
  readonly kind: 'idle';
}

/** How random writes become sequential ones: see docs/simulation.md. */
interface TranslationOptions {
  /** Share of the span's capacity that the logical space leaves free; above 0 and below 1, default 0.1. */
  readonly overProvisioning?: number;
}

/**
 * Writes blocks anywhere in a logical space, through a log-structured translation that collects garbage. `bytes` and
 * the report's host bytes are those of the host; what collection adds is measured apart.
 */
export interface RandomWritePhase extends PhaseBase, TranslationOptions {
  readonly kind: 'random-write';
  /** How blocks are drawn; default uniform. */
  readonly distribution?: Distribution;
  /** Share of reads, from 0 (default) to 1. */
  readonly readShare?: number;
  /** Whether the space is written once, in order, before blocks are drawn; default true. */
  readonly fillFirst?: boolean;
}

/** Plays a trace. `blockSize` is the unit that requests are rounded to. Ends by itself; an amount may end it before. */
export interface TracePhase extends PhaseBase, TranslationOptions {
  readonly kind: 'trace';
  readonly format: TraceFormat;
  /** What the trace is called where it is kept: a path for the command line. */
  readonly trace: string;
  /** SHA-256 of the file that the trace must be, in hexadecimal; for whoever opens it. */
  readonly sha256?: string;
  /**
   * `log` (default): through a log-structured translation, as random-write traces need. `none`: addresses as they
   * are; what is not at a write pointer is refused and counted.
   */
  readonly translation?: 'log' | 'none';
  /** 1 (default): at the trace's own times; 2: twice as fast; 0: as fast as the queue allows. */
  readonly speed?: number;
}

/** A section of a fio job file. */
export interface FioPhase extends PhaseBase, FioJobOptions {
  readonly kind: 'fio';
}

/** Writes as a file system or database does: see docs/simulation.md. `blockSize` defaults to 128 KiB. */
export interface WriterModelPhase extends PhaseBase {
  readonly kind: WriterModelName;
  /** Share of the span's capacity that live data takes; above 0 to 0.9, default 0.6. */
  readonly liveShare?: number;
}
