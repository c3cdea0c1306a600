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
