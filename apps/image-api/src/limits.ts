/** Bounds of the API, each with its reason. */

/** Bodies are descriptions of images and experiments; the largest has 64 phases. */
export const MAX_BODY_BYTES = 1024 * 1024;

/** A gateway attaches an image in milliseconds; a zone table of a million zones takes seconds. */
export const GATEWAY_ANSWER_TIMEOUT_MS = 15_000;

/** A probe must answer faster than whoever probes gives up. */
export const READY_TIMEOUT_MS = 2_000;

/** A resting image that is managed stays open for its user to look at what he did; meanwhile its file is locked. */
export const RESTING_IMAGE_IDLE_MS = 10_000;

/** Another API process holds a resting image for so long after its last use, and a little for closing it. */
export const LEASE_PATIENCE_MS = RESTING_IMAGE_IDLE_MS + 2_000;

/** Images held open at once: each holds a zone table and caches, some megabytes at worst. */
export const MAX_RESTING_IMAGES = 64;

/** Waiting for the queue to take a job. The catalog has the experiment, and a sweep queues it later. */
export const ENQUEUE_TIMEOUT_MS = 2_000;

/** How soon an experiment, or work on an image, that Redis lost is queued again. */
export const SWEEP_EVERY_MS = 30_000;

/** Room for a UUID, a ULID or a name of the client's own making. */
export const MAX_IDEMPOTENCY_KEY_LENGTH = 255;

/** A client that tries again does so within minutes; a day covers a night's outage. */
export const REMEMBER_POSTS_MS = 24 * 3600 * 1000;

/** A stream that was away for longer reads the lists anew. */
export const KEEP_EVENTS_MS = 24 * 3600 * 1000;

/** How soon an event is seen: ten looks a second are as many as a page can show. */
export const EVENT_POLL_MS = 100;

/** Events read in one go; a listener that comes back after long gets them in pieces. */
export const EVENT_BATCH = 500;

/** Proxies close connections that are silent for a minute or less. */
export const EVENT_HEARTBEAT_MS = 15_000;

/** Requests a minute of one key: as many as one core answers, so that no key takes the service from all others. */
export const MAX_REQUESTS_PER_MINUTE = 60_000;

/** Keys cannot be guessed; whoever tries hears so, and is told to wait. Valid keys of the same address go on. */
export const MAX_FAILED_KEYS_PER_MINUTE = 60;

/** How often what is old is forgotten. */
export const PRUNE_EVERY_MS = 3600 * 1000;

/** A dead gateway is noticed within ten seconds, and its exports are served elsewhere within so many more. */
export const RECONCILE_EXPORTS_EVERY_MS = 5_000;

/** Gateways asked at once in a round: a dead one holds its place for as long as an answer may take. */
export const RECONCILE_AT_ONCE = 8;

/** Files and rows rarely lose each other, and looking costs a query for every folder. */
export const RECONCILE_IMAGES_EVERY_MS = 60_000;

/** Whoever began it has long given up: nothing that answers takes longer. */
export const CUT_SHORT_AFTER_MS = 5 * 60_000;

/** A folder without a row that is younger may belong to a creation that is going on. */
export const LEFTOVER_AFTER_MS = 3600_000;

/** Read from a disk in one go: large enough for speed, small beside what a slow client leaves in memory. */
export const CONTENT_CHUNK_BYTES = 1024 * 1024;

/** Written to an image in one go, and left out where it is zeroes: a cluster of the default size. */
export const IMPORT_BLOCK_BYTES = 64 * 1024;

/** Largest file taken in; an image of a hundred times that is better put into the pool by hand. */
export const MAX_IMPORT_BYTES = 1024 ** 4;

/** An upload that sends nothing for so long has ended without saying so. */
export const UPLOAD_IDLE_MS = 60_000;

/** How often a download is looked at, and what it must have taken by then: a client that stands still keeps writers out. */
export const DOWNLOAD_WATCH_MS = 60_000;
export const MIN_DOWNLOAD_BYTES = 64 * 1024;

/** Largest window of a zstd frame that HTTP allows (RFC 9659, 3): it lies in memory. */
export const MAX_ZSTD_WINDOW_BYTES = 8 * 1024 * 1024;

/** What is in hand when the service stops has so long to finish; a stuck client is cut off then. */
export const DRAIN_MS = 5_000;

/** How soon zones that change are seen, and how often it is looked while nothing changes. */
export const ZONE_POLL_MS = 100;
export const ZONE_IDLE_POLL_MS = 250;

/** How soon a stream of zones notices that its image is exported now, or no longer. */
export const PLACEMENT_POLL_MS = 1_000;

/** Streams of zones at once: each is a few jobs a second for a gateway. */
export const MAX_ZONE_STREAMS = 50;

/** Changed zones of a resting image in one event. */
export const MAX_CHANGED_ZONES = 1_000;

/** Streams of events at once: each costs ten small queries a second. */
export const MAX_EVENT_LISTENERS = 100;

/** Disks of fleets brought on at once: they wait for files, rows and gateways more than for the processor. */
export const FLEET_DISKS_AT_ONCE = 8;

/** Attempts to bring a disk on before its fleet is called degraded, and the first pause between them, doubled each time. */
export const DISK_ATTEMPTS = 4;
export const DISK_RETRY_DELAY_MS = 1_000;

/** A process that does not renew the lock of a job for so long is dead, and the job goes to another. */
export const FLEET_LOCK_MS = 10_000;

/** No longer than the lock of a job: who takes the job over must find the disk free soon. Renewed four times meanwhile. */
export const DISK_CLAIM_MS = 10_000;

/** How soon a job asks again for a disk that another has. */
export const CLAIM_ASK_AGAIN_MS = 500;

/** How soon a disk that failed is tried again once its attempts are used up, and a change that Redis lost is queued anew. */
export const REPAIR_FLEETS_EVERY_MS = 30_000;

export const DAY_MS = 24 * 3600 * 1000;

/** Reports of experiments: a hundred kilobytes each, and read while they are fresh. */
export const KEEP_REPORTS_DAYS = 90;
