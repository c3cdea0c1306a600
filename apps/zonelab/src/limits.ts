/** Every bound of the command line tools, with its reason. */

/** One read or write of `zonelab io`, bytes: qemu-io's bound. Its data is held in memory whole. */
export const MAX_IO_BYTES = 2 ** 31 - 512;

/** Zones asked for in one `zrp` or `zones` call at a time: keeps the rows held in memory small. */
export const REPORT_BATCH_ZONES = 4096;

/** Cells of a zone map; past it one cell stands for several zones. A map should fit on one screen. */
export const MAX_MAP_CELLS = 2048;

/** Between two looks at something that sends no event, milliseconds: short to a person, long to a server. */
export const POLL_INTERVAL_MS = 50;

/** A service that is not ready by then will not be: a cold start on a busy machine takes a tenth. */
export const SERVICE_START_TIMEOUT_MS = 60_000;

/** A service may finish requests and detach images; the services' own limit for that is 30 s. */
export const SERVICE_STOP_TIMEOUT_MS = 35_000;

/** Starts on another port when the one that was free a moment ago is taken. */
export const SERVICE_START_ATTEMPTS = 3;

/** Part of a log's last line shown with an error: enough for a cause. */
export const LOG_LINE_CHARS = 1000;

/** For `down`: the supervisor stops services one group after the other, each with a limit of its own. */
export const LAB_STOP_TIMEOUT_MS = 90_000;

/** One run of an NBD client in the demo: it moves a few megabytes. */
export const CLIENT_TIMEOUT_MS = 60_000;

/** Output of such a client that is kept. */
export const MAX_CLIENT_OUTPUT_BYTES = 1024 ** 2;

/** Exports attach within a second; a busy machine gets more. */
export const EXPORT_TIMEOUT_MS = 30_000;

/** The demo's experiment simulates for less than a second. */
export const EXPERIMENT_TIMEOUT_MS = 60_000;

/** Writes that `zonelab nbd` may hold back to put them in order: two of the largest that NBD has. */
export const MAX_REORDER_BYTES = 64 * 1024 ** 2;
