import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { NbdClient } from './client.ts';
import { NbdError } from './errors.ts';
import { MemoryExport } from './memory-export.fixture.ts';
import { goData, option, request, u32 } from './messages.fixture.ts';
import {
  AllocationState,
  BASE_ALLOCATION,
  Command,
  CommandFlag,
  type HeaderStyle,
  Option,
  TransmissionFlag,
} from './protocol.ts';
import { type Serving, serve, until } from './serving.fixture.ts';

const MIB = 1 << 20;

let serving: Serving;
let disk: MemoryExport;
const clients: NbdClient[] = [];

async function connect(name = 'disk', style: HeaderStyle = 'extended'): Promise<NbdClient> {
  const client = await NbdClient.connect(serving.uri(name), { style });
  clients.push(client);
  return client;
}

beforeEach(async () => {
  serving = await serve({ defaultExport: 'disk', maxInFlightBytes: 8 * MIB });
  disk = new MemoryExport(64 * MIB, { minimumBlockSize: 512 });
  serving.server.addExport('disk', disk);
});

afterEach(async () => {
  disk.gate = () => undefined;
  await Promise.all(clients.splice(0).map((client) => client.disconnect()));
  await serving.stop();
});

function code(expected: string): object {
  return expect.objectContaining({ code: expected });
}

describe.each<HeaderStyle>(['simple', 'structured', 'extended'])('with %s replies', (style) => {
  it('reads back what was written, small and large, among many requests at once', async () => {
    const client = await connect('disk', style);
    const data = randomBytes(20 * MIB);
    const sizes = [512, 4096, 65_536, 65_536 + 512, MIB, 4 * MIB, 12 * MIB];
    let at = 0;
    const pieces = sizes.map((size) => {
      const piece = { offset: at * 2, data: data.subarray(at, at + size) };
      at += size;
      return piece;
    });
    await Promise.all(pieces.map((piece) => client.write(piece.offset, piece.data)));
    const read = await Promise.all(pieces.map((p) => client.read(p.offset, p.data.length)));
    expect(pieces.every(({ data }, index) => read[index]?.equals(data))).toBe(true);
  });

  it.each([
    ['a write past the end', Command.Write, 0, 64 * MIB, 512, 'ENOSPC'],
    ['zeroing past the end', Command.WriteZeroes, 0, 64 * MIB - 512, 1024, 'ENOSPC'],
    ['a read past the end', Command.Read, 0, 64 * MIB, 512, 'EINVAL'],
    ['a trim past the end', Command.Trim, 0, 64 * MIB, 512, 'EINVAL'],
    ['an offset beyond 2^53', Command.Read, 0, 2 ** 63, 512, 'EINVAL'],
    ['a misaligned offset', Command.Read, 0, 1, 512, 'EINVAL'],
    ['a misaligned length', Command.Write, 0, 0, 511, 'EINVAL'],
    ['an unknown command', 99, 0, 0, 512, 'EINVAL'],
    ['an unknown flag', Command.Read, 1 << 12, 0, 512, 'EINVAL'],
    ['an inapplicable flag', Command.Write, CommandFlag.NoHole, 0, 512, 'EINVAL'],
    ['a flush of a range', Command.Flush, 0, 0, 512, 'EINVAL'],
  ])(
    'answers %s with its error and goes on',
    async (_what, command, flags, offset, length, errno) => {
      const client = await connect('disk', style);
      const payload = command === Command.Write ? Buffer.alloc(length) : undefined;
      await expect(client.request(command, flags, offset, length, payload)).rejects.toEqual(
        code(errno),
      );
      await expect(client.read(0, 512)).resolves.toHaveLength(512);
      expect(disk.calls).toEqual(['read 0 512']);
    },
  );

  it('refuses changes of a read-only export', async () => {
    serving.server.addExport('fixed', new MemoryExport(MIB, { readOnly: true }));
    const client = await connect('fixed', style);
    await expect(client.write(0, Buffer.alloc(512))).rejects.toEqual(code('EPERM'));
    await expect(client.writeZeroes(0, 512)).rejects.toEqual(code('EPERM'));
    await expect(client.trim(0, 512)).rejects.toEqual(code('EPERM'));
    expect(client.info.flags & TransmissionFlag.ReadOnly).toBeTruthy();
  });

  it('accepts requests of length 0 without troubling the export', async () => {
    const client = await connect('disk', style);
    await client.write(0, Buffer.alloc(0));
    await client.read(64 * MIB, 0);
    await client.trim(0, 0);
    expect(disk.calls).toEqual([]);
  });

  it('refuses a read over the limit', async () => {
    const client = await connect('disk', style);
    await expect(client.read(0, 33 * MIB)).rejects.toEqual(
      code(style === 'simple' ? 'EINVAL' : 'EOVERFLOW'),
    );
  });

  it('answers in whatever order the export does', async () => {
    const client = await connect('disk', style);
    disk.bytes.fill(7, 512, 1024);
    let open: () => void = () => undefined;
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    disk.gate = (call) => (call.startsWith('read 512') ? opened : undefined);
    const order: string[] = [];
    const slow = client.read(512, 512).then((data) => order.push(`slow ${data[0]}`));
    await client.read(0, 512).then((data) => order.push(`quick ${data[0]}`));
    open();
    await slow;
    expect(order).toEqual(['quick 0', 'slow 7']);
  });
});

it.each<HeaderStyle>(['simple', 'structured'])(
  'drains a write over the limit and refuses it, with %s replies',
  async (style) => {
    const client = await connect('disk', style);
    const large = Buffer.alloc(33 * MIB);
    await expect(client.write(0, large)).rejects.toEqual(code('EINVAL'));
    await client.flush();
    expect(disk.calls).toEqual(['flush']);
  },
);

describe('commands', () => {
  it('pass a hint of reads to come on to an export that can use it', async () => {
    const client = await connect();
    expect(client.info.flags & TransmissionFlag.SendCache).toBeTruthy();
    await client.cache(4096, 8192);
    expect(disk.calls).toEqual(['cache 4096 8192']);
    const plain = new MemoryExport(MIB);
    Object.defineProperty(plain, 'cache', { value: undefined });
    serving.server.addExport('plain', plain);
    const other = await connect('plain');
    expect(other.info.flags & TransmissionFlag.SendCache).toBe(0);
    await expect(other.cache(0, 512)).rejects.toEqual(code('EINVAL'));
  });

  it('flushes after a write with FUA and before its answer', async () => {
    const client = await connect();
    await client.write(0, Buffer.alloc(512), { fua: true });
    await client.writeZeroes(0, 512, { fua: true });
    await client.trim(0, 512, { fua: true });
    expect(disk.calls).toEqual([
      'write 0 512',
      'flush',
      'zero 0 512',
      'flush',
      'trim 0 512',
      'flush',
    ]);
  });

  it('accepts FUA on every command', async () => {
    const client = await connect();
    for (const command of [Command.Read, Command.BlockStatus]) {
      await client.request(command, CommandFlag.Fua, 0, 512);
    }
    await client.request(Command.Flush, CommandFlag.Fua, 0, 0);
    expect(disk.calls).toEqual(['read 0 512', 'flush']);
  });

  it('reports block status, one extent where one is asked for', async () => {
    const client = await connect();
    await client.write(65_536, Buffer.alloc(512));
    const hole = AllocationState.Hole | AllocationState.Zero;
    const all = await client.blockStatus(0, 196_608);
    expect(all.get(BASE_ALLOCATION)).toEqual([
      { length: 65_536, status: hole },
      { length: 65_536, status: 0 },
      { length: 65_536, status: hole },
    ]);
    const one = await client.request(Command.BlockStatus, CommandFlag.RequestOne, 0, 196_608);
    expect(one.extents.get(BASE_ALLOCATION)).toEqual([{ length: 65_536, status: hole }]);
  });

  it('answers block status over the largest length', async () => {
    const client = await connect();
    await expect(client.blockStatus(0, 0xffff_fe00)).rejects.toEqual(code('EINVAL'));
  });

  it('refuses block status where no context was selected', async () => {
    const client = await NbdClient.connect(serving.uri('disk'), { contexts: [] });
    clients.push(client);
    await expect(client.blockStatus(0, 512)).rejects.toEqual(code('EINVAL'));
  });

  it('passes the message and the offset of an error on', async () => {
    const client = await connect();
    disk.gate = () => {
      throw new NbdError('ENOSPC', 'zone 3 is full', { offset: 512 });
    };
    await expect(client.write(0, Buffer.alloc(1024))).rejects.toMatchObject({
      code: 'ENOSPC',
      message: 'zone 3 is full',
      context: { offset: 512 },
    });
  });

  it('hides what an export did not declare, and reports it to its owner', async () => {
    const seen: unknown[] = [];
    const watched = await serve({ onUnexpected: (error) => seen.push(error) });
    watched.server.addExport('disk', disk);
    const client = await NbdClient.connect(watched.uri('disk'));
    const fault = new Error('secret detail');
    disk.gate = () => Promise.reject(fault);
    await expect(client.read(0, 512)).rejects.toMatchObject({
      code: 'EIO',
      message: 'internal error',
    });
    expect(seen).toEqual([fault]);
    await client.disconnect();
    await watched.stop();
  });
});

describe('exports at run time', () => {
  it('lists the exports there are', async () => {
    serving.server.addExport('second', new MemoryExport(512, { description: 'added later' }));
    expect(await NbdClient.list(serving.uri(''))).toEqual([
      { name: 'disk', description: '' },
      { name: 'second', description: 'added later' },
    ]);
  });

  it('finishes what is in flight before a removed export goes', async () => {
    const client = await connect();
    let open: () => void = () => undefined;
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    disk.gate = () => opened;
    const write = client.write(0, Buffer.alloc(512, 1));
    await until(() => disk.calls.length === 1, 'the write has arrived');
    const removed = serving.server.removeExport('disk');
    await expect(NbdClient.connect(serving.uri('disk'))).rejects.toEqual(code('option_refused'));
    open();
    await write;
    await removed;
    expect(disk.bytes[0]).toBe(1);
    await expect(client.read(0, 512)).rejects.toEqual(code('disconnected'));
  });

  it('leaves the other exports alone', async () => {
    serving.server.addExport('second', new MemoryExport(512));
    const second = await connect('second');
    await serving.server.removeExport('disk');
    await expect(second.read(0, 512)).resolves.toHaveLength(512);
  });

  it('does not wait for ever for a client that reads no replies', async () => {
    const { socket } = serving.raw();
    socket.pause();
    const reads = Array.from({ length: 64 }, () => request(Command.Read, { length: MIB }));
    socket.write(Buffer.concat([u32(3), option(Option.Go, goData('disk')), ...reads]));
    await until(() => disk.calls.length > 4, 'reads have arrived');
    await serving.server.removeExport('disk');
    // of 64 MiB asked for, only what one connection may hold was ever read
    expect(disk.calls.length).toBeLessThan(20);
  });

  it.each([
    ['a name in use', 'disk', {}],
    ['a name that is too long', 'x'.repeat(4097), {}],
    ['a block size that is no power of two', 'new', { minimumBlockSize: 520 }],
  ])('refuses %s', (_what, name, options) => {
    const target = new MemoryExport(512, options);
    expect(() => serving.server.addExport(name, target)).toThrow(code('invalid_option'));
  });

  it('counts what went through', async () => {
    const client = await connect();
    await client.write(0, Buffer.alloc(1024));
    await client.read(0, 512);
    await client.read(1, 512).catch(() => undefined);
    await client.write(0, Buffer.alloc(512), { fua: true });
    const stats = serving.server.stats('disk');
    expect(stats).toMatchObject({
      connections: 1,
      requests: 4,
      errors: 1,
      readBytes: 512,
      writtenBytes: 1536,
      inFlight: 0,
      heldBytes: 0,
      errorsBy: { EINVAL: 1 },
    });
    const counted = Object.entries(stats?.latencies ?? {}).map(([kind, { total }]) => [
      kind,
      total,
    ]);
    expect(Object.fromEntries(counted)).toEqual({ read: 1, write: 2, flush: 0, other: 0 });
  });
});

describe('connections', () => {
  it('are served on TCP and a unix socket at once, with one disk behind', async () => {
    const address = await serving.server.listen({ host: '127.0.0.1', port: 0 });
    const port = 'port' in address ? address.port : 0;
    const tcp = await NbdClient.connect(`nbd://127.0.0.1:${port}/disk`);
    const unix = await connect();
    await tcp.write(0, Buffer.alloc(512, 9));
    expect((await unix.read(0, 512))[0]).toBe(9);
    await tcp.disconnect();
  });

  it('take the default export by the empty name', async () => {
    expect((await connect('')).info.name).toBe('disk');
  });

  it('answer everything before the end that DISC asks for', async () => {
    const client = await connect();
    disk.gate = () => new Promise((resolve) => setImmediate(resolve));
    const reads = Array.from({ length: 100 }, (_, i) => client.read(i * 512, 512));
    const gone = client.disconnect();
    expect(await Promise.all(reads)).toHaveLength(100);
    await gone;
  });

  it('answer a client that closes its side right behind its requests', async () => {
    const { socket, stream } = serving.raw();
    disk.gate = () => new Promise((resolve) => setImmediate(resolve));
    socket.end(
      Buffer.concat([
        u32(3),
        option(Option.ExportName, Buffer.from('disk')),
        request(Command.Flush),
      ]),
    );
    await stream.read(18 + 10);
    expect((await stream.read(16)).readUInt32BE(4)).toBe(0);
  });

  it('end when their handshake takes too long', async () => {
    const impatient = await serve({ handshakeTimeoutMs: 30 });
    const { socket } = impatient.raw();
    await once(socket, 'close');
    await impatient.stop();
  });

  it('end when the server closes, also those that have said nothing yet', async () => {
    const closing = await serve();
    const { socket, stream } = closing.raw();
    await stream.read(18);
    await Promise.all([once(socket, 'close'), closing.server.close()]);
    await closing.stop();
  });

  it('are refused over the cap, and their slot is free again after they end', async () => {
    const small = await serve({ maxConnections: 1 });
    small.server.addExport('disk', disk);
    const first = await NbdClient.connect(small.uri('disk'));
    await expect(NbdClient.connect(small.uri('disk'))).rejects.toEqual(code('disconnected'));
    await first.disconnect();
    const next = await NbdClient.connect(small.uri('disk'));
    await next.disconnect();
    await small.stop();
  });

  it('move on one request at a time when memory is short', async () => {
    const tight = await serve({ maxTotalInFlightBytes: 1 });
    tight.server.addExport('disk', disk);
    disk.gate = () => new Promise((resolve) => setImmediate(resolve));
    const client = await NbdClient.connect(tight.uri('disk'));
    const reads = Array.from({ length: 50 }, (_, i) => client.read(i * 4096, 4096));
    expect(await Promise.all(reads)).toHaveLength(50);
    await client.disconnect();
    await tight.stop();
  });
});
