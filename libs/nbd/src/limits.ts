/** Every bound of this library, and why it is what it is. */

const KIB = 1024;
const MIB = 1024 * KIB;

/** Largest READ or WRITE. proto.md, "Size constraints": clients may count on 32 MiB. */
export const MAX_PAYLOAD_BYTES = 32 * MIB;

/** Names, descriptions, queries, error messages. proto.md, "String". */
export const MAX_STRING_BYTES = 4096;

/** Option data that is kept and parsed: a full name and a dozen full metadata queries. */
export const MAX_OPTION_BYTES = 64 * KIB;

/** Option data that is drained to stay in step; a client that announces more is cut off. */
export const MAX_DRAINED_OPTION_BYTES = 32 * MIB;

/** Descriptors in one BLOCK_STATUS chunk. proto.md: servers should not send more. */
export const MAX_EXTENTS = 2 ** 20;

/** Contexts that one BLOCK_STATUS may name: far more than any export has. */
export const MAX_STATUS_PAYLOAD_BYTES = 8 + 4 * 1024;

/** Block sizes may be powers of two up to this. proto.md, "Size constraints". */
export const MAX_MINIMUM_BLOCK_BYTES = 64 * KIB;

/** Per connection: payloads being written, data being read and replies not yet sent. Two full requests. */
export const MAX_IN_FLIGHT_BYTES = 64 * MIB;

/** Over all connections. Above it each connection may have only one request at a time. */
export const MAX_TOTAL_IN_FLIGHT_BYTES = 512 * MIB;

/** Requests of one connection that wait for their export: bounds what small requests can pile up. */
export const MAX_IN_FLIGHT_REQUESTS = 1024;

/** A client must reach the transmission phase by then, so that silent connections free their slot. */
export const HANDSHAKE_TIMEOUT_MS = 10_000;

/** Connections of one server. */
export const MAX_CONNECTIONS = 1024;

/** How long a closing connection waits for a client that does not read its last replies. */
export const DRAIN_TIMEOUT_MS = 5_000;

/** Dead peers are found by TCP keep-alive after this much silence. */
export const KEEP_ALIVE_MS = 60_000;

/** Replies are gathered into buffers of this size: large enough to save system calls, small enough to stay cached. */
export const REPLY_BATCH_BYTES = 256 * KIB;

/** Small requests are read this many bytes at a time: a full queue of theirs, and still in the processor's cache. */
export const RECEIVE_BLOCK_BYTES = 64 * KIB;

/** A block with less room than this is not read into: a read should bring several requests. */
export const MIN_RECEIVE_BYTES = 16 * KIB;

/** The rest of a payload is read straight into its place from this size on; a read of its own costs more below. */
export const MIN_DIRECT_BYTES = 16 * KIB;

/** Payloads smaller than this are not worth pooling. */
export const MIN_POOLED_BYTES = 64 * KIB;

/** Buffers that a server keeps for reuse: fresh large buffers cost page faults and collections. */
export const MAX_POOLED_BYTES = 64 * MIB;

/** Allow rules of one export: a list that a person can still read. */
export const MAX_ALLOW_RULES = 256;

/** Keys shared with clients: a file that is read whole. */
export const MAX_PSK_KEYS = 4096;

/** A shared key of fewer bytes could be guessed from one handshake. RFC 9257, section 7: 128 bits. */
export const MIN_PSK_BYTES = 16;

/** A rate may be used up in advance for so long: short enough that others notice little. */
export const THROTTLE_BURST_MS = 100;

/** Connections of one export: clients with many queues use tens. */
export const MAX_EXPORT_CONNECTIONS = 256;

/** Exports of one server: a list of them is one answer. */
export const MAX_EXPORTS = 4096;

/** Over all connections of one export; above it each has its share, and one request at a time at the least. */
export const MAX_EXPORT_IN_FLIGHT_BYTES = 256 * MIB;

/** A client that takes none of its replies for so long is gone, or wants to hold memory. */
export const STUCK_TIMEOUT_MS = 60_000;

/** How often connections are looked at that may be idle or stuck. */
export const SWEEP_INTERVAL_MS = 1_000;

/** Requests of one connection in a row before others get their turn: well below a millisecond of small ones. */
export const TURN_REQUESTS = 64;

/** Payload of one connection in a row before others get their turn. */
export const TURN_BYTES = 8 * MIB;
