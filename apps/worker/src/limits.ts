/** Every bound of the worker, with its reason. */

/** Between two writes of progress to the catalog, which are also looks at whether it was cancelled: within a second, with room. */
export const PROGRESS_INTERVAL_MS = 250;

/** Memory of one simulation: a million zones with auditor, histograms and report take a third of it. */
export const SIMULATION_HEAP_MIB = 1024;

/** Starts of one experiment's job: reasons that are not its own, such as a database out of reach, may pass. */
export const MAX_STARTS = 5;

/** Before an experiment is started again. */
export const RETRY_DELAY_MS = 2000;

/**
 * A worker that does not renew its lock for this long is dead: renewal shares its thread with nothing that takes time,
 * so that this can be short, and a killed worker's experiments start again soon.
 */
export const LOCK_DURATION_MS = 10_000;

/** Images worked on at once for each pool: a disk gains little from more. */
export const IMAGE_CONCURRENCY = 2;

/** Starts of work on an image that somebody else has open: a download may last minutes. */
export const MAX_IMAGE_STARTS = 300;

/** An API process that has looked at an image lets go of it ten seconds later. */
export const LEASE_PATIENCE_MS = 12_000;

/** Findings of a check that the catalog keeps: enough to see what is wrong. */
export const MAX_SHOWN_FINDINGS = 20;

/** Between two looks for jobs of dead workers. */
export const STALLED_INTERVAL_MS = 5000;

/** Between two comparisons of the catalog with the queue: a job that Redis lost waits no longer than this. */
export const REPAIR_INTERVAL_MS = 30_000;

/** A dependency that does not answer a readiness check within this time is down. */
export const READINESS_TIMEOUT_MS = 2000;

/** One NBD request: QEMU's own servers take as much. */
export const MAX_NBD_WRITE_BYTES = 4 * 1024 * 1024;

/** A gateway answers in milliseconds, one with a million zones in seconds. */
export const GATEWAY_ANSWER_TIMEOUT_MS = 15_000;

/** Zones in one answer of a gateway: some 160 bytes of JSON each. */
export const ZONES_PER_REPORT = 1000;

/** The API keeps an image in hand for ten seconds after a command on its zones. */
export const IMAGE_PATIENCE_MS = 15_000;
