import { describe, expect, it } from '@jest/globals';
import { NbdError } from './errors.ts';
import { MAX_DRAINED_OPTION_BYTES, MAX_OPTION_BYTES, MAX_PAYLOAD_BYTES } from './limits.ts';
import { extendedRequest, goData, option, request, u32, u64 } from './messages.fixture.ts';
import { Command, CommandFlag, Option } from './protocol.ts';
import { type ClientMessage, SessionDecoder } from './session-decoder.ts';

function newDecoder(): SessionDecoder {
  return new SessionDecoder((count) => Buffer.alloc(count));
}

/** Feeds the chunks and gathers all messages; transmission starts after GO, as a server would do it. */
function decode(
  chunks: readonly Buffer[],
  decoder = newDecoder(),
  extended = false,
): ClientMessage[] {
  const messages: ClientMessage[] = [];
  for (const chunk of chunks) {
    decoder.push(chunk);
    for (let message = decoder.next(); message !== undefined; message = decoder.next()) {
      messages.push(message);
      if (message.kind === 'option' && message.option === Option.Go) {
        decoder.startTransmission(extended);
      }
    }
  }
  return messages;
}

const session = Buffer.concat([
  u32(3),
  option(Option.StructuredReply),
  option(77, Buffer.from('unknown')),
  option(Option.Go, goData('disk', 3)),
  request(Command.Read, { cookie: 0xfedc_ba98_7654_3210n, offset: 4096n, length: 512 }),
  request(Command.Write, { offset: 2n ** 40n, data: Buffer.from('payload of a write') }),
  request(Command.Flush),
  request(Command.Write, { data: Buffer.alloc(0) }),
  request(Command.Disconnect),
]);

describe('decoding a session', () => {
  it('gives every message of one chunk', () => {
    const messages = decode([session]);
    expect(messages.map((m) => ('command' in m ? m.command : m.kind))).toEqual([
      'client-flags',
      'option',
      'option',
      'option',
      Command.Read,
      Command.Write,
      Command.Flush,
      Command.Write,
      Command.Disconnect,
    ]);
    expect(messages[4]).toMatchObject({
      cookieHigh: 0xfedc_ba98,
      cookieLow: 0x7654_3210,
      offset: 4096,
      length: 512,
    });
    expect(messages[5]).toMatchObject({
      offset: 2 ** 40,
      payload: Buffer.from('payload of a write'),
    });
  });

  it('gives the same messages wherever the bytes are split', () => {
    const whole = decode([session]);
    for (let at = 1; at < session.length; at += 1) {
      expect(decode([session.subarray(0, at), session.subarray(at)])).toEqual(whole);
    }
  });

  it('gives the same messages byte by byte', () => {
    expect(decode(Array.from(session, (byte) => Buffer.of(byte)))).toEqual(decode([session]));
  });

  it('gathers a large payload into one buffer from the pool', () => {
    const data = Buffer.alloc(1_000_000, 'zoned');
    const bytes = request(Command.Write, { data });
    const decoder = newDecoder();
    decode([u32(3), option(Option.Go, goData('disk'))], decoder);
    const chunks = [
      bytes.subarray(0, 65_536),
      bytes.subarray(65_536, 70_000),
      bytes.subarray(70_000),
    ];
    const [message] = decode(chunks, decoder);
    expect(message).toMatchObject({ kind: 'request', payload: data });
    expect(message).toHaveProperty('lease.length', data.length);
  });
});

const extendedSession = Buffer.concat([
  u32(3),
  option(Option.ExtendedHeaders),
  option(Option.Go, goData('disk')),
  extendedRequest(Command.Read, { offset: 0xffff_ffff_ffff_fe00n, length: 512n }),
  extendedRequest(Command.Write, { offset: 2n ** 40n, data: Buffer.from('payload of a write') }),
  extendedRequest(Command.WriteZeroes, { length: 2n ** 40n }),
  extendedRequest(Command.Trim, { data: Buffer.from('what no trim should have') }),
  extendedRequest(Command.BlockStatus, { data: Buffer.concat([u64(2n ** 33n), u32(2), u32(7)]) }),
  extendedRequest(Command.BlockStatus, { data: Buffer.from('half an id') }),
  extendedRequest(Command.Write, { flags: 0, data: Buffer.from('as QEMU sends it') }),
  extendedRequest(Command.Disconnect),
]);

function decodeExtended(chunks: readonly Buffer[]): ClientMessage[] {
  return decode(chunks, newDecoder(), true);
}

describe('decoding a session with extended headers', () => {
  it('gives every message of one chunk', () => {
    expect(decodeExtended([extendedSession]).slice(3)).toMatchObject([
      { command: Command.Read, offsetHigh: 0xffff_ffff, offsetLow: 0xffff_fe00, length: 512 },
      { command: Command.Write, offset: 2 ** 40, payload: Buffer.from('payload of a write') },
      { command: Command.WriteZeroes, length: 2 ** 40, payload: undefined },
      { command: Command.Trim, flags: CommandFlag.PayloadLength, payload: undefined },
      { command: Command.BlockStatus, length: 2 ** 33, contextIds: [2, 7], payload: undefined },
      { command: Command.BlockStatus, contextIds: undefined, payload: undefined },
      { command: Command.Write, flags: 0, payload: Buffer.from('as QEMU sends it') },
      { command: Command.Disconnect },
    ]);
  });

  it('gives the same messages wherever the bytes are split', () => {
    const whole = decodeExtended([extendedSession]);
    for (let at = 1; at < extendedSession.length; at += 1) {
      const parts = [extendedSession.subarray(0, at), extendedSession.subarray(at)];
      expect(decodeExtended(parts)).toEqual(whole);
    }
  });

  it('gives the same messages byte by byte', () => {
    const bytes = Array.from(extendedSession, (byte) => Buffer.of(byte));
    expect(decodeExtended(bytes)).toEqual(decodeExtended([extendedSession]));
  });

  it('cuts off a client whose payload is over the limit', () => {
    const large = extendedRequest(Command.Write, {
      flags: CommandFlag.PayloadLength,
      length: BigInt(MAX_PAYLOAD_BYTES + 1),
    });
    expect(() => decodeExtended([u32(3), option(Option.Go, goData('disk')), large])).toThrow(
      expect.objectContaining({ code: 'protocol_error' }),
    );
  });
});

describe('bounds', () => {
  it('drains an option that is too long and stays in step', () => {
    const long = option(99, Buffer.alloc(MAX_OPTION_BYTES + 1));
    const messages = decode([
      u32(3),
      long.subarray(0, 5000),
      long.subarray(5000),
      option(Option.List),
    ]);
    expect(messages.slice(1)).toEqual([
      { kind: 'option', option: 99, data: undefined },
      { kind: 'option', option: Option.List, data: Buffer.alloc(0) },
    ]);
  });

  it('cuts off a client that announces an absurd option', () => {
    const absurd = option(99, Buffer.alloc(0), MAX_DRAINED_OPTION_BYTES + 1);
    expect(() => decode([u32(3), absurd])).toThrow(NbdError);
  });

  it('drains a write over the limit and stays in step', () => {
    const decoder = newDecoder();
    decode([u32(3), option(Option.Go, goData('disk'))], decoder);
    const messages = decode(
      [
        request(Command.Write, { length: MAX_PAYLOAD_BYTES + 1 }),
        Buffer.alloc(MAX_PAYLOAD_BYTES),
        Buffer.alloc(1),
        request(Command.Flush),
      ],
      decoder,
    );
    expect(messages).toMatchObject([
      { command: Command.Write, payload: undefined },
      { command: Command.Flush },
    ]);
  });

  it.each([
    ['option', [u32(3), Buffer.alloc(16)]],
    ['request', [u32(3), option(Option.Go, goData('disk')), Buffer.alloc(28)]],
  ])('refuses a wrong %s magic', (_what, chunks) => {
    expect(() => decode(chunks)).toThrow(expect.objectContaining({ code: 'protocol_error' }));
  });
});
