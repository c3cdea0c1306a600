/** The client's side of the negotiation: options one at a time, each awaited. */

import type { Socket } from 'node:net';
import { ByteStream } from './byte-stream.ts';
import { NbdError } from './errors.ts';
import { MAX_DRAINED_OPTION_BYTES } from './limits.ts';
import {
  GREETING_BYTES,
  HandshakeFlag,
  type HeaderStyle,
  INIT_MAGIC,
  Info,
  isOptionError,
  OPTION_HEADER_BYTES,
  OPTION_MAGIC,
  OPTION_REPLY_HEADER_BYTES,
  OPTION_REPLY_MAGIC,
  Option,
  OptionReply,
} from './protocol.ts';
import { type ClientCredentials, upgradeClientSide } from './tls.ts';

/** What GO told about the export. Sizes are bytes. */
export interface NbdExportInfo {
  readonly size: number;
  /** Bits of `TransmissionFlag`. */
  readonly flags: number;
  readonly name: string | undefined;
  readonly description: string | undefined;
  readonly minimumBlockSize: number;
  readonly preferredBlockSize: number;
  readonly maximumPayloadSize: number;
}

export interface NbdListEntry {
  readonly name: string;
  readonly description: string;
}

interface Reply {
  readonly type: number;
  readonly data: Buffer;
}

export class ClientHandshake {
  constructor(
    private socket: Socket,
    private stream: ByteStream,
  ) {}

  /** @throws NbdError `option_refused` where the server has no TLS, `disconnected` where TLS fails */
  async startTls(credentials: ClientCredentials): Promise<{ socket: Socket; stream: ByteStream }> {
    await this.request(Option.StartTls, Buffer.alloc(0));
    this.stream.release();
    this.socket = await upgradeClientSide(this.socket, credentials);
    this.stream = new ByteStream(this.socket);
    return { socket: this.socket, stream: this.stream };
  }

  async start(): Promise<void> {
    const greeting = await this.stream.read(GREETING_BYTES);
    const fixed = (greeting.readUInt16BE(16) & HandshakeFlag.FixedNewstyle) !== 0;
    if (
      greeting.readBigUInt64BE(0) !== INIT_MAGIC ||
      greeting.readBigUInt64BE(8) !== OPTION_MAGIC ||
      !fixed
    ) {
      throw new NbdError('protocol_error', 'not a fixed newstyle NBD server');
    }
    const flags = Buffer.alloc(4);
    flags.writeUInt32BE(HandshakeFlag.FixedNewstyle | HandshakeFlag.NoZeroes);
    this.socket.write(flags);
  }

  /** The best style up to `wanted` that the server agrees to; only a refusal of an option counts as no. */
  async agreeOnStyle(wanted: HeaderStyle): Promise<HeaderStyle> {
    if (wanted === 'extended' && (await this.accepts(Option.ExtendedHeaders))) return 'extended';
    if (wanted !== 'simple' && (await this.accepts(Option.StructuredReply))) return 'structured';
    return 'simple';
  }

  private async accepts(option: number): Promise<boolean> {
    try {
      await this.request(option, Buffer.alloc(0));
      return true;
    } catch (error) {
      if (error instanceof NbdError && error.code === 'option_refused') return false;
      throw error;
    }
  }

  /** Names of the selected contexts by their ids. */
  async setMetaContexts(name: string, contexts: readonly string[]): Promise<Map<number, string>> {
    const count = Buffer.alloc(4);
    count.writeUInt32BE(contexts.length);
    const data = Buffer.concat([prefixed(name), count, ...contexts.map(prefixed)]);
    const selected = new Map<number, string>();
    for (const reply of await this.request(Option.SetMetaContext, data)) {
      if (reply.type !== OptionReply.MetaContext) continue;
      selected.set(reply.data.readUInt32BE(0), reply.data.toString('utf8', 4));
    }
    return selected;
  }

  async go(name: string): Promise<NbdExportInfo> {
    const requests = Buffer.alloc(8);
    const items = [Info.Name, Info.Description, Info.BlockSize];
    requests.writeUInt16BE(items.length, 0);
    for (const [index, item] of items.entries()) requests.writeUInt16BE(item, 2 + index * 2);
    const replies = await this.request(Option.Go, Buffer.concat([prefixed(name), requests]));
    return readInfo(replies);
  }

  async list(): Promise<NbdListEntry[]> {
    const replies = await this.request(Option.List, Buffer.alloc(0));
    return replies.map(({ data }) => {
      const end = 4 + data.readUInt32BE(0);
      return { name: data.toString('utf8', 4, end), description: data.toString('utf8', end) };
    });
  }

  async abort(): Promise<void> {
    await this.request(Option.Abort, Buffer.alloc(0));
  }

  /** Sends one option and gathers its replies up to the acknowledgement. */
  private async request(option: number, data: Buffer): Promise<Reply[]> {
    const header = Buffer.alloc(OPTION_HEADER_BYTES);
    header.writeBigUInt64BE(OPTION_MAGIC, 0);
    header.writeUInt32BE(option, 8);
    header.writeUInt32BE(data.length, 12);
    this.socket.write(Buffer.concat([header, data]));
    const replies: Reply[] = [];
    for (;;) {
      const reply = await this.readReply(option);
      if (isOptionError(reply.type)) {
        const text = reply.data.toString();
        throw new NbdError('option_refused', text || `option ${option} refused: ${reply.type}`, {
          replyType: reply.type,
        });
      }
      if (reply.type === OptionReply.Ack) return replies;
      replies.push(reply);
    }
  }

  private async readReply(option: number): Promise<Reply> {
    const header = await this.stream.read(OPTION_REPLY_HEADER_BYTES);
    const length = header.readUInt32BE(16);
    if (
      header.readBigUInt64BE(0) !== OPTION_REPLY_MAGIC ||
      header.readUInt32BE(8) !== option ||
      length > MAX_DRAINED_OPTION_BYTES
    ) {
      throw new NbdError('protocol_error', `reply to option ${option} makes no sense`);
    }
    return { type: header.readUInt32BE(12), data: await this.stream.read(length) };
  }
}

function prefixed(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function readInfo(replies: readonly Reply[]): NbdExportInfo {
  const items = new Map<number, Buffer>();
  for (const { type, data } of replies) {
    if (type === OptionReply.Info) items.set(data.readUInt16BE(0), data.subarray(2));
  }
  const facts = items.get(Info.Export);
  if (facts === undefined) throw new NbdError('protocol_error', 'GO gave no size');
  const sizes = items.get(Info.BlockSize);
  return {
    size: Number(facts.readBigUInt64BE(0)),
    flags: facts.readUInt16BE(8),
    name: items.get(Info.Name)?.toString(),
    description: items.get(Info.Description)?.toString(),
    // without the item: proto.md, "Size constraints"
    minimumBlockSize: sizes?.readUInt32BE(0) ?? 1,
    preferredBlockSize: sizes?.readUInt32BE(4) ?? 4096,
    maximumPayloadSize: sizes?.readUInt32BE(8) ?? 32 * 1024 * 1024,
  };
}
