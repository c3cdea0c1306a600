/** Every bound of the gateway, and why it is what it is. */

/** Jobs handled at once. They wait for disks, not for the processor; zone jobs of a fleet come in bursts. */
export const JOB_CONCURRENCY = 16;

/** Zones looked at in one go while a report searches for a condition: some milliseconds. */
export const REPORT_CHUNK_ZONES = 16_384;

/** Zones that one report job looks at; a search that has found nothing by then answers where to go on. */
export const REPORT_SCAN_ZONES = 262_144;

/** Changed zones in one answer, some 160 kB; what is more is in the next. */
export const MAX_CHANGED_ZONES = 1_000;

/** A follower asks several times a second; one that is silent for so long has gone. */
export const FORGET_FOLLOWER_MS = 15_000;

/** Followers of one image, each with what it has seen: 1.3 MB for 100,000 zones. */
export const MAX_FOLLOWERS = 32;

/** An API process that has looked at an image lets go of it ten seconds later; a gateway that died, after fifteen. */
export const LEASE_PATIENCE_MS = 12_000;
