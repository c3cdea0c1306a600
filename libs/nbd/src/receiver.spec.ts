/** Received bytes share buffers; writes that wait must not notice. */

import { createHash } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { NbdClient } from './client.ts';
import { MemoryExport } from './memory-export.fixture.ts';
import { goData, option, request, u32 } from './messages.fixture.ts';
import { Command, Option } from './protocol.ts';
import { randomFrom, seeds } from './random.fixture.ts';
import { type Serving, serve, until } from './serving.fixture.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const ENTER = Buffer.concat([u32(3), option(Option.Go, goData('disk'))]);
const SIZES = [512, 4 * KIB, 4 * KIB, 20 * KIB, 64 * KIB, 100 * KIB, MIB];

let serving: Serving;
let disk: MemoryExport;

beforeEach(async () => {
  serving = await serve();
  disk = new MemoryExport(32 * MIB, { minimumBlockSize: 512 });
  serving.server.addExport('disk', disk);
});

afterEach(() => serving.stop());

describe.each(seeds(3, 200))('seed %d', (seed) => {
  it('writes arrive as they were sent, however they are cut and however long they wait', async () => {
    const random = randomFrom(seed);
    const { stream: bytes, image, count } = writesOf(random);
    const waiting: (() => void)[] = [];
    disk.gate = () =>
      random() < 0.3 ? new Promise<void>((resolve) => waiting.push(resolve)) : undefined;
    const { socket } = serving.raw();
    for (let at = 0; at < bytes.length; ) {
      const next = at + 1 + Math.floor(random() * (random() < 0.5 ? 3 * KIB : 300 * KIB));
      if (!socket.write(bytes.subarray(at, next))) await turn();
      at = next;
      if (random() < 0.2) waiting.splice(0, waiting.length / 2).forEach((go) => void go());
    }
    const answered = () => serving.server.stats('disk')?.requests === count;
    await until(() => {
      for (const go of waiting.splice(0)) go();
      return answered();
    }, 'all writes are answered');
    expect(digest(disk.bytes)).toBe(digest(image));
  });
});

it('a queue of small writes that all wait keeps every payload', async () => {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  disk.gate = () => opened;
  const client = await NbdClient.connect(serving.uri('disk'));
  const writes = Array.from({ length: 500 }, (_, index) =>
    client.write(index * 4 * KIB, Buffer.alloc(4 * KIB, index % 251)),
  );
  await until(() => serving.server.stats('disk')?.inFlight === 500, 'all of them wait');
  open();
  await Promise.all(writes);
  for (let index = 0; index < 500; index += 1) {
    const block = disk.bytes.subarray(index * 4 * KIB, (index + 1) * 4 * KIB);
    expect(block.equals(Buffer.alloc(4 * KIB, index % 251))).toBe(true);
  }
  await client.disconnect();
});

/** Writes side by side over the disk, as a session, and what the disk must hold then. */
function writesOf(random: () => number): { stream: Buffer; image: Buffer; count: number } {
  const parts: Buffer[] = [ENTER];
  const image = Buffer.alloc(32 * MIB);
  let count = 0;
  for (let at = 0; at < 8 * MIB; count += 1) {
    const words = new Uint32Array((SIZES[Math.floor(random() * SIZES.length)] as number) / 4);
    // every word tells its place
    const data = Buffer.from(words.map((_, index) => at + index).buffer);
    data.copy(image, at);
    parts.push(request(Command.Write, { data, offset: BigInt(at), cookie: BigInt(count) }));
    at += data.length;
  }
  return { stream: Buffer.concat(parts), image, count };
}

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
