/** Every bound of this library, and why it is what it is. */

const MIB = 1024 * 1024;

/**
 * Largest WRITE_ZEROES that QEMU's NBD client sends without extended headers: a longer zone reset of its
 * emulated drive arrives in pieces of this size. Seen with qemu 7.2; the number is the protocol's default
 * for a maximum payload.
 */
export const QEMU_ZEROES_BYTES = 32 * MIB;

/** Resets under way in pieces. A drive resets one zone at a time; what is beyond this is forgotten, oldest first. */
export const MAX_RESET_SEQUENCES = 256;

/** Zones in one answer of block status: some milliseconds of work, and a reply of half a megabyte. */
export const MAX_STATUS_ZONES = 16_384;

/** Zones that one request may touch: all its pieces are checked, and acted on, in one go of about a second. */
export const MAX_REQUEST_ZONES = 65_536;

/** Zeroes and discards of a plain disk longer than this go on in slices, so that others get their turn. */
export const SLICE_BYTES = 4 * 1024 * MIB;

/** A CACHE request reads this much ahead at most; it is a hint, and memory is shared by all disks. */
export const MAX_CACHE_BYTES = 64 * MIB;

/** Bytes read ahead between two turns of the event loop. */
export const CACHE_CHUNK_BYTES = MIB;

/** Bytes that one answer of base:allocation looks at: some milliseconds for each gigabyte that is allocated. */
export const MAX_ALLOCATION_BYTES = 256 * 1024 * MIB;

/**
 * A write ahead of its turn waits so long for those before it: many times what connections of one client drift apart,
 * and short enough for a client that sent it in error.
 */
export const REORDER_WAIT_MS = 500;
