/** What only extended headers can say: lengths and status of 64 bits, and payloads of other commands. */

import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ByteStream } from './byte-stream.ts';
import { NbdClient } from './client.ts';
import { MemoryExport, WIDE_CONTEXT, WIDE_STATUS } from './memory-export.fixture.ts';
import { contextData, extendedRequest, goData, option, u32, u64 } from './messages.fixture.ts';
import {
  AllocationState,
  BASE_ALLOCATION,
  Chunk,
  Command,
  CommandFlag,
  Errno,
  EXTENDED_REPLY_MAGIC,
  Option,
} from './protocol.ts';
import { type Serving, serve } from './serving.fixture.ts';

const GIB = 2 ** 30;

/** An export larger than its memory: only what touches no data may go far. */
class HugeExport extends MemoryExport {
  override readonly size: number = 16 * GIB;

  override writeZeroes(offset: number, length: number): undefined {
    this.calls.push(`zero ${offset} ${length}`);
  }

  override trim(offset: number, length: number): undefined {
    this.calls.push(`trim ${offset} ${length}`);
  }

  override blockStatus(context: string, _offset: number, length: number) {
    return [{ length, status: context === WIDE_CONTEXT ? WIDE_STATUS : AllocationState.Hole }];
  }
}

let serving: Serving;
let disk: HugeExport;

beforeEach(async () => {
  serving = await serve();
  disk = new HugeExport(1 << 20, { minimumBlockSize: 512 });
  serving.server.addExport('disk', disk);
});

afterEach(() => serving.stop());

/** A session by hand, in transmission with both contexts selected. */
async function enter(...requests: Buffer[]): Promise<ByteStream> {
  const { socket, stream } = serving.raw();
  const contexts = contextData('disk', BASE_ALLOCATION, WIDE_CONTEXT);
  const options = [
    option(Option.ExtendedHeaders),
    option(Option.SetMetaContext, contexts),
    option(Option.Go, goData('disk')),
  ];
  socket.write(Buffer.concat([u32(3), ...options, ...requests]));
  await stream.read(18);
  for (let acks = 0; acks < options.length; ) {
    const header = await stream.read(20);
    await stream.read(header.readUInt32BE(16));
    if (header.readUInt32BE(12) === 1) acks += 1;
  }
  return stream;
}

interface ReplyChunk {
  readonly type: number;
  readonly done: boolean;
  readonly offset: bigint;
  readonly payload: Buffer;
}

async function readChunk(stream: ByteStream): Promise<ReplyChunk> {
  const header = await stream.read(32);
  expect(header.readUInt32BE(0)).toBe(EXTENDED_REPLY_MAGIC);
  return {
    type: header.readUInt16BE(6),
    done: header.readUInt16BE(4) === 1,
    offset: header.readBigUInt64BE(16),
    payload: await stream.read(Number(header.readBigUInt64BE(24))),
  };
}

/** Errno of a reply that is one error chunk. */
async function readErrno(stream: ByteStream): Promise<number> {
  const { type, done, payload } = await readChunk(stream);
  expect([type & Chunk.Error, done]).toEqual([Chunk.Error, true]);
  return payload.readUInt32BE(0);
}

describe('lengths', () => {
  it('of zeroes, trims and status may pass 4 GiB', async () => {
    const client = await NbdClient.connect(serving.uri('disk'));
    expect(client.style).toBe('extended');
    await client.writeZeroes(0, 8 * GIB);
    await client.trim(GIB, 15 * GIB);
    expect(disk.calls).toEqual([`zero 0 ${8 * GIB}`, `trim ${GIB} ${15 * GIB}`]);
    const status = await client.blockStatus(0, 16 * GIB);
    expect(status.get(BASE_ALLOCATION)).toEqual([
      { length: 16 * GIB, status: AllocationState.Hole },
    ]);
    await client.disconnect();
  });

  it('past the end are refused however large they are', async () => {
    const lengths = [16n * BigInt(GIB) + 512n, 2n ** 63n, 2n ** 64n - 512n];
    const stream = await enter(
      ...lengths.map((length) => extendedRequest(Command.WriteZeroes, { length })),
    );
    for (const _ of lengths) expect(await readErrno(stream)).toBe(Errno.ENOSPC);
  });
});

describe('replies', () => {
  it('echo the offset of the request to the bit, also where the request is refused', async () => {
    const offset = 0xffff_ffff_ffff_fe01n;
    const stream = await enter(extendedRequest(Command.Read, { offset, length: 512n }));
    expect(await readChunk(stream)).toMatchObject({ type: Chunk.Error, offset, done: true });
  });

  it('are chunks for every command', async () => {
    const stream = await enter(
      extendedRequest(Command.Write, { data: Buffer.alloc(512, 3) }),
      extendedRequest(Command.Read, { length: 512n }),
      extendedRequest(Command.Read),
      extendedRequest(Command.Flush),
    );
    expect(await readChunk(stream)).toMatchObject({ type: Chunk.None, done: true });
    const data = await readChunk(stream);
    expect(data).toMatchObject({ type: Chunk.OffsetData, done: true });
    expect(data.payload.equals(Buffer.concat([u64(0n), Buffer.alloc(512, 3)]))).toBe(true);
    expect(await readChunk(stream)).toMatchObject({ type: Chunk.None, done: true });
    expect(await readChunk(stream)).toMatchObject({ type: Chunk.None, done: true });
  });
});

describe('block status', () => {
  const query = (...ids: number[]) =>
    extendedRequest(Command.BlockStatus, {
      data: Buffer.concat([u64(BigInt(8 * GIB)), ...ids.map(u32)]),
    });

  it('carries 64 bits of status', async () => {
    const contexts = [WIDE_CONTEXT];
    const client = await NbdClient.connect(serving.uri('disk'), { contexts });
    const status = await client.blockStatus(0, 8 * GIB);
    expect(status.get(WIDE_CONTEXT)).toEqual([{ length: 8 * GIB, status: WIDE_STATUS }]);
    await client.disconnect();
  });

  it('is limited to the contexts that the payload names', async () => {
    const stream = await enter(query(2));
    const { type, done, payload } = await readChunk(stream);
    expect([type, done]).toEqual([Chunk.BlockStatusExt, true]);
    const fields = [u32(2), u32(1), u64(BigInt(8 * GIB)), u64(BigInt(WIDE_STATUS))];
    expect(payload.equals(Buffer.concat(fields))).toBe(true);
  });

  it.each([
    ['an unknown context', query(3)],
    ['a context twice', query(1, 1)],
    ['no context', query()],
    ['half an id', extendedRequest(Command.BlockStatus, { data: Buffer.alloc(11) })],
    ['less than a length', extendedRequest(Command.BlockStatus, { data: Buffer.alloc(7) })],
    ['a large payload', extendedRequest(Command.BlockStatus, { data: Buffer.alloc(1 << 20) })],
  ])('refuses a payload with %s and stays in step', async (_what, bytes) => {
    const stream = await enter(bytes, extendedRequest(Command.Flush));
    expect(await readErrno(stream)).toBe(Errno.EINVAL);
    expect(await readChunk(stream)).toMatchObject({ type: Chunk.None });
  });
});

describe('payloads', () => {
  it.each([Command.Read, Command.Trim, Command.WriteZeroes, Command.Flush, Command.Cache, 99])(
    'of command %d are drained and refused',
    async (command) => {
      const stream = await enter(
        extendedRequest(command, { data: Buffer.alloc(100_000) }),
        extendedRequest(Command.Flush),
      );
      expect(await readErrno(stream)).toBe(Errno.EINVAL);
      expect(await readChunk(stream)).toMatchObject({ type: Chunk.None });
      expect(disk.calls).toEqual(['flush']);
    },
  );

  it('of a WRITE are taken without their flag too, as QEMU sends them', async () => {
    const stream = await enter(
      extendedRequest(Command.Write, { flags: 0, data: Buffer.alloc(512) }),
    );
    expect(await readChunk(stream)).toMatchObject({ type: Chunk.None, done: true });
    expect(disk.calls).toEqual(['write 0 512']);
  });

  it('over the limit end the connection', async () => {
    const { socket } = serving.raw();
    const flags = CommandFlag.PayloadLength;
    const large = extendedRequest(Command.Write, { flags, length: 2n ** 40n });
    const options = [option(Option.ExtendedHeaders), option(Option.Go, goData('disk'))];
    socket.write(Buffer.concat([u32(3), ...options, large]));
    await once(socket, 'close');
    expect(disk.calls).toEqual([]);
  });
});

it('without extended headers a payload flag is refused', async () => {
  const client = await NbdClient.connect(serving.uri('disk'), { style: 'structured' });
  const flagged = client.request(Command.Trim, CommandFlag.PayloadLength, 0, 512);
  await expect(flagged).rejects.toMatchObject({ code: 'EINVAL' });
  await client.disconnect();
});
