/** Every bound of this library, with its reason. */

/** Phases of one experiment: a report stays readable, and each phase keeps its own histograms. */
export const MAX_PHASES = 64;

/** Zones of a simulated device: some 60 bytes each in the machine, the auditor and the counters. */
export const MAX_ZONES = 1_048_576;

/** Commands in flight of one phase (jobs x queue depth): NVMe's largest queue. */
export const MAX_IN_FLIGHT = 65_536;

/** One command: QEMU and Linux split far below it. */
export const MAX_BLOCK_BYTES = 64 * 1024 * 1024;

/** Simulated nanoseconds stay exact in a double for 2^53 ns, 104 days; a run ends long before. */
export const MAX_SIMULATED_SECONDS = 1_000_000;

/** One command may take this long: an hour is past every time-out a host has. */
export const MAX_SERVICE_TIME_NS = 3_600_000_000_000;

/** Refusals in a row after which a phase counts as stalled: no command of it can succeed any more. */
export const MAX_CONSECUTIVE_REFUSALS = 100_000;

/** Points of a series over time: enough for a plot, and bounded however long the run is. */
export const MAX_SERIES_POINTS = 512;

/** Commands between two calls of the progress listener: some 50 ms on one core. */
export const SLICE_OPERATIONS = 50_000;

/** Zones drawn one by one; a larger device shares characters between neighbours. */
export const MAX_MAP_CHARACTERS = 1024;

/** Problems of a definition that are told at once. */
export const MAX_PROBLEMS = 32;

/** Dies of a flash device: ten times the largest drives of today. */
export const MAX_DIES = 4096;

/** Streams of one multi-stream writer: NVMe hosts and file systems use a few tens at most. */
export const MAX_STREAMS = 1024;

/** Of a phase that names no block size: every device's logical block divides it. */
export const DEFAULT_BLOCK_BYTES = 4096;

/** Records of a trace in memory at once: some 800 KiB, and a batch per few milliseconds of the run. */
export const TRACE_BATCH_RECORDS = 32_768;

/** A line of a trace: the longest that a format knows has a few hundred characters. */
export const MAX_TRACE_LINE_BYTES = 65_536;

/** Blocks that a translation maps: 8 bytes each, half a gigabyte. A larger device needs larger blocks. */
export const MAX_MAPPED_BLOCKS = 67_108_864;

/** One write or read of a translation, as file systems merge them. */
export const MAX_TRANSLATED_BYTES = 131_072;

/** A fio job file: far longer ones are made by programs, not read by people. */
export const MAX_FIO_BYTES = 1_048_576;

/** Experiments of one sweep: a comparison of more is no longer read. */
export const MAX_SWEEP_RUNS = 1000;

/** Bytes read at once when a real device is compared. */
export const MIRROR_READ_BYTES = 4 * 1024 * 1024;

/** Commands between two visits to a real device: what is recorded meanwhile stays small. */
export const MIRROR_SLICE_OPERATIONS = 2000;

/** Of models of real writers that name no block size: what file systems hand to a device at once. */
export const WRITER_BLOCK_BYTES = 131_072;
