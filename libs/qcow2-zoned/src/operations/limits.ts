/** Every bound of the operations on whole disks, with its reason. Sizes are bytes. */

/** One read or write while whole disks are copied or compared: past it, larger ones gain nothing. */
export const COPY_BUFFER_BYTES = 2 * 1024 * 1024;

/** Pieces that are read ahead of the one being copied, or hold it: enough that no thread waits for another. */
export const READ_AHEAD_PIECES = 4;

/** Copied between two pauses in which others may run: some hundredths of a second. */
export const PACE_BYTES = 64 * 1024 * 1024;

/** Part of a disk whose extents are held at once: with 512-byte clusters, half a million at most. */
export const WALK_WINDOW_BYTES = 256 * 1024 * 1024;

/** Requests of a benchmark between two pauses in which signals are heard. */
export const PACE_REQUESTS = 16_384;
