/**
 * Sessions with random damage: bits flipped, bytes lost, doubled or swapped, lengths that lie, cut in random
 * pieces, left at random places. The server must outlive each and have no fault of its own; the disk may see
 * only requests that are valid.
 */

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { NbdClient } from './client.ts';
import { NbdError } from './errors.ts';
import { MemoryExport, WIDE_CONTEXT } from './memory-export.fixture.ts';
import { contextData, extendedRequest, goData, option, request, u32 } from './messages.fixture.ts';
import { BASE_ALLOCATION, Command, Option } from './protocol.ts';
import { randomFrom, seeds } from './random.fixture.ts';
import { type Serving, serve } from './serving.fixture.ts';
import { SessionDecoder } from './session-decoder.ts';

type Random = () => number;

function pick<T>(random: Random, items: readonly T[]): T {
  return items[Math.floor(random() * items.length)] as T;
}

function below(random: Random, limit: number): number {
  return Math.floor(random() * limit);
}

const OPTIONS: readonly ((random: Random) => Buffer)[] = [
  () => option(Option.StructuredReply),
  () => option(Option.ExtendedHeaders),
  () => option(Option.List),
  () => option(Option.StartTls),
  () => option(Option.Info, goData('disk', 3, 1)),
  () => option(Option.SetMetaContext, contextData('disk', BASE_ALLOCATION, WIDE_CONTEXT)),
  () => option(Option.ListMetaContext, contextData('disk', 'base:')),
  (random) => option(below(random, 2 ** 32), Buffer.alloc(below(random, 200))),
];

const COMMANDS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 255];

/** A session that could be real, in one of the three forms of requests. */
function session(random: Random): Buffer {
  const parts = [u32(pick(random, [0, 1, 3, 3, 3]))];
  for (let i = below(random, 5); i > 0; i -= 1) parts.push(pick(random, OPTIONS)(random));
  const extended = random() < 0.5;
  if (extended) parts.push(option(Option.ExtendedHeaders));
  parts.push(
    !extended && random() < 0.3
      ? option(Option.ExportName, Buffer.from('disk'))
      : option(Option.Go, goData('disk', 3)),
  );
  for (let i = below(random, 12); i > 0; i -= 1) {
    const command = pick(random, COMMANDS);
    const flags = random() < 0.3 ? below(random, 64) : undefined;
    const offset = BigInt(below(random, 1 << 11) * 512);
    const length = below(random, 64) * 512;
    const data = command === Command.Write ? Buffer.alloc(length, 1) : undefined;
    const fields = { flags, offset, cookie: BigInt(i), ...(data && { data }) };
    parts.push(
      extended
        ? extendedRequest(command, { length: BigInt(length), ...fields })
        : request(command, { length, ...fields }),
    );
  }
  return Buffer.concat(parts);
}

/** The session with up to four kinds of damage; sometimes none. */
function damaged(random: Random, whole: Buffer): Buffer {
  let bytes = Buffer.from(whole);
  for (let i = below(random, 5); i > 0 && bytes.length > 8; i -= 1) {
    const at = below(random, bytes.length - 4);
    const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
    const kind = below(random, 5);
    if (kind === 0) bytes[at] = (bytes[at] as number) ^ (1 << below(random, 8));
    else if (kind === 1) bytes.writeUInt32BE(pick(random, [0, 0xffff_ffff, 1 << 20, 4097]), at);
    else if (kind === 2) bytes = Buffer.concat([before, after.subarray(below(random, 40))]);
    else if (kind === 3) bytes = Buffer.concat([before, after.subarray(0, 64), after]);
    else bytes = Buffer.from(before);
  }
  return bytes;
}

function* pieces(random: Random, bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; ) {
    const next = at + 1 + below(random, random() < 0.5 ? 40 : bytes.length);
    yield bytes.subarray(at, next);
    at = next;
  }
}

describe.each(seeds(300, 20_000))('seed %d', (seed) => {
  it('the decoder answers with messages or a protocol error, the same for any split', () => {
    const random = randomFrom(seed);
    const bytes = damaged(random, session(random));
    expect(decodeAll([...pieces(random, bytes)])).toEqual(decodeAll([bytes]));
  });
});

/** Messages until the bytes or the patience of the decoder end; transmission starts after GO. */
function decodeAll(chunks: readonly Buffer[]): unknown[] {
  const decoder = new SessionDecoder((count) => Buffer.alloc(count));
  const seen: unknown[] = [];
  let extended = false;
  try {
    for (const chunk of chunks) {
      decoder.push(chunk);
      for (let message = decoder.next(); message !== undefined; message = decoder.next()) {
        // the buffer under a payload depends on the split; its content does not
        seen.push({ ...message, lease: undefined });
        if (message.kind !== 'option') continue;
        if (message.option === Option.ExtendedHeaders) extended = true;
        if (message.option === Option.Go) decoder.startTransmission(extended);
      }
    }
  } catch (error) {
    if (!(error instanceof NbdError)) throw error;
    seen.push(error.message);
  }
  return seen;
}

describe('a server', () => {
  let serving: Serving;
  let disk: MemoryExport;
  const faults: unknown[] = [];

  beforeEach(async () => {
    faults.length = 0;
    serving = await serve({ onUnexpected: (fault) => faults.push(fault), drainTimeoutMs: 10_000 });
    disk = new MemoryExport(1 << 20, { minimumBlockSize: 512 });
    serving.server.addExport('disk', disk);
  });

  afterEach(() => serving.stop());

  it.each(seeds(60, 3_000))('outlives damaged sessions of seed %d', async (seed) => {
    const random = randomFrom(seed);
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        const { socket } = serving.raw();
        socket.resume();
        const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
        const bytes = damaged(random, session(random));
        for (const piece of pieces(random, bytes)) {
          if (socket.writableEnded || socket.destroyed) break;
          await new Promise<void>((resolve) => socket.write(piece, () => resolve()));
        }
        if (random() < 0.5) socket.destroy();
        else socket.end();
        await closed;
      }),
    );
    const client = await NbdClient.connect(serving.uri('disk'));
    await client.write(0, Buffer.alloc(512, 5));
    expect((await client.read(0, 512)).every((byte) => byte === 5)).toBe(true);
    await client.disconnect();
    expect(faults).toEqual([]);
    for (const call of disk.calls) {
      const [name, offset = '0', length = '0'] = call.split(' ');
      const end = Number(offset) + Number(length);
      expect([name, end % 512, end <= disk.size]).toEqual([name, 0, true]);
    }
  });
});
