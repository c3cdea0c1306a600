/** What a client may send to hurt: each test ends with proof that the server still serves others. */

import { once } from 'node:events';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { NbdClient } from './client.ts';
import { MemoryExport } from './memory-export.fixture.ts';
import { contextData, goData, option, prefixed, request, u32 } from './messages.fixture.ts';
import { BASE_ALLOCATION, Command, Option, OptionReply } from './protocol.ts';
import { type Serving, serve, until } from './serving.fixture.ts';

let serving: Serving;
let disk: MemoryExport;

beforeEach(async () => {
  serving = await serve();
  disk = new MemoryExport(1 << 20, { minimumBlockSize: 512 });
  serving.server.addExport('disk', disk);
});

afterEach(async () => {
  const client = await NbdClient.connect(serving.uri('disk'));
  await client.write(0, Buffer.alloc(512, 5));
  expect((await client.read(0, 512))[0]).toBe(5);
  await client.disconnect();
  await serving.stop();
});

/** Of a type of option reply. */
const ERROR_BIT = 2 ** 31;
const FLAGS = u32(3);
const ENTER = Buffer.concat([FLAGS, option(Option.Go, goData('disk'))]);

/** Sends everything and resolves with the type of the first option reply. */
async function firstReply(...parts: Buffer[]): Promise<number> {
  const { socket, stream } = serving.raw();
  socket.write(Buffer.concat(parts));
  await stream.read(18);
  return (await stream.read(20)).readUInt32BE(12);
}

/** Sends everything and waits until the server hangs up. */
async function hangsUp(...parts: Buffer[]): Promise<void> {
  const { socket } = serving.raw();
  socket.write(Buffer.concat(parts));
  await once(socket, 'close');
}

it('refuses an export name that claims 0xffffffff bytes', async () => {
  const lie = Buffer.concat([u32(0xffff_ffff), Buffer.from('disk'), Buffer.alloc(2)]);
  expect(await firstReply(FLAGS, option(Option.Go, lie))).toBe(OptionReply.ErrInvalid);
});

it('refuses a query that claims 0xffffffff bytes', async () => {
  const lie = Buffer.concat([prefixed('disk'), u32(1), u32(0xffff_ffff), Buffer.from('base:')]);
  const { socket, stream } = serving.raw();
  socket.write(
    Buffer.concat([FLAGS, option(Option.StructuredReply), option(Option.SetMetaContext, lie)]),
  );
  await stream.read(18 + 20);
  expect((await stream.read(20)).readUInt32BE(12)).toBe(OptionReply.ErrInvalid);
});

it('hangs up on option data of 4 GiB', async () => {
  await hangsUp(FLAGS, option(77, Buffer.alloc(100), 0xffff_ffff));
});

it.each([
  [4096, OptionReply.ErrUnknown],
  [4097, OptionReply.ErrInvalid],
])('survives an export name of %d bytes', async (length, expected) => {
  expect(await firstReply(FLAGS, option(Option.Go, goData('x'.repeat(length))))).toBe(expected);
});

it('hangs up on EXPORT_NAME of 4097 bytes', async () => {
  await hangsUp(FLAGS, option(Option.ExportName, Buffer.alloc(4097, 'x')));
});

it.each([
  ['client flags', Buffer.from('GET ')],
  ['an option', Buffer.concat([FLAGS, Buffer.from('GET / HTTP/1.1\r\nHost: there\r\n\r\n')])],
  ['a request', Buffer.concat([ENTER, Buffer.from('GET / HTTP/1.1\r\nHost: there\r\n\r\n')])],
])('hangs up on junk in place of %s', async (_what, bytes) => {
  await hangsUp(bytes);
});

it('survives a client that leaves at any byte of its session', async () => {
  const session = Buffer.concat([
    ENTER,
    request(Command.Write, { data: Buffer.alloc(512) }),
    request(Command.Read, { length: 512 }),
  ]);
  for (let at = 0; at < session.length; at += 7) {
    const { socket } = serving.raw();
    await once(socket, 'connect');
    await new Promise<void>((resolve) => socket.write(session.subarray(0, at), () => resolve()));
    socket.destroy();
  }
});

it('survives a client that leaves inside a large write, and writes nothing', async () => {
  const { socket } = serving.raw();
  const half = request(Command.Write, { length: 1 << 20, data: Buffer.alloc(1 << 19, 1) });
  await new Promise<void>((resolve) => socket.write(Buffer.concat([ENTER, half]), () => resolve()));
  socket.destroy();
  await once(socket, 'close');
  expect(disk.calls).toEqual([]);
});

it('answers requests whose end lies past 2^64', async () => {
  const { socket, stream } = serving.raw();
  const beyond = { offset: 0xffff_ffff_ffff_fe00n, length: 1024 };
  socket.write(Buffer.concat([FLAGS, option(Option.ExportName, Buffer.from('disk'))]));
  await stream.read(18 + 10);
  socket.write(
    Buffer.concat([
      request(Command.Read, beyond),
      request(Command.WriteZeroes, beyond),
      request(Command.Trim, beyond),
    ]),
  );
  const errors: number[] = [];
  for (let i = 0; i < 3; i += 1) errors.push((await stream.read(16)).readUInt32BE(4));
  expect(errors).toEqual([22, 28, 22]);
  expect(disk.calls).toEqual([]);
});

it('ignores what follows DISC', async () => {
  await hangsUp(
    ENTER,
    request(Command.Disconnect),
    request(Command.Write, { data: Buffer.alloc(512, 1) }),
  );
  expect(disk.calls).toEqual([]);
});

it('sees requests behind EXPORT_NAME of nothing as the end', async () => {
  await hangsUp(FLAGS, option(Option.ExportName, Buffer.from('nope')), request(Command.Flush));
  expect(disk.calls).toEqual([]);
});

it('touches no disk before the negotiation has ended, in whatever order options come', async () => {
  const options = [
    option(Option.Info, goData('disk')),
    option(Option.SetMetaContext, contextData('disk', BASE_ALLOCATION)),
    option(Option.StructuredReply),
    option(Option.Info, goData('disk', 3, 0)),
    option(Option.ListMetaContext, contextData('disk')),
    option(Option.SetMetaContext, contextData('disk', BASE_ALLOCATION)),
    option(Option.StructuredReply),
    option(Option.SetMetaContext, contextData('none', BASE_ALLOCATION)),
    option(Option.Info, goData('none')),
    option(Option.List),
  ];
  const { socket, stream } = serving.raw();
  await stream.read(18);
  socket.write(Buffer.concat([FLAGS, ...options, ...options.toReversed()]));
  let left = 2 * options.length;
  while (left > 0) {
    const header = await stream.read(20);
    await stream.read(header.readUInt32BE(16));
    const type = header.readUInt32BE(12);
    if (type === OptionReply.Ack || type >= ERROR_BIT) left -= 1;
  }
  expect(disk.calls).toEqual([]);
  expect(serving.server.stats('disk')?.connections).toBe(0);
  socket.write(option(Option.Go, goData('disk')));
  await until(() => serving.server.stats('disk')?.connections === 1, 'it is in');
  expect(disk.calls).toEqual([]);
  socket.destroy();
});

it('is not grown by clients that announce much, send half, and stay', async () => {
  const count = 200;
  const before = process.memoryUsage();
  const sockets = Array.from({ length: count }, (_, index) => {
    const { socket } = serving.raw();
    const lie =
      index % 2 === 0
        ? option(Option.Go, Buffer.alloc(1000), 0x1f0_0000)
        : Buffer.concat([
            option(Option.Go, goData('disk')),
            request(Command.Write, { length: 0xffff_fe00, data: Buffer.alloc(100_000) }),
          ]);
    socket.write(Buffer.concat([FLAGS, lie]));
    return socket;
  });
  await until(
    () => serving.server.stats('disk')?.connections === count / 2,
    'those in transmission are in',
  );
  const { rss, arrayBuffers } = process.memoryUsage();
  expect(arrayBuffers - before.arrayBuffers).toBeLessThan(count * 300 * 1024);
  expect(rss - before.rss).toBeLessThan(count * 600 * 1024);
  for (const socket of sockets) socket.destroy();
});

it('takes transmission commands before the negotiation ended for junk', async () => {
  await hangsUp(FLAGS, request(Command.Read, { length: 512 }));
  expect(disk.calls).toEqual([]);
});
