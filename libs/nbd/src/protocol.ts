/**
 * Numbers and layouts of the NBD protocol, fixed newstyle. All fields are big-endian.
 * Source: doc/proto.md of the NetworkBlockDevice project; section names are quoted below.
 */

export const DEFAULT_PORT = 10809;

// --- Handshake ("Fixed newstyle negotiation") -------------------------------------------------

/** First eight bytes a server sends: "NBDMAGIC". */
export const INIT_MAGIC = 0x4e42_444d_4147_4943n;
/** Second eight bytes of the server, and head of each option: "IHAVEOPT". */
export const OPTION_MAGIC = 0x4948_4156_454f_5054n;
/** Head of each option reply. */
export const OPTION_REPLY_MAGIC = 0x0003_e889_0455_65a9n;

/**
 * Greeting of the server.
 *
 * | at | bytes | field           |
 * |----|-------|-----------------|
 * | 0  | 8     | INIT_MAGIC      |
 * | 8  | 8     | OPTION_MAGIC    |
 * | 16 | 2     | handshake flags |
 *
 * The client answers with 4 bytes of client flags.
 */
export const GREETING_BYTES = 18;
export const CLIENT_FLAGS_BYTES = 4;

/** Handshake flags and client flags share their bits. */
export const HandshakeFlag = { FixedNewstyle: 1 << 0, NoZeroes: 1 << 1 } as const;

/**
 * Option header, client to server.
 *
 * | at | bytes | field          |
 * |----|-------|----------------|
 * | 0  | 8     | OPTION_MAGIC   |
 * | 8  | 4     | option         |
 * | 12 | 4     | length of data |
 * | 16 | …     | data           |
 */
export const OPTION_HEADER_BYTES = 16;

export const Option = {
  ExportName: 1,
  Abort: 2,
  List: 3,
  StartTls: 5,
  Info: 6,
  Go: 7,
  StructuredReply: 8,
  ListMetaContext: 9,
  SetMetaContext: 10,
  ExtendedHeaders: 11,
} as const;

/**
 * Option reply header, server to client.
 *
 * | at | bytes | field              |
 * |----|-------|--------------------|
 * | 0  | 8     | OPTION_REPLY_MAGIC |
 * | 8  | 4     | option answered    |
 * | 12 | 4     | reply type         |
 * | 16 | 4     | length of data     |
 * | 20 | …     | data               |
 */
export const OPTION_REPLY_HEADER_BYTES = 20;

const REPLY_ERROR = 0x8000_0000;

export const OptionReply = {
  Ack: 1,
  Server: 2,
  Info: 3,
  MetaContext: 4,
  ErrUnsupported: REPLY_ERROR + 1,
  ErrPolicy: REPLY_ERROR + 2,
  ErrInvalid: REPLY_ERROR + 3,
  ErrPlatform: REPLY_ERROR + 4,
  ErrTlsRequired: REPLY_ERROR + 5,
  ErrUnknown: REPLY_ERROR + 6,
  ErrShutdown: REPLY_ERROR + 7,
  ErrBlockSizeRequired: REPLY_ERROR + 8,
  ErrTooBig: REPLY_ERROR + 9,
  ErrExtendedHeadersRequired: REPLY_ERROR + 10,
} as const;

export function isOptionError(replyType: number): boolean {
  return replyType >= REPLY_ERROR;
}

/**
 * Information items in replies to INFO and GO; each starts with its 16-bit type.
 *
 * | item        | fields after the type                                              |
 * |-------------|--------------------------------------------------------------------|
 * | Export      | size 8, transmission flags 2                                       |
 * | Name        | string                                                             |
 * | Description | string                                                             |
 * | BlockSize   | minimum 4, preferred 4, maximum payload 4                          |
 */
export const Info = { Export: 0, Name: 1, Description: 2, BlockSize: 3 } as const;

/** Answer to EXPORT_NAME: size 8, transmission flags 2, then these zeroes unless NO_ZEROES. */
export const EXPORT_NAME_REPLY_BYTES = 10;
export const EXPORT_NAME_PADDING_BYTES = 124;

export const TransmissionFlag = {
  HasFlags: 1 << 0,
  ReadOnly: 1 << 1,
  SendFlush: 1 << 2,
  SendFua: 1 << 3,
  Rotational: 1 << 4,
  SendTrim: 1 << 5,
  SendWriteZeroes: 1 << 6,
  SendDf: 1 << 7,
  CanMultiConn: 1 << 8,
  SendCache: 1 << 10,
  SendFastZero: 1 << 11,
  BlockStatusPayload: 1 << 12,
} as const;

// --- Transmission ("Transmission phase") ------------------------------------------------------

/**
 * Request, client to server.
 *
 * | at | bytes | field         |
 * |----|-------|---------------|
 * | 0  | 4     | REQUEST_MAGIC |
 * | 4  | 2     | command flags |
 * | 6  | 2     | command       |
 * | 8  | 8     | cookie        |
 * | 16 | 8     | offset        |
 * | 24 | 4     | length        |
 * | 28 | …     | data of WRITE |
 */
export const REQUEST_MAGIC = 0x2560_9513;
export const REQUEST_BYTES = 28;

/**
 * Request once EXTENDED_HEADERS has been agreed.
 *
 * | at | bytes | field                                                      |
 * |----|-------|------------------------------------------------------------|
 * | 0  | 4     | EXTENDED_REQUEST_MAGIC                                     |
 * | 4  | 2     | command flags                                              |
 * | 6  | 2     | command                                                    |
 * | 8  | 8     | cookie                                                     |
 * | 16 | 8     | offset                                                     |
 * | 24 | 8     | length: of the payload with flag PayloadLength, else of the effect |
 * | 32 | …     | payload, with flag PayloadLength                           |
 */
export const EXTENDED_REQUEST_MAGIC = 0x21e4_1c71;
export const EXTENDED_REQUEST_BYTES = 32;

/** Payload of BLOCK_STATUS with flag PayloadLength: effect length 8, then context ids of 4 bytes each. */
export const STATUS_PAYLOAD_HEAD_BYTES = 8;

export const Command = {
  Read: 0,
  Write: 1,
  Disconnect: 2,
  Flush: 3,
  Trim: 4,
  Cache: 5,
  WriteZeroes: 6,
  BlockStatus: 7,
} as const;

export const CommandFlag = {
  Fua: 1 << 0,
  NoHole: 1 << 1,
  DontFragment: 1 << 2,
  RequestOne: 1 << 3,
  FastZero: 1 << 4,
  PayloadLength: 1 << 5,
} as const;

/**
 * Simple reply.
 *
 * | at | bytes | field                   |
 * |----|-------|-------------------------|
 * | 0  | 4     | SIMPLE_REPLY_MAGIC      |
 * | 4  | 4     | error, 0 for success    |
 * | 8  | 8     | cookie                  |
 * | 16 | …     | data of a READ that succeeded |
 */
export const SIMPLE_REPLY_MAGIC = 0x6744_6698;
export const SIMPLE_REPLY_BYTES = 16;

/**
 * Chunk of a structured reply.
 *
 * | at | bytes | field                  |
 * |----|-------|------------------------|
 * | 0  | 4     | STRUCTURED_REPLY_MAGIC |
 * | 4  | 2     | reply flags            |
 * | 6  | 2     | chunk type             |
 * | 8  | 8     | cookie                 |
 * | 16 | 4     | length of payload      |
 * | 20 | …     | payload                |
 */
export const STRUCTURED_REPLY_MAGIC = 0x668e_33ef;
export const CHUNK_HEADER_BYTES = 20;

/**
 * Chunk of a reply once EXTENDED_HEADERS has been agreed; there are no simple replies then.
 *
 * | at | bytes | field                    |
 * |----|-------|--------------------------|
 * | 0  | 4     | EXTENDED_REPLY_MAGIC     |
 * | 4  | 2     | reply flags              |
 * | 6  | 2     | chunk type               |
 * | 8  | 8     | cookie                   |
 * | 16 | 8     | offset of the request    |
 * | 24 | 8     | length of payload        |
 * | 32 | …     | payload                  |
 */
export const EXTENDED_REPLY_MAGIC = 0x6e8a_278c;
export const EXTENDED_CHUNK_HEADER_BYTES = 32;

export const ReplyFlag = { Done: 1 << 0 } as const;

/**
 * Payloads by chunk type.
 *
 * | type           | payload                                                       |
 * |----------------|---------------------------------------------------------------|
 * | None           | nothing                                                       |
 * | OffsetData     | offset 8, data                                                |
 * | OffsetHole     | offset 8, hole size 4                                         |
 * | BlockStatus    | context id 4, then (length 4, status 4) once or more          |
 * | BlockStatusExt | context id 4, count 4, then (length 8, status 8) count times  |
 * | Error          | error 4, message length 2, message                            |
 * | ErrorOffset    | error 4, message length 2, message, offset 8                  |
 */
export const Chunk = {
  None: 0,
  OffsetData: 1,
  OffsetHole: 2,
  BlockStatus: 5,
  BlockStatusExt: 6,
  Error: 0x8001,
  ErrorOffset: 0x8002,
} as const;

export const CHUNK_ERROR_BIT = 0x8000;
/** Offset of an OffsetData chunk, which comes before the data. */
export const DATA_OFFSET_BYTES = 8;
/** Context id of a BlockStatus chunk, and each of its descriptors. */
export const CONTEXT_ID_BYTES = 4;
export const EXTENT_BYTES = 8;
/** Context id and count of a BlockStatusExt chunk, and each of its descriptors. */
export const EXTENDED_STATUS_HEAD_BYTES = 8;
export const EXTENDED_EXTENT_BYTES = 16;

/** How requests and replies look, as agreed: plain, with STRUCTURED_REPLY, with EXTENDED_HEADERS. */
export type HeaderStyle = 'simple' | 'structured' | 'extended';

/** "Error values": the only errors the wire knows. */
export const Errno = {
  EPERM: 1,
  EIO: 5,
  ENOMEM: 12,
  EINVAL: 22,
  ENOSPC: 28,
  EOVERFLOW: 75,
  ENOTSUP: 95,
  ESHUTDOWN: 108,
} as const;
export type Errno = keyof typeof Errno;

/** The metadata context of the standard, and its status bits. */
export const BASE_ALLOCATION = 'base:allocation';
export const AllocationState = { Hole: 1 << 0, Zero: 1 << 1 } as const;

/** 2^32: an unsigned 64-bit field is high word times this plus low word. */
export const WORD = 0x1_0000_0000;
