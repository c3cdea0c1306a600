/** Client messages as bytes, for tests that speak the protocol by hand. */

import { CommandFlag, EXTENDED_REQUEST_MAGIC, OPTION_MAGIC, REQUEST_MAGIC } from './protocol.ts';

export function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function u64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
}

export function prefixed(text: string): Buffer {
  return Buffer.concat([u32(Buffer.byteLength(text)), Buffer.from(text)]);
}

/** An option; `length` may lie about its data. */
export function option(
  number: number,
  data: Buffer = Buffer.alloc(0),
  length = data.length,
): Buffer {
  return Buffer.concat([u64(OPTION_MAGIC), u32(number), u32(length), data]);
}

export function goData(name: string, ...items: number[]): Buffer {
  return Buffer.concat([prefixed(name), u16(items.length), ...items.map(u16)]);
}

export function contextData(name: string, ...queries: string[]): Buffer {
  return Buffer.concat([prefixed(name), u32(queries.length), ...queries.map(prefixed)]);
}

export interface RequestFields {
  flags?: number;
  cookie?: bigint;
  offset?: bigint;
  length?: number;
  data?: Buffer;
}

export function request(command: number, fields: RequestFields = {}): Buffer {
  const { flags = 0, cookie = 1n, offset = 0n, data = Buffer.alloc(0) } = fields;
  return Buffer.concat([
    u32(REQUEST_MAGIC),
    u16(flags),
    u16(command),
    u64(cookie),
    u64(offset),
    u32(fields.length ?? data.length),
    data,
  ]);
}

/** The same with extended headers; data makes it a request with a payload. `length` may lie or exceed 32 bits. */
export function extendedRequest(
  command: number,
  fields: Omit<RequestFields, 'length'> & { length?: bigint } = {},
): Buffer {
  const { flags, cookie = 1n, offset = 0n, data } = fields;
  return Buffer.concat([
    u32(EXTENDED_REQUEST_MAGIC),
    u16(flags ?? (data === undefined ? 0 : CommandFlag.PayloadLength)),
    u16(command),
    u64(cookie),
    u64(offset),
    u64(fields.length ?? BigInt(data?.length ?? 0)),
    data ?? Buffer.alloc(0),
  ]);
}
