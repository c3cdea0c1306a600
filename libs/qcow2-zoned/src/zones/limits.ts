/** Bounds of a zoned geometry, each with its reason. Sizes are bytes. */

/**
 * Sixteen times the million zones that the library is built for. At this count the zone table takes 256 MiB
 * of the image and the state machine 336 MiB of memory: a larger one is a mistake or an attack.
 */
export const MAX_ZONE_COUNT = 16_777_216;

/** Zone size and capacity are 32-bit byte counts in the image's header extension. */
export const MAX_ZONE_SIZE_BYTES = 0xffff_ffff;

/** Open and active limits are 32-bit fields of the header extension. */
export const MAX_RESOURCE_LIMIT = 0xffff_ffff;

/** The header extension counts the append limit in sectors of this size, whatever the logical block size. */
export const APPEND_UNIT_BYTES = 512;

/** The append limit is a 32-bit count of sectors in the header extension. */
export const MAX_APPEND_BYTES = 0xffff_ffff * APPEND_UNIT_BYTES;

/** Logical block sizes that disks have: 512n and 512e, 4Kn. Powers of two, so that division by them is exact. */
export const LOGICAL_BLOCK_SIZES: readonly number[] = [512, 4096];

/** NVMe counts descriptor extensions in units of this size, … */
export const DESCRIPTOR_EXTENSION_UNIT_BYTES = 64;

/** … in a field of 8 bits. */
export const MAX_DESCRIPTOR_EXTENSION_BYTES = 255 * DESCRIPTOR_EXTENSION_UNIT_BYTES;
