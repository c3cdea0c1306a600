/** Bounds of the API, each with its reason. */

/** Bodies are descriptions of images and experiments; the largest has 64 phases. */
export const MAX_BODY_BYTES = 1024 * 1024;

/** A gateway attaches an image in milliseconds; a zone table of a million zones takes seconds. */
export const GATEWAY_ANSWER_TIMEOUT_MS = 15_000;

/** A probe must answer faster than whoever probes gives up. */
export const READY_TIMEOUT_MS = 2_000;

/** A resting image that is managed stays open for its user to look at what he did; meanwhile its file is locked. */
export const RESTING_IMAGE_IDLE_MS = 10_000;

/** Images held open at once: each holds a zone table and caches, some megabytes at worst. */
export const MAX_RESTING_IMAGES = 64;

/** Waiting for the queue to take a job. The catalog has the experiment, and a sweep queues it later. */
export const ENQUEUE_TIMEOUT_MS = 2_000;

/** How soon an experiment that Redis lost is queued again. */
export const SWEEP_EVERY_MS = 30_000;
