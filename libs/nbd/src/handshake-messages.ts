/** Encoders of what a server says during negotiation, and the bounds-checked reader of option data. */

import { TextDecoder } from 'node:util';
import { NbdError } from './errors.ts';
import type { NbdExport } from './export.ts';
import { MAX_PAYLOAD_BYTES, MAX_STRING_BYTES } from './limits.ts';
import {
  EXPORT_NAME_PADDING_BYTES,
  EXPORT_NAME_REPLY_BYTES,
  GREETING_BYTES,
  HandshakeFlag,
  type HeaderStyle,
  INIT_MAGIC,
  Info,
  OPTION_MAGIC,
  OPTION_REPLY_HEADER_BYTES,
  OPTION_REPLY_MAGIC,
  OptionReply,
  TransmissionFlag,
} from './protocol.ts';

export function greeting(): Buffer {
  const bytes = Buffer.alloc(GREETING_BYTES);
  bytes.writeBigUInt64BE(INIT_MAGIC, 0);
  bytes.writeBigUInt64BE(OPTION_MAGIC, 8);
  bytes.writeUInt16BE(HandshakeFlag.FixedNewstyle | HandshakeFlag.NoZeroes, 16);
  return bytes;
}

/** One reply to `option`; a text as data is cut to the length that strings may have. */
export function optionReply(option: number, replyType: number, data: Buffer | string = ''): Buffer {
  const payload = typeof data === 'string' ? boundedText(data) : data;
  const header = Buffer.alloc(OPTION_REPLY_HEADER_BYTES);
  header.writeBigUInt64BE(OPTION_REPLY_MAGIC, 0);
  header.writeUInt32BE(option, 8);
  header.writeUInt32BE(replyType, 12);
  header.writeUInt32BE(payload.length, 16);
  return Buffer.concat([header, payload]);
}

/** UTF-8 of `text`, cut to the 4096 bytes that the protocol allows, never inside a character. */
export function boundedText(text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length <= MAX_STRING_BYTES) return bytes;
  let end = MAX_STRING_BYTES;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end);
}

/** What has been agreed so far, as far as it changes what an export offers. */
export interface Terms {
  readonly style: HeaderStyle;
  /** Metadata contexts of this export have been selected. */
  readonly withContexts: boolean;
}

/** Transmission flags of an export; DF exists only where replies come in chunks. */
export function transmissionFlags(target: NbdExport, { style, withContexts }: Terms): number {
  let flags: number =
    TransmissionFlag.HasFlags | TransmissionFlag.SendFlush | TransmissionFlag.SendFua;
  if (target.readOnly) flags |= TransmissionFlag.ReadOnly;
  else flags |= TransmissionFlag.SendTrim | TransmissionFlag.SendWriteZeroes;
  if (!target.readOnly && target.fastZero) flags |= TransmissionFlag.SendFastZero;
  if (target.rotational) flags |= TransmissionFlag.Rotational;
  if (target.multiConn) flags |= TransmissionFlag.CanMultiConn;
  if (target.cache !== undefined) flags |= TransmissionFlag.SendCache;
  if (style !== 'simple') flags |= TransmissionFlag.SendDf;
  if (style === 'extended' && withContexts) flags |= TransmissionFlag.BlockStatusPayload;
  return flags;
}

export function exportNameReply(target: NbdExport, terms: Terms, noZeroes: boolean): Buffer {
  const bytes = Buffer.alloc(EXPORT_NAME_REPLY_BYTES + (noZeroes ? 0 : EXPORT_NAME_PADDING_BYTES));
  bytes.writeBigUInt64BE(BigInt(target.size), 0);
  bytes.writeUInt16BE(transmissionFlags(target, terms), 8);
  return bytes;
}

/** All information items of an export, in the form that INFO and GO send them. */
export function infoReplies(
  option: number,
  name: string,
  target: NbdExport,
  terms: Terms,
): Buffer[] {
  const facts = Buffer.alloc(12);
  facts.writeUInt16BE(Info.Export, 0);
  facts.writeBigUInt64BE(BigInt(target.size), 2);
  facts.writeUInt16BE(transmissionFlags(target, terms), 10);

  const sizes = Buffer.alloc(14);
  sizes.writeUInt16BE(Info.BlockSize, 0);
  sizes.writeUInt32BE(target.minimumBlockSize, 2);
  sizes.writeUInt32BE(target.preferredBlockSize, 6);
  sizes.writeUInt32BE(MAX_PAYLOAD_BYTES, 10);

  const items = [facts, textItem(Info.Name, name), sizes];
  if (target.description !== undefined) items.push(textItem(Info.Description, target.description));
  return items.map((item) => optionReply(option, OptionReply.Info, item));
}

function textItem(type: number, text: string): Buffer {
  const head = Buffer.alloc(2);
  head.writeUInt16BE(type);
  return Buffer.concat([head, boundedText(text)]);
}

/** A reply to LIST: one export by name, with its description behind. */
export function serverReply(option: number, name: string, target: NbdExport): Buffer {
  const encoded = Buffer.from(name);
  const head = Buffer.alloc(4);
  head.writeUInt32BE(encoded.length);
  const description = boundedText(target.description ?? '');
  return optionReply(option, OptionReply.Server, Buffer.concat([head, encoded, description]));
}

export function metaContextReply(option: number, id: number, context: string): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(id);
  return optionReply(option, OptionReply.MetaContext, Buffer.concat([head, Buffer.from(context)]));
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A name or query as the protocol wants strings: UTF-8 without NUL, at most 4096 bytes. */
export function decodeString(bytes: Buffer, what: string): string {
  if (bytes.length > MAX_STRING_BYTES) {
    throw invalidOptionData(`${what}: got ${bytes.length} bytes, allowed are ${MAX_STRING_BYTES}`);
  }
  let text: string;
  try {
    text = UTF8.decode(bytes);
  } catch {
    throw invalidOptionData(`${what}: not UTF-8`);
  }
  if (text.includes('\0')) throw invalidOptionData(`${what}: contains NUL`);
  return text;
}

/** Reads fields of option data in order; whatever would leave the data is ERR_INVALID. */
export class OptionCursor {
  private at = 0;

  constructor(private readonly data: Buffer) {}

  u16(what: string): number {
    return this.bytes(2, what).readUInt16BE(0);
  }

  u32(what: string): number {
    return this.bytes(4, what).readUInt32BE(0);
  }

  /** A string behind its 32-bit length. */
  string(what: string): string {
    return decodeString(this.bytes(this.u32(`length of ${what}`), what), what);
  }

  end(): void {
    const left = this.data.length - this.at;
    if (left !== 0) throw invalidOptionData(`option data: ${left} bytes left over`);
  }

  private bytes(count: number, what: string): Buffer {
    const left = this.data.length - this.at;
    if (count > left) {
      throw invalidOptionData(`${what}: needs ${count} bytes, the option data has ${left} left`);
    }
    this.at += count;
    return this.data.subarray(this.at - count, this.at);
  }
}

export function invalidOptionData(message: string): NbdError {
  return new NbdError('option_refused', message, { replyType: OptionReply.ErrInvalid });
}
