/** Bounds on what one client or one export may take, so that others are not hurt. */

import { once } from 'node:events';
import { afterEach, describe, expect, it } from '@jest/globals';
import { NbdClient } from './client.ts';
import { MemoryExport } from './memory-export.fixture.ts';
import { goData, option, request, u32 } from './messages.fixture.ts';
import { Command, Option, OptionReply } from './protocol.ts';
import type { NbdServerOptions } from './server.ts';
import { type Serving, serve, until } from './serving.fixture.ts';

const MIB = 1 << 20;

let serving: Serving;
let disk: MemoryExport;
const clients: NbdClient[] = [];

async function start(options: NbdServerOptions = {}): Promise<void> {
  serving = await serve(options);
  disk = new MemoryExport(8 * MIB);
}

async function connect(name = 'disk'): Promise<NbdClient> {
  const client = await NbdClient.connect(serving.uri(name));
  clients.push(client);
  return client;
}

afterEach(async () => {
  disk.gate = () => undefined;
  // where the clock stands still, a held request would stand before the goodbye for ever
  serving.server.setRates('disk', {});
  await Promise.all(clients.splice(0).map((client) => client.disconnect()));
  await serving.stop();
});

/** A client that asks for `count` MiB and never reads an answer. */
function glutton(name: string, count: number) {
  const { socket } = serving.raw();
  socket.pause();
  const reads = Array.from({ length: count }, () => request(Command.Read, { length: MIB }));
  socket.write(Buffer.concat([u32(3), option(Option.Go, goData(name)), ...reads]));
  return socket;
}

describe('rates of an export', () => {
  it('hold its requests back until the clock allows them, and leave other exports alone', async () => {
    let now = 0;
    await start({ now: () => now });
    const other = new MemoryExport(MIB);
    serving.server.addExport('disk', disk, { rates: { iops: 100 } });
    serving.server.addExport('other', other);
    const [limited, free] = [await connect(), await connect('other')];
    const reads = Array.from({ length: 15 }, () => limited.read(0, 512));
    await until(() => disk.calls.length === 10, 'the burst has gone');
    await Promise.all(Array.from({ length: 100 }, () => free.read(0, 512)));
    expect(disk.calls.length).toBe(10);
    now += 50;
    await Promise.all(reads);
    expect(disk.calls.length).toBe(15);
  });

  it('are shared by the connections that wait, each in its turn', async () => {
    let now = 0;
    await start({ now: () => now });
    serving.server.addExport('disk', disk, { rates: { iops: 10 } });
    const connections = await Promise.all([connect(), connect(), connect()]);
    await (connections[0] as NbdClient).read(0, 512);
    const done: number[] = [];
    const reads = connections.flatMap((client, lane) =>
      Array.from({ length: 4 }, () => client.read(0, 512).then(() => done.push(lane))),
    );
    for (let count = 1; count <= 12; count += 1) {
      now += 100;
      await until(() => done.length >= count, `request ${count} is answered`);
    }
    await Promise.all(reads);
    // once all three stand in line, whoever has been served waits behind the others
    for (const lane of [0, 1, 2])
      expect(done.slice(3, 9).filter((l) => l === lane)).toHaveLength(2);
  });

  it('change while clients are connected, and go', async () => {
    await start({ now: () => 0 });
    serving.server.addExport('disk', disk, { rates: { bytesPerSecond: 10_240 } });
    const client = await connect();
    await client.read(0, 4096);
    const reads = [client.read(0, 4096), client.read(0, 4096)];
    serving.server.setRates('disk', { iops: 1 });
    await reads[0];
    serving.server.setRates('disk', {});
    await Promise.all(reads);
  });

  it('do not keep an export from being removed', async () => {
    await start({ now: () => 0 });
    serving.server.addExport('disk', disk, { rates: { iops: 1 } });
    const client = await connect();
    const reads = Array.from({ length: 4 }, () => client.read(0, 512));
    const outcomes = Promise.allSettled(reads);
    await reads[0];
    await serving.server.removeExport('disk');
    expect((await outcomes).map(({ status }) => status)).toEqual([
      'fulfilled',
      ...Array(3).fill('rejected'),
    ]);
  });
});

describe('connections', () => {
  it('of an export end at its cap, and others take the place of those that go', async () => {
    await start();
    serving.server.addExport('disk', disk, { maxConnections: 2 });
    const [first] = await Promise.all([connect(), connect()]);
    await expect(connect()).rejects.toMatchObject({
      context: { replyType: OptionReply.ErrPolicy },
    });
    await first?.disconnect();
    await connect();
  });

  it('that never negotiate make room for one that does', async () => {
    await start({ maxConnections: 3 });
    serving.server.addExport('disk', disk);
    const silent = Array.from({ length: 3 }, () => serving.raw());
    for (const { stream } of silent) await stream.read(18);
    const client = await connect();
    await client.flush();
  });

  it('without a request for long enough are ended, those at work are not', async () => {
    let now = 0;
    await start({ idleTimeoutMs: 1000, now: () => now });
    serving.server.addExport('disk', disk);
    const [idle, busy] = [await connect(), await connect()];
    let open: () => void = () => undefined;
    disk.gate = () =>
      new Promise((resolve) => {
        open = resolve;
      });
    const write = busy.write(0, Buffer.alloc(512));
    await until(() => disk.calls.length === 1, 'the write is under way');
    now += 1000;
    await until(() => serving.server.stats('disk')?.connections === 1, 'the idle one is gone');
    open();
    await write;
    await expect(idle.flush()).rejects.toMatchObject({ code: 'disconnected' });
  });

  it('that take no reply for long enough are ended', async () => {
    let now = 0;
    await start({ stuckTimeoutMs: 1000, now: () => now });
    serving.server.addExport('disk', disk);
    const socket = glutton('disk', 8);
    await until(() => disk.calls.length === 8, 'all is read');
    now += 1000;
    await until(() => serving.server.stats('disk')?.connections === 0, 'the slot is free');
    socket.destroy();
  });
});

describe('memory', () => {
  it('taken by clients that read nothing leaves others their share', async () => {
    await start({ maxTotalInFlightBytes: 16 * MIB });
    serving.server.addExport('disk', disk);
    const gluttons = Array.from({ length: 4 }, () => glutton('disk', 64));
    await until(() => disk.calls.length >= 16, 'memory is taken');
    const client = await connect();
    disk.calls.length = 0;
    // 3 MiB at once is within a fifth of the whole
    const reads = Array.from({ length: 48 }, (_, i) => client.read(i * 65_536, 65_536));
    expect(await Promise.all(reads)).toHaveLength(48);
    for (const socket of gluttons) socket.destroy();
  });

  it('of one export is bounded, whatever other exports do', async () => {
    await start({ maxExportInFlightBytes: 8 * MIB });
    serving.server.addExport('disk', disk);
    const gluttons = Array.from({ length: 4 }, () => glutton('disk', 64));
    await until(() => (serving.server.stats('disk')?.heldBytes ?? 0) >= 8 * MIB, 'it is taken');
    for (let turn = 0; turn < 50; turn += 1) await new Promise((done) => setImmediate(done));
    expect(serving.server.stats('disk')?.heldBytes).toBeLessThan(8 * MIB + 4 * 3 * MIB);
    for (const socket of gluttons) {
      const closed = once(socket, 'close');
      socket.destroy();
      await closed;
    }
    await until(() => serving.server.stats('disk')?.heldBytes === 0, 'all is given back');
  });
});

it('a connection with a thousand requests at once lets others in between', async () => {
  await start();
  serving.server.addExport('disk', disk);
  const other = new MemoryExport(MIB);
  serving.server.addExport('other', other);
  const [busy, quick] = [await connect(), await connect('other')];
  await quick.flush();
  let seen = 0;
  disk.gate = () => {
    seen = Math.max(seen, other.calls.length > 1 ? 0 : disk.calls.length);
    return undefined;
  };
  const reads = Array.from({ length: 1000 }, () => busy.read(0, 512));
  const flush = quick.flush();
  await Promise.all([flush, ...reads]);
  expect(seen).toBeLessThan(1000);
});
