/** Every bound of this library, with its reason. Sizes are bytes. */

/** qcow2 allows clusters from 512 bytes (QEMU's floor) … */
export const MIN_CLUSTER_BITS = 9;
/** … to 2 MiB (QEMU's ceiling): a larger one would make every partial first write a large zero fill. */
export const MAX_CLUSTER_BITS = 21;

/** Extended L2 entries cut a cluster into 32 parts, which must be whole sectors. */
export const MIN_EXTENDED_L2_CLUSTER_BITS = 14;

/** QEMU refuses a larger active L1 table; it is held in memory whole. */
export const MAX_L1_BYTES = 32 * 1024 * 1024;

/** QEMU refuses a larger refcount table; it is held in memory whole. */
export const MAX_REFCOUNT_TABLE_BYTES = 8 * 1024 * 1024;

/** Largest refcount order: 2^6 = 64 bits (qcow2 specification, header bytes 96-99). */
export const MAX_REFCOUNT_ORDER = 6;

/** QEMU refuses longer backing file names. */
export const MAX_BACKING_NAME_BYTES = 1023;

/** QEMU refuses images with more internal snapshots. */
export const MAX_SNAPSHOTS = 65_536;

/** Header extensions lie in the first cluster; more than this many are no honest file. */
export const MAX_HEADER_EXTENSIONS = 64;

/** Memory for L2 tables and for refcount blocks, each, of one open image. */
export const TABLE_CACHE_BYTES = 32 * 1024 * 1024;

/** At least so many tables stay cached, whatever their size: a request may span two, a flush shares the rest. */
export const MIN_CACHED_TABLES = 8;

/** Zeroes written per call when a recycled cluster is cleaned. */
export const ZERO_BUFFER_BYTES = 256 * 1024;

/** Findings of a check that are told one by one; the rest is counted only. */
export const MAX_CHECK_FINDINGS = 1000;

/** Host clusters that a check counts: a byte of memory for each, in the parts of the file that are used. */
export const MAX_CHECK_CLUSTERS = 2 ** 30;

/** Times that a repair begins anew while errors are left; what is left then is beyond it. */
export const MAX_REPAIR_ROUNDS = 3;

/** Tables that a check reads, together: those of 512 TiB in clusters of 64 KiB. More is no honest file. */
export const MAX_CHECK_TABLE_BYTES = 64 * 1024 ** 3;

/** L2 tables off their cluster that a check looks into; they may overlap, and each is a finding whatever it holds. */
export const MAX_CHECK_UNALIGNED_TABLES = 1000;

/** QEMU refuses more bitmaps, … */
export const MAX_BITMAPS = 65_535;

/** … a larger bitmap directory, … */
export const MAX_BITMAP_DIRECTORY_BYTES = 64 * 1024 * 1024;

/** … and a larger bitmap, which is held in memory whole. */
export const MAX_BITMAP_BYTES = 512 * 1024 * 1024;

/** QEMU refuses a larger snapshot table, … */
export const MAX_SNAPSHOT_TABLE_BYTES = 64 * 1024 * 1024;

/** … more extra data in one entry, … */
export const MAX_SNAPSHOT_EXTRA_BYTES = 1024;

/** … and its tools a longer snapshot name. */
export const MAX_SNAPSHOT_NAME_BYTES = 255;

/** Rules of one fault plan: each is asked at every operation. */
export const MAX_FAULT_RULES = 1000;

/** A file that holds a fault plan: room for that many rules of every field. */
export const MAX_FAULT_FILE_BYTES = 1024 * 1024;

/** Longest delay that a fault plan may add: an hour, beyond any client's patience. */
export const MAX_FAULT_DELAY_MS = 3_600_000;

/** Bytes copied per step from one disk to another. */
export const COPY_BYTES = 1024 * 1024;

/** Images in a backing chain, the top one included: each is an open file and a hop of every read. */
export const MAX_BACKING_DEPTH = 64;

/** A raw file is looked through for zeroes in pieces of this size; smaller holes are told as data. */
export const ZERO_SCAN_BYTES = 64 * 1024;

/** Memory for inflated clusters of one open image: enough to read a few streams in small pieces. */
export const INFLATED_CACHE_BYTES = 4 * 1024 * 1024;

/** Guest bytes whose extents are listed at once when unmapped space is looked for: bounds the list. */
export const MAX_MAPPED_SEARCH_BYTES = 64 * 1024 * 1024;

/** Clusters of 2 KiB and less have no room for the feature names beside other extensions and a backing file name. */
export const MIN_CLUSTER_SIZE_FOR_NAMES = 4096;

/** Guest bytes made zeroes between two looks at the memory that this takes. */
export const ZEROED_STEP_BYTES = 1024 * 1024 * 1024;
