import fs from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { KiB, MiB, rawContent, testDisks } from '../disk.fixture.ts';
import { ImageError } from '../errors.ts';
import { type BlockFile, HostFile } from '../file.ts';
import { ZonedDevice } from './zoned-device.ts';

const disks = testDisks();
const ZONE = MiB;
const SMALL = { size: 4 * ZONE, zoned: { zoneSize: ZONE, maxAppendBytes: 128 * KiB } };

/** A host file that runs out of space when told, and counts its syncs. */
function failing(file: string): { file: BlockFile; fail(after: number): void; syncs(): number } {
  const host = HostFile.open(file, { readOnly: false });
  let syncs = 0;
  let writesLeft = Number.POSITIVE_INFINITY;
  const proxy: BlockFile = {
    path: host.path,
    get length() {
      return host.length;
    },
    read: (target, position) => host.read(target, position),
    write: (data, position) => {
      if (writesLeft-- <= 0) throw new ImageError('no_space', 'no space left');
      host.write(data, position);
    },
    sync: () => {
      syncs++;
      return host.sync();
    },
    syncNow: () => host.syncNow(),
    truncate: (length) => host.truncate(length),
    close: () => host.close(),
  };
  return {
    file: proxy,
    fail: (after) => {
      writesLeft = after;
    },
    syncs: () => syncs,
  };
}

it('appends at the write pointer, not at the start of the zone', async () => {
  const device = await ZonedDevice.open(await disks.create(SMALL));
  expect(await device.append(ZONE, Buffer.alloc(4096, 1))).toBe(ZONE);
  expect(await device.append(ZONE, Buffer.alloc(4096, 2))).toBe(ZONE + 4096);
  const content = Buffer.alloc(8192);
  await device.read(ZONE, content);
  expect(content[0]).toBe(1);
  expect(content[8191]).toBe(2);
  await device.close();
});

it('gives every append of many in flight its own place, in the order of arrival', async () => {
  const device = await ZonedDevice.open(await disks.create(SMALL));
  const addresses = await Promise.all(
    Array.from({ length: 50 }, (_, i) => device.append(0, Buffer.alloc(512 * (1 + (i % 3)), i))),
  );
  const lengths = addresses.map((_, i) => 512 * (1 + (i % 3)));
  const sums = lengths.map((_, i) => lengths.slice(0, i).reduce((sum, n) => sum + n, 0));
  expect(addresses).toEqual(sums);
  await device.close();
});

it('keeps write pointers, conditions and reset counts through a close', async () => {
  const file = await disks.create(SMALL);
  const device = await ZonedDevice.open(file);
  await device.write(0, Buffer.alloc(12 * KiB, 1));
  await device.write(ZONE, Buffer.alloc(ZONE, 2));
  await device.manage('reset', 1);
  await device.write(2 * ZONE, Buffer.alloc(4 * KiB, 3));
  await device.manage('finish', 2);
  await device.manage('open', 3);
  await device.close();
  const again = await ZonedDevice.open(file);
  expect(again.report(0, 4)).toMatchObject([
    { condition: 'closed', writePointer: 12 * KiB, resetCount: 0 },
    { condition: 'empty', writePointer: ZONE, resetCount: 1 },
    { condition: 'full', writePointer: 3 * ZONE, resetCount: 0 },
    { condition: 'empty', writePointer: 3 * ZONE, resetCount: 0 },
  ]);
  expect(again.writtenEnd(2)).toBe(2 * ZONE + 4 * KiB);
  await again.close();
});

it('checks all commands of a batch before the first takes effect', async () => {
  const device = await ZonedDevice.open(await disks.create(SMALL));
  await device.write(0, Buffer.alloc(4096, 1));
  const batch = [
    { kind: 'write', offset: 4096, data: Buffer.alloc(4096, 2) },
    { kind: 'reset', zoneIndex: 1 },
    { kind: 'write', offset: 2 * ZONE + 512, data: Buffer.alloc(512, 3) },
  ] as const;
  expect(() => device.submit(batch)).toThrow(
    expect.objectContaining({ code: 'zone_invalid_write' }),
  );
  expect(device.report(0, 3).map((zone) => zone.writePointer)).toEqual([4096, ZONE, 2 * ZONE]);
  await device.close();
});

it('lets a later command of a batch build on an earlier one', async () => {
  const device = await ZonedDevice.open(await disks.create(SMALL));
  await device.write(0, Buffer.alloc(ZONE, 1));
  await device.submit([
    { kind: 'reset', zoneIndex: 0 },
    { kind: 'write', offset: 0, data: Buffer.alloc(4096, 2) },
  ]);
  expect(device.zone(0)).toMatchObject({ writePointer: 4096, resetCount: 1 });
  await device.close();
});

it('gives the space of a reset zone to the next writer, cleaned', async () => {
  const file = await disks.create(SMALL);
  const device = await ZonedDevice.open(file);
  await device.write(0, Buffer.alloc(ZONE, 0xaa));
  await device.manage('reset', 0);
  await device.flush();
  const length = fs.statSync(file).size;
  for (let at = 0; at < ZONE; at += 64 * KiB)
    await device.write(ZONE + at, Buffer.alloc(64 * KiB, 0xbb));
  await device.write(2 * ZONE, Buffer.alloc(512, 0xcc));
  await device.close();
  expect(fs.statSync(file).size - length).toBeLessThan(ZONE / 4);
  expect(rawContent(file).indexOf(0xaa)).toBe(-1);
});

it('scrubs bytes below a write pointer and leaves it where it is', async () => {
  const device = await ZonedDevice.open(await disks.create(SMALL));
  await device.write(0, Buffer.alloc(256 * KiB, 5));
  await device.submit([{ kind: 'scrub', offset: 0, length: 100 * KiB }]);
  const content = Buffer.alloc(256 * KiB);
  await device.read(0, content);
  expect(content.indexOf(5)).toBe(100 * KiB);
  expect(device.zone(0).writePointer).toBe(256 * KiB);
  expect(() => device.submit([{ kind: 'scrub', offset: 200 * KiB, length: 100 * KiB }])).toThrow(
    expect.objectContaining({ code: 'invalid_field' }),
  );
  await device.close();
});

it('tells subscribers of transitions with their cause', async () => {
  const file = await disks.create({ size: 4 * ZONE, zoned: { zoneSize: ZONE, maxOpenZones: 1 } });
  const device = await ZonedDevice.open(file);
  const seen: string[] = [];
  const stop = device.subscribe(({ zoneIndex, from, to, cause }) => {
    seen.push(`${zoneIndex}: ${from} -> ${to}, ${cause}`);
  });
  await device.write(0, Buffer.alloc(512));
  await device.write(ZONE, Buffer.alloc(512));
  stop();
  await device.manage('reset', 0);
  expect(seen).toEqual(['0: 1 -> 2, write', '0: 2 -> 4, auto-close', '1: 1 -> 2, write']);
  await device.close();
});

describe('when the host runs out of space', () => {
  it('refuses the write, and the write pointer and every byte stay', async () => {
    const path = await disks.create(SMALL);
    const { file, fail } = failing(path);
    const device = await ZonedDevice.attach(file);
    await device.write(0, Buffer.alloc(4096, 1));
    fail(0);
    expect(() => device.write(4096, Buffer.alloc(256 * KiB, 2))).toThrow(
      expect.objectContaining({ code: 'no_space' }),
    );
    expect(device.zone(0).writePointer).toBe(4096);
    fail(Number.POSITIVE_INFINITY);
    await device.write(4096, Buffer.alloc(4096, 3));
    await device.close();
    const content = rawContent(path);
    expect([content[0], content[4096], content[8192]]).toEqual([1, 3, 0]);
  });

  it('answers a failed flush with an error, and every call after it', async () => {
    const { file, fail } = failing(await disks.create(SMALL));
    const device = await ZonedDevice.attach(file);
    await device.write(0, Buffer.alloc(4096, 1));
    fail(0);
    await expect(device.flush()).rejects.toMatchObject({ code: 'io_error' });
    fail(Number.POSITIVE_INFINITY);
    await expect(device.flush()).rejects.toMatchObject({ code: 'io_error' });
    expect(() => device.write(4096, Buffer.alloc(512))).toThrow(/reopen the image/);
    await expect(device.close()).rejects.toMatchObject({ code: 'io_error' });
  });
});

describe('refuses', () => {
  it('a second writer of the same file', async () => {
    const file = await disks.create(SMALL);
    const device = await ZonedDevice.open(file);
    await expect(ZonedDevice.open(file)).rejects.toMatchObject({ code: 'image_in_use' });
    await device.close();
    await (await ZonedDevice.open(file)).close();
  });

  it('changes to a disk that is open read-only', async () => {
    const device = await ZonedDevice.open(await disks.create(SMALL), { readOnly: true });
    for (const change of [
      () => device.write(0, Buffer.alloc(512)),
      () => device.manage('open', 0),
      () => device.append(0, Buffer.alloc(512)),
    ])
      expect(change).toThrow(expect.objectContaining({ code: 'image_read_only' }));
    await device.close();
  });

  it('zone commands on a plain disk, which else reads and writes anywhere', async () => {
    const device = await ZonedDevice.open(await disks.create({ size: MiB }));
    expect(() => device.manage('reset', 0)).toThrow(/has no zones/);
    await device.write(300 * KiB, Buffer.alloc(512, 1));
    await device.write(0, Buffer.alloc(512, 2));
    expect(() => device.write(MiB - 512, Buffer.alloc(1024))).toThrow(/past the end of the disk/);
    await device.close();
  });

  it('calls after the close', async () => {
    const device = await ZonedDevice.open(await disks.create(SMALL));
    await device.close();
    expect(() => device.read(0, Buffer.alloc(512))).toThrow(
      expect.objectContaining({ code: 'image_closed' }),
    );
  });
});

it('scrubs a zone that was finished early, as far as it was written', async () => {
  const device = await ZonedDevice.open(await disks.create(SMALL));
  await device.write(0, Buffer.alloc(64 * KiB, 5));
  await device.manage('finish', 0);
  await device.submit([{ kind: 'scrub', offset: 0, length: ZONE }]);
  expect(device.zone(0).condition).toBe('full');
  expect(device.writtenEnd(0)).toBe(64 * KiB);
  await device.close();
});

describe('a flush', () => {
  async function counted(): Promise<{
    device: ZonedDevice;
    cost: (change: () => unknown) => Promise<number>;
  }> {
    const { file, syncs } = failing(
      await disks.create({ ...SMALL, zoned: { ...SMALL.zoned, conventionalZones: 1 } }),
    );
    const device = await ZonedDevice.attach(file);
    await device.write(0, Buffer.alloc(64 * KiB, 1));
    await device.write(ZONE, Buffer.alloc(64 * KiB, 1));
    await device.flush();
    const cost = async (change: () => unknown): Promise<number> => {
      await device.flush();
      const before = syncs();
      await change();
      await Promise.all([device.flush(), device.flush(), device.flush()]);
      return syncs() - before;
    };
    return { device, cost };
  }

  it('costs no sync where nothing changed, and one for data in place', async () => {
    const { device, cost } = await counted();
    expect(await cost(() => undefined)).toBe(0);
    expect(await cost(() => device.write(4 * KiB, Buffer.alloc(4 * KiB, 2)))).toBe(1);
    await device.close();
  });

  it('costs two where tables or zones changed, shared by all who wait', async () => {
    const { device, cost } = await counted();
    expect(await cost(() => device.write(ZONE + 64 * KiB, Buffer.alloc(4 * KiB, 2)))).toBe(2);
    expect(await cost(() => device.manage('finish', 2))).toBe(2);
    await device.close();
  });

  it('costs a third where a zone was reset and written again since the last one', async () => {
    const { device, cost } = await counted();
    const rewrite = async (): Promise<void> => {
      await device.manage('reset', 1);
      await device.write(ZONE, Buffer.alloc(4 * KiB, 3));
    };
    expect(await cost(rewrite)).toBe(3);
    await device.close();
  });
});
