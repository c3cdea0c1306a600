/**
 * A small client for tools and tests: extended headers where the server has them, many requests at
 * once, answers in any order. One connection; it ends for good when the server breaks the protocol.
 */

import { connect as openSocket, type Socket } from 'node:net';
import { ByteStream } from './byte-stream.ts';
import { ClientHandshake, type NbdExportInfo, type NbdListEntry } from './client-handshake.ts';
import { errnoCode, NbdError } from './errors.ts';
import type { NbdExtent } from './export.ts';
import { MAX_EXTENTS, MAX_PAYLOAD_BYTES } from './limits.ts';
import {
  BASE_ALLOCATION,
  CHUNK_ERROR_BIT,
  CHUNK_HEADER_BYTES,
  Chunk,
  CONTEXT_ID_BYTES,
  Command,
  CommandFlag,
  EXTENDED_CHUNK_HEADER_BYTES,
  EXTENDED_EXTENT_BYTES,
  EXTENDED_REPLY_MAGIC,
  EXTENDED_REQUEST_BYTES,
  EXTENDED_REQUEST_MAGIC,
  EXTENDED_STATUS_HEAD_BYTES,
  EXTENT_BYTES,
  type HeaderStyle,
  REQUEST_BYTES,
  REQUEST_MAGIC,
  ReplyFlag,
  SIMPLE_REPLY_BYTES,
  SIMPLE_REPLY_MAGIC,
  STRUCTURED_REPLY_MAGIC,
} from './protocol.ts';
import { type ClientCredentials, loadClientCredentials } from './tls.ts';
import { type NbdUri, parseNbdUri } from './uri.ts';

export type { NbdExportInfo, NbdListEntry };

export interface NbdClientOptions {
  /** The best form of requests and replies to ask for; `extended` unless given. Servers may know less. */
  style?: HeaderStyle;
  /** Metadata contexts to select; `base:allocation` unless given. */
  contexts?: readonly string[];
  /** For `nbds` URIs; the URI's own `tls-certificates` without it. */
  tls?: ClientCredentials;
}

export interface NbdWriteOptions {
  /** The answer comes only once the data is durable. */
  fua?: boolean;
}

/** What a successful request brought: data of a READ, extents of a BLOCK_STATUS. */
interface Outcome {
  readonly data: Buffer;
  readonly extents: Map<string, NbdExtent[]>;
}

interface Pending extends Outcome {
  readonly offset: number;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: NbdError) => void;
  /** First error chunk of a structured reply. */
  error?: NbdError;
}

/** Largest chunk that any request of ours can bring. */
const MAX_CHUNK_BYTES = Math.max(
  MAX_PAYLOAD_BYTES + 8,
  EXTENDED_STATUS_HEAD_BYTES + MAX_EXTENTS * EXTENDED_EXTENT_BYTES,
);

export class NbdClient {
  private readonly pending = new Map<bigint, Pending>();
  private nextCookie = 1n;
  private ended: NbdError | undefined;

  private constructor(
    private readonly socket: Socket,
    private readonly stream: ByteStream,
    readonly info: NbdExportInfo,
    /** What the server agreed to. */
    readonly style: HeaderStyle,
    private readonly contextNames: ReadonlyMap<number, string>,
  ) {
    void this.receive();
  }

  /**
   * @throws NbdError `option_refused` where the server has no such export, `disconnected` where it hangs
   *   up or cannot be reached, `protocol_error` where it is no NBD server
   */
  static async connect(uri: string, options: NbdClientOptions = {}): Promise<NbdClient> {
    const { style: wanted = 'extended', contexts: names = [BASE_ALLOCATION] } = options;
    const { name } = parseNbdUri(uri);
    return negotiate(uri, options.tls, async (handshake, socket, stream) => {
      const style = await handshake.agreeOnStyle(wanted);
      const contexts =
        style === 'simple' ? new Map() : await handshake.setMetaContexts(name, names);
      const info = await handshake.go(name);
      return new NbdClient(socket, stream, info, style, contexts);
    });
  }

  /** The exports that a server shows. The name in the URI plays no part. */
  static list(uri: string, tls?: ClientCredentials): Promise<NbdListEntry[]> {
    return negotiate(uri, tls, async (handshake, socket) => {
      const entries = await handshake.list();
      await handshake.abort();
      socket.destroy();
      return entries;
    });
  }

  /** Metadata contexts that were selected. */
  get contexts(): readonly string[] {
    return [...this.contextNames.values()];
  }

  async read(offset: number, length: number): Promise<Buffer> {
    return (await this.request(Command.Read, 0, offset, length)).data;
  }

  async write(offset: number, data: Buffer, options: NbdWriteOptions = {}): Promise<void> {
    await this.request(Command.Write, fuaFlag(options), offset, data.length, data);
  }

  async writeZeroes(offset: number, length: number, options: NbdWriteOptions = {}): Promise<void> {
    await this.request(Command.WriteZeroes, fuaFlag(options), offset, length);
  }

  async trim(offset: number, length: number, options: NbdWriteOptions = {}): Promise<void> {
    await this.request(Command.Trim, fuaFlag(options), offset, length);
  }

  async flush(): Promise<void> {
    await this.request(Command.Flush, 0, 0, 0);
  }

  /** Tells the server that the range will be read soon. */
  async cache(offset: number, length: number): Promise<void> {
    await this.request(Command.Cache, 0, offset, length);
  }

  /** Extents by context. They may end before `offset + length`. */
  async blockStatus(offset: number, length: number): Promise<Map<string, NbdExtent[]>> {
    return (await this.request(Command.BlockStatus, 0, offset, length)).extents;
  }

  /**
   * Any request, right or wrong: nothing is checked here.
   * @throws NbdError with the code that the server answered
   */
  request(
    command: number,
    flags: number,
    offset: number,
    length: number,
    payload?: Buffer,
  ): Promise<Outcome> {
    if (this.ended !== undefined) return Promise.reject(this.ended);
    const cookie = this.nextCookie;
    this.nextCookie += 1n;
    const header = this.header(command, flags, length, payload !== undefined);
    header.writeBigUInt64BE(cookie, 8);
    header.writeBigUInt64BE(BigInt(offset), 16);
    const answered = new Promise<Outcome>((resolve, reject) => {
      const data = Buffer.alloc(command === Command.Read ? Math.min(length, MAX_PAYLOAD_BYTES) : 0);
      this.pending.set(cookie, { offset, data, extents: new Map(), resolve, reject });
    });
    this.socket.cork();
    this.socket.write(header);
    if (payload !== undefined) this.socket.write(payload);
    this.socket.uncork();
    return answered;
  }

  /** Tells the server and waits until the connection is closed. Requests in flight are answered first. */
  async disconnect(): Promise<void> {
    if (this.socket.closed) return;
    const closed = new Promise<void>((resolve) => this.socket.once('close', () => resolve()));
    if (this.ended === undefined) {
      this.socket.end(this.header(Command.Disconnect, 0, 0, false));
    } else {
      this.socket.destroy();
    }
    await closed;
  }

  /** Leaves without a word, whatever is in flight, as a client does that was killed. */
  abandon(): void {
    this.socket.destroy();
  }

  private header(command: number, flags: number, length: number, withPayload: boolean): Buffer {
    const extended = this.style === 'extended';
    const header = Buffer.alloc(extended ? EXTENDED_REQUEST_BYTES : REQUEST_BYTES);
    header.writeUInt32BE(extended ? EXTENDED_REQUEST_MAGIC : REQUEST_MAGIC, 0);
    header.writeUInt16BE(extended && withPayload ? flags | CommandFlag.PayloadLength : flags, 4);
    header.writeUInt16BE(command, 6);
    if (extended) header.writeBigUInt64BE(BigInt(length), 24);
    else header.writeUInt32BE(length, 24);
    return header;
  }

  private async receive(): Promise<void> {
    try {
      for (;;) await this.receiveReply();
    } catch (error) {
      const cause = error instanceof NbdError ? error : undefined;
      this.ended = cause ?? new NbdError('protocol_error', String(error), {}, { cause: error });
      for (const { reject } of this.pending.values()) reject(this.ended);
      this.pending.clear();
      this.socket.destroy();
    }
  }

  private async receiveReply(): Promise<void> {
    const head = await this.stream.read(SIMPLE_REPLY_BYTES);
    const magic = head.readUInt32BE(0);
    const cookie = head.readBigUInt64BE(8);
    const pending = this.pending.get(cookie);
    if (pending === undefined) throw broken(`reply to unknown cookie ${cookie}`);
    let last = true;
    if (magic === SIMPLE_REPLY_MAGIC && this.style !== 'extended') {
      await this.receiveSimple(pending, head.readUInt32BE(4));
    } else if (magic === this.chunkMagic) {
      last = await this.receiveChunk(pending, head);
    } else {
      throw broken(`reply magic ${magic.toString(16)}`);
    }
    if (!last) return;
    this.pending.delete(cookie);
    if (pending.error === undefined) pending.resolve(pending);
    else pending.reject(pending.error);
  }

  private get chunkMagic(): number | undefined {
    if (this.style === 'simple') return undefined;
    return this.style === 'extended' ? EXTENDED_REPLY_MAGIC : STRUCTURED_REPLY_MAGIC;
  }

  private async receiveSimple(pending: Pending, errno: number): Promise<void> {
    if (errno !== 0) {
      pending.error = new NbdError(errnoCode(errno), `server answered ${errno}`);
    } else if (pending.data.length > 0) {
      if (this.style !== 'simple') throw broken('simple reply to READ');
      (await this.stream.read(pending.data.length)).copy(pending.data);
    }
  }

  /** Whether this chunk was the last of its reply. */
  private async receiveChunk(pending: Pending, head: Buffer): Promise<boolean> {
    const extended = this.style === 'extended';
    const size = extended ? EXTENDED_CHUNK_HEADER_BYTES : CHUNK_HEADER_BYTES;
    const rest = await this.stream.read(size - SIMPLE_REPLY_BYTES);
    if (extended && Number(rest.readBigUInt64BE(0)) !== pending.offset) {
      throw broken('reply to another offset');
    }
    const length = extended ? Number(rest.readBigUInt64BE(8)) : rest.readUInt32BE(0);
    if (length > MAX_CHUNK_BYTES) throw broken(`chunk of ${length} bytes`);
    this.takeChunk(pending, head.readUInt16BE(6), await this.stream.read(length));
    return (head.readUInt16BE(4) & ReplyFlag.Done) !== 0;
  }

  private takeChunk(pending: Pending, type: number, payload: Buffer): void {
    if (type === Chunk.OffsetData) {
      payload.copy(pending.data, dataPosition(pending, payload, payload.length - 8), 8);
    } else if (type === Chunk.OffsetHole) {
      const length = payload.readUInt32BE(8);
      const position = dataPosition(pending, payload, length);
      pending.data.fill(0, position, position + length);
    } else if (type === (this.style === 'extended' ? Chunk.BlockStatusExt : Chunk.BlockStatus)) {
      const context = this.contextNames.get(payload.readUInt32BE(0));
      if (context === undefined) throw broken('status of a context that was not selected');
      pending.extents.set(context, readExtents(type, payload));
    } else if ((type & CHUNK_ERROR_BIT) !== 0) {
      pending.error ??= readError(type, payload);
    } else if (type !== Chunk.None) {
      throw broken(`chunk type ${type}`);
    }
  }
}

async function negotiate<T>(
  place: string,
  given: ClientCredentials | undefined,
  talk: (handshake: ClientHandshake, socket: Socket, stream: ByteStream) => Promise<T>,
): Promise<T> {
  const uri = parseNbdUri(place);
  const credentials = uri.tls ? await credentialsFor(uri, given) : undefined;
  let socket: Socket = openSocket('path' in uri ? { path: uri.path } : uri);
  socket.setNoDelay();
  let stream = new ByteStream(socket);
  try {
    const handshake = new ClientHandshake(socket, stream);
    await handshake.start();
    if (credentials !== undefined) ({ socket, stream } = await handshake.startTls(credentials));
    return await talk(handshake, socket, stream);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

async function credentialsFor(uri: NbdUri, given?: ClientCredentials): Promise<ClientCredentials> {
  const { certificates, tlsHostname } = uri;
  const found = given ?? (certificates ? await loadClientCredentials(certificates) : {});
  const host = 'host' in uri ? uri.host : 'localhost';
  return { ...found, hostname: tlsHostname ?? found.hostname ?? host };
}

function fuaFlag({ fua = false }: NbdWriteOptions): number {
  return fua ? CommandFlag.Fua : 0;
}

/** Where a content chunk goes in the data of its request. */
function dataPosition({ offset, data }: Pending, payload: Buffer, length: number): number {
  const position = Number(payload.readBigUInt64BE(0)) - offset;
  if (position < 0 || position + length > data.length) throw broken('data outside the request');
  return position;
}

function readExtents(type: number, payload: Buffer): NbdExtent[] {
  const extents: NbdExtent[] = [];
  if (type === Chunk.BlockStatus) {
    for (let at = CONTEXT_ID_BYTES; at < payload.length; at += EXTENT_BYTES) {
      extents.push({ length: payload.readUInt32BE(at), status: payload.readUInt32BE(at + 4) });
    }
    return extents;
  }
  for (let at = EXTENDED_STATUS_HEAD_BYTES; at < payload.length; at += EXTENDED_EXTENT_BYTES) {
    const [length, status] = [payload.readBigUInt64BE(at), payload.readBigUInt64BE(at + 8)];
    extents.push({ length: Number(length), status: Number(status) });
  }
  return extents;
}

function readError(type: number, payload: Buffer): NbdError {
  const code = errnoCode(payload.readUInt32BE(0));
  const end = 6 + payload.readUInt16BE(4);
  const message = payload.toString('utf8', 6, end);
  const context =
    type === Chunk.ErrorOffset ? { offset: Number(payload.readBigUInt64BE(end)) } : {};
  return new NbdError(code, message || `server answered ${code}`, context);
}

function broken(what: string): NbdError {
  return new NbdError('protocol_error', `server broke the protocol: ${what}`);
}
