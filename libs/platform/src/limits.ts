/** Bounds of this library, each with its reason. */

/** initdb and crash recovery on a slow disk take a minute at worst; longer means that something hangs. */
export const SERVER_START_TIMEOUT_MS = 90_000;

/** A fast shutdown writes one checkpoint. */
export const SERVER_STOP_TIMEOUT_MS = 20_000;

/** Enough of a server's log to hold the reason it gives for ending. */
export const LOG_TAIL_CHARS = 16_384;

/** Ports tried before giving up: each fails only if another process took it in the last moment. */
export const PORT_ATTEMPTS = 10;

/** In-flight requests and jobs get this long to end before the process ends without them. */
export const SHUTDOWN_TIMEOUT_MS = 30_000;
