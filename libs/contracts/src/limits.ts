/** Bounds on what a request may carry. Each has its reason; breaking one is a 422 that names the bound. */

/** Names appear in file listings, NBD export names and log lines. NBD allows 4096 bytes; people read far less. */
export const MAX_NAME_LENGTH = 128;

/** Labels are for finding things, not for storing them. */
export const MAX_LABELS = 64;
export const MAX_LABEL_KEY_LENGTH = 63;
export const MAX_LABEL_VALUE_LENGTH = 255;

/** A page that one response can hold without streaming. */
export const MAX_PAGE_ITEMS = 1000;
export const DEFAULT_PAGE_ITEMS = 50;

/** A zone row is about 160 bytes of JSON, so the largest report stays near 1.5 MiB. */
export const MAX_REPORT_ZONES = 10_000;
export const DEFAULT_REPORT_ZONES = 1000;

/** What QEMU takes: clusters of 2^9 to 2^21 bytes. */
export const MIN_CLUSTER_BYTES = 512;
export const MAX_CLUSTER_BYTES = 2 * 1024 * 1024;

/** Phases run one after the other; more than this is a trace, not a definition. */
export const MAX_PHASES = 64;

/** NVMe's submission queues end at 64 Ki entries; beyond this the model measures only its own queue. */
export const MAX_QUEUE_DEPTH = 65_536;

/** Largest single simulated transfer. Linux splits at far less. */
export const MAX_BLOCK_SIZE_BYTES = 64 * 1024 * 1024;

/** Writers side by side: more than any host has cores to run them on. */
export const MAX_JOBS = 4096;

/** At a million simulated commands a second this is most of a day on one core. */
export const MAX_OPERATIONS = 50_000_000_000;

/** Simulated time stays exact: 2^53 ns is 104 days. */
export const MAX_SIMULATED_SECONDS = 90 * 24 * 3600;

/** One command may take a simulated minute. */
export const MAX_SERVICE_TIME_NS = 60_000_000_000;

/** Streams of one multi-stream writer: file systems use a few tens at most. */
export const MAX_STREAMS = 1024;

/** A fio job file: far longer ones are made by programs, not read by people. */
export const MAX_FIO_LENGTH = 1_048_576;

/** What a trace is called: a path, or the id of an uploaded one. */
export const MAX_TRACE_NAME_LENGTH = 4096;

/** BullMQ's lowest priority is 2^21; people tell a few steps apart. */
export const MAX_PRIORITY = 1000;

/** A run may take a week: a billion commands take most of an hour. */
export const MAX_TIMEOUT_SECONDS = 7 * 24 * 3600;

/** Reports that one comparison reads: each may have megabytes. */
export const MAX_COMPARED = 64;

/** Experiments of one sweep: a comparison of more is no longer read. */
export const MAX_SWEEP_RUNS = 1000;

/** Requests a second that a rate may allow: more than any gateway answers. */
export const MAX_EXPORT_IOPS = 10_000_000;

/** Below this a single request of a guest would take minutes. */
export const MIN_EXPORT_BYTES_PER_SECOND = 64 * 1024;

/** Writes that an export may hold back to put them in order: two of the largest. */
export const MAX_REORDER_BYTES = 64 * 1024 * 1024;

/** Dies of a simulated flash device: ten times the largest drives of today. */
export const MAX_DIES = 4096;

/** Beyond this a slow page is too rare to change what is measured. */
export const MAX_SLOW_PAGE_EVERY = 65_536;

/** Commands among which a simulated disk chooses: SAS drives take 128 or 254. */
export const MAX_DISK_QUEUE_DEPTH = 1024;

/** Beyond this a month of a trace goes by in seconds: then 0, as fast as the queue allows, is what is meant. */
export const MAX_TRACE_SPEED = 1_000_000;

/** A hundred machines, and room: one flow of jobs, and one answer with all of its attach documents. */
export const MAX_FLEET_DISKS = 1000;

/** Names of disks add a hyphen and the number. */
export const MAX_FLEET_NAME_LENGTH = MAX_NAME_LENGTH - 4;
