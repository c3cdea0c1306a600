/** Several connections of one client, whose sequential writes overtake each other. */

import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { NbdClient } from '@zonelab/nbd';
import { type Exported, exportImage, KIB, MIB, succeed } from './exported.fixture.ts';
import type { ZonedExportOptions } from './zoned-export.ts';

let exported: Exported;
const clients: NbdClient[] = [];

async function start(options: ZonedExportOptions): Promise<void> {
  exported = await exportImage({ size: 32 * MIB, zoned: { zoneSize: 8 * MIB } }, options);
}

async function connect(count: number): Promise<NbdClient[]> {
  const connected = await Promise.all(
    Array.from({ length: count }, () => NbdClient.connect(exported.uri)),
  );
  clients.push(...connected);
  return connected;
}

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.disconnect()));
  await exported.stop();
});

const outOfPlace = { code: 'EINVAL', message: expect.stringContaining('zone_invalid_write') };

describe('with a window', () => {
  it('sequential writes on several connections find their order', async () => {
    await start({ reorder: 32 * MIB });
    const connections = await connect(4);
    const data = randomBytes(20 * MIB);
    const step = 64 * KIB;
    const writes: Promise<void>[] = [];
    // each connection sends its quarter of the writes, the last connection first
    for (let lane = 3; lane >= 0; lane -= 1) {
      for (let at = lane * step; at < data.length; at += 4 * step) {
        const client = connections[lane] as NbdClient;
        writes.push(client.write(at, data.subarray(at, at + step)));
      }
    }
    await Promise.all(writes);
    expect((await exported.client.read(0, data.length)).equals(data)).toBe(true);
    expect(exported.device.zone(2).writePointer).toBe(data.length);
  });

  it('writes and writes of zeroes across zone borders wait for each part', async () => {
    await start({ reorder: 32 * MIB });
    const [client] = (await connect(1)) as [NbdClient];
    const late = client.write(12 * MIB, Buffer.alloc(MIB, 3));
    const across = client.write(4 * MIB, Buffer.alloc(8 * MIB, 2));
    const first = client.writeZeroes(0, 4 * MIB);
    await Promise.all([late, across, first]);
    expect(exported.device.zone(1).writePointer).toBe(13 * MIB);
    const read = await client.read(0, 13 * MIB);
    expect([0, 4, 11, 12].map((mib) => read[mib * MIB])).toEqual([0, 2, 2, 3]);
  });

  it('a write that nothing leads up to is refused after a while, and harms no other', async () => {
    await start({ reorder: MIB, reorderWaitMs: 20 });
    const { client, device } = exported;
    await expect(client.write(8 * KIB, Buffer.alloc(KIB))).rejects.toMatchObject(outOfPlace);
    await client.write(0, Buffer.alloc(8 * KIB, 1));
    expect(device.zone(0).writePointer).toBe(8 * KIB);
  });

  it('a write further ahead than the window, or behind, is refused at once', async () => {
    await start({ reorder: 64 * KIB, reorderWaitMs: 2 ** 30 });
    const { client } = exported;
    await client.write(0, Buffer.alloc(8 * KIB));
    for (const offset of [4 * KIB, 128 * KIB]) {
      await expect(client.write(offset, Buffer.alloc(KIB))).rejects.toMatchObject(outOfPlace);
    }
  });

  it('holds no more than its bound', async () => {
    await start({ reorder: 64 * KIB, reorderWaitMs: 2 ** 30 });
    const { client } = exported;
    const held = client.write(32 * KIB, Buffer.alloc(48 * KIB, 2));
    await expect(client.write(16 * KIB, Buffer.alloc(32 * KIB))).rejects.toMatchObject(outOfPlace);
    await client.write(0, Buffer.alloc(32 * KIB, 1));
    await held;
    const again = client.write(96 * KIB, Buffer.alloc(48 * KIB, 4));
    await client.write(80 * KIB, Buffer.alloc(16 * KIB, 3));
    await again;
    expect(exported.device.zone(0).writePointer).toBe(144 * KIB);
  });

  it('nbdcopy fills zones on several connections with many requests each', async () => {
    // a copy of one thread would go in order; these are split between them by 128 MiB
    const size = 512 * MIB;
    exported = await exportImage({ size, zoned: { zoneSize: 128 * MIB } }, { reorder: 32 * MIB });
    const other = await exportImage({ size });
    const parts = Array.from({ length: 4 }, () => randomBytes(4 * MIB));
    await Promise.all(parts.map((part, i) => other.client.write(i * 128 * MIB, part)));
    const copy = ['--connections=4', '--requests=64', '--request-size=65536'];
    await succeed('nbdcopy', ...copy, '--destination-is-zero', other.uri, exported.uri);
    for (const [i, part] of parts.entries()) {
      const read = await exported.client.read(i * 128 * MIB, part.length);
      expect(read.equals(part)).toBe(true);
    }
    await other.stop();
  });

  it('qemu-img writes a whole image with requests out of order', async () => {
    await start({ reorder: 32 * MIB });
    const source = join(exported.folder, 'in');
    const data = randomBytes(32 * MIB);
    await writeFile(source, data);
    const many = ['-m', '16', '-W', '-n', '-f', 'raw', '-O', 'raw'];
    await succeed('qemu-img', 'convert', ...many, source, exported.uri);
    const target = join(exported.folder, 'out');
    await succeed('nbdcopy', '--connections=4', exported.uri, target);
    expect((await readFile(target)).equals(data)).toBe(true);
  });
});

it('without a window a write ahead of the write pointer is refused at once', async () => {
  await start({});
  const refused = exported.client.write(8 * KIB, Buffer.alloc(KIB));
  await expect(refused).rejects.toMatchObject(outOfPlace);
});
