import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { AllocationState, BASE_ALLOCATION } from '@zonelab/nbd';
import { type CreateOptions, type OpenOptions, ZonedDevice } from '@zonelab/qcow2-zoned';
import { type Exported, exportImage, KIB, MIB } from './exported.fixture.ts';
import type { ZonedExportOptions } from './zoned-export.ts';

/** Zones of 4 MiB, the first two conventional. */
const ZONED: CreateOptions = {
  size: 32 * MIB,
  zoned: { zoneSize: 4 * MIB, conventionalZones: 2 },
};
/** Zones of 4 MiB, of which 3 MiB can be written. */
const WITH_CAPACITY: CreateOptions = {
  size: 32 * MIB,
  zoned: { profile: 'zns', zoneSize: 4 * MIB, zoneCapacity: 3 * MIB },
};
/** Zones that QEMU must reset in pieces: 80 MiB, of which 72 MiB can be written. */
const LARGE_ZONES: CreateOptions = {
  size: 320 * MIB,
  zoned: { profile: 'zns', zoneSize: 80 * MIB, zoneCapacity: 72 * MIB },
};

let exported: Exported;

async function start(
  create: CreateOptions,
  options: ZonedExportOptions = {},
  open: OpenOptions = {},
): Promise<Exported> {
  exported = await exportImage(create, options, open);
  return exported;
}

afterEach(() => exported.stop());

function refusedAs(code: string, identity: string): object {
  return expect.objectContaining({ code, message: expect.stringContaining(identity) });
}

function zoneFacts(index: number): [string, number] {
  const { condition, writePointer, start } = exported.device.zone(index);
  return [condition, writePointer - start];
}

describe('writes', () => {
  it('go to the write pointer of a sequential zone and nowhere else', async () => {
    const { client } = await start(ZONED);
    await client.write(8 * MIB, Buffer.alloc(4 * KIB, 1));
    await expect(client.write(8 * MIB, Buffer.alloc(4 * KIB))).rejects.toEqual(
      refusedAs('EINVAL', 'zone_invalid_write: zone 2'),
    );
    await client.write(8 * MIB + 4 * KIB, Buffer.alloc(4 * KIB, 2));
    expect(zoneFacts(2)).toEqual(['implicit-open', 8 * KIB]);
  });

  it('are cut at the border of two sequential zones, and both parts take effect', async () => {
    const { client, device } = await start({ size: 16 * MIB, zoned: { zoneSize: 4 * MIB } });
    await client.write(0, Buffer.alloc(4 * MIB - 4 * KIB, 1));
    await client.write(4 * MIB - 4 * KIB, Buffer.alloc(8 * KIB, 2));
    expect(zoneFacts(0)).toEqual(['full', 4 * MIB]);
    expect(zoneFacts(1)).toEqual(['implicit-open', 4 * KIB]);
    const read = Buffer.alloc(8 * KIB);
    await device.read(4 * MIB - 4 * KIB, read);
    expect(read.equals(Buffer.alloc(8 * KIB, 2))).toBe(true);
  });

  it('take no effect at all where one part is refused', async () => {
    const { client } = await start({ size: 16 * MIB, zoned: { zoneSize: 4 * MIB } });
    await client.write(4 * MIB, Buffer.alloc(4 * KIB, 9));
    await client.write(0, Buffer.alloc(4 * MIB - 4 * KIB, 1));
    const across = client.write(4 * MIB - 4 * KIB, Buffer.alloc(8 * KIB));
    await expect(across).rejects.toEqual(refusedAs('EINVAL', 'zone 1'));
    expect(zoneFacts(0)).toEqual(['implicit-open', 4 * MIB - 4 * KIB]);
  });

  it('go anywhere in conventional zones, and across them', async () => {
    const { client } = await start(ZONED);
    const data = Buffer.alloc(8 * KIB, 7);
    await client.write(4 * MIB - 4 * KIB, data);
    await client.write(4 * KIB, data);
    expect((await client.read(4 * MIB - 4 * KIB, 8 * KIB)).equals(data)).toBe(true);
  });

  it('fail with ENOSPC on a full zone', async () => {
    const { client, device } = await start(ZONED);
    await device.manage('finish', 3);
    await expect(client.write(12 * MIB, Buffer.alloc(4 * KIB))).rejects.toEqual(
      refusedAs('ENOSPC', 'zone_full'),
    );
  });

  it('fail with EIO at a limit on zones, unless limits are off', async () => {
    const limited = { size: 32 * MIB, zoned: { zoneSize: 4 * MIB, maxActiveZones: 1 } };
    const { client } = await start(limited);
    await client.write(0, Buffer.alloc(4 * KIB));
    await expect(client.write(4 * MIB, Buffer.alloc(4 * KIB))).rejects.toEqual(
      refusedAs('EIO', 'too_many_active_zones'),
    );
    await exported.stop();
    const unlimited = await start(limited, {}, { enforceLimits: false });
    await unlimited.client.write(0, Buffer.alloc(4 * KIB));
    await unlimited.client.write(4 * MIB, Buffer.alloc(4 * KIB));
  });

  it('with FUA are in the file before their answer, with the write pointer', async () => {
    const { client, folder } = await start(ZONED);
    await client.write(8 * MIB, Buffer.alloc(4 * KIB, 3), { fua: true });
    const witness = await ZonedDevice.open(join(folder, 'image.qcow2'), {
      readOnly: true,
      shared: true,
    });
    const read = Buffer.alloc(4 * KIB);
    await witness.read(8 * MIB, read);
    await witness.close();
    expect(read.equals(Buffer.alloc(4 * KIB, 3))).toBe(true);
  });
});

describe('zeroes', () => {
  it.each([
    ['the capacity', 3 * MIB],
    ['the whole zone', 4 * MIB],
  ])('over %s reset it', async (_what, length) => {
    const { client } = await start(WITH_CAPACITY);
    await client.write(8 * MIB, Buffer.alloc(64 * KIB, 1));
    await client.writeZeroes(8 * MIB, length);
    expect(zoneFacts(2)).toEqual(['empty', 0]);
    expect((await client.read(8 * MIB, 4 * KIB)).every((byte) => byte === 0)).toBe(true);
  });

  it('over several zones reset each', async () => {
    const { client } = await start(ZONED);
    await client.write(8 * MIB, Buffer.alloc(64 * KIB, 1));
    await client.write(12 * MIB, Buffer.alloc(64 * KIB, 1));
    await client.writeZeroes(8 * MIB, 8 * MIB);
    expect([zoneFacts(2), zoneFacts(3)]).toEqual([
      ['empty', 0],
      ['empty', 0],
    ]);
  });

  it('leave an empty zone empty', async () => {
    const { client, device } = await start(ZONED);
    await client.writeZeroes(8 * MIB, 4 * MIB);
    expect(device.zone(2)).toMatchObject({ condition: 'empty', resetCount: 0 });
  });

  it('over less are a write at the write pointer', async () => {
    const { client } = await start(ZONED);
    await client.writeZeroes(8 * MIB, 64 * KIB);
    expect(zoneFacts(2)).toEqual(['implicit-open', 64 * KIB]);
    await expect(client.writeZeroes(8 * MIB, 64 * KIB)).rejects.toEqual(
      refusedAs('EINVAL', 'zone_invalid_write'),
    );
  });

  it('on conventional zones zero what is there', async () => {
    const { client } = await start(ZONED);
    await client.write(0, Buffer.alloc(128 * KIB, 1));
    await client.writeZeroes(4 * KIB, 4 * KIB);
    const read = await client.read(0, 12 * KIB);
    expect([read[0], read[4 * KIB], read[8 * KIB]]).toEqual([1, 0, 1]);
  });
});

describe('zeroes=reset', () => {
  const RESET: ZonedExportOptions = { zeroes: 'reset', trim: 'ignore' };
  const PIECE = 32 * MIB;

  async function startWritten(writtenBytes: number): Promise<Exported> {
    const started = await start(LARGE_ZONES, RESET);
    for (let at = 0; at < writtenBytes; at += 8 * MIB) {
      await started.client.write(at, Buffer.alloc(Math.min(8 * MIB, writtenBytes - at), 5));
    }
    return started;
  }

  it('resets when the pieces have reached the capacity, and lets the rest pass', async () => {
    const { client } = await startWritten(72 * MIB);
    await client.writeZeroes(0, PIECE);
    await client.writeZeroes(PIECE, PIECE);
    expect(zoneFacts(0)).toEqual(['full', 80 * MIB]);
    await client.writeZeroes(2 * PIECE, 16 * MIB);
    expect(zoneFacts(0)).toEqual(['empty', 0]);
    await client.writeZeroes(76 * MIB, 4 * MIB);
    expect(zoneFacts(0)).toEqual(['empty', 0]);
  });

  it('lets a range read as zeroes as soon as its piece is answered, with the write pointer in place', async () => {
    const { client } = await startWritten(40 * MIB);
    await client.writeZeroes(0, PIECE);
    expect((await client.read(PIECE - MIB, MIB)).every((byte) => byte === 0)).toBe(true);
    expect((await client.read(PIECE, MIB)).every((byte) => byte === 5)).toBe(true);
    expect(zoneFacts(0)).toEqual(['implicit-open', 40 * MIB]);
  });

  it('takes pieces over a zone that was never written', async () => {
    const { client } = await start(LARGE_ZONES, RESET);
    for (const at of [0, PIECE]) await client.writeZeroes(at, PIECE);
    await client.writeZeroes(2 * PIECE, 16 * MIB);
    expect(zoneFacts(0)).toEqual(['empty', 0]);
  });

  it('forgets the sequence when a write comes between', async () => {
    const { client } = await startWritten(40 * MIB);
    await client.writeZeroes(0, PIECE);
    await client.write(40 * MIB, Buffer.alloc(MIB, 6));
    await expect(client.writeZeroes(PIECE, PIECE)).rejects.toEqual(
      refusedAs('EINVAL', 'zone_invalid_write'),
    );
    expect((await client.read(40 * MIB, MIB)).every((byte) => byte === 6)).toBe(true);
  });

  it('forgets the sequence when the zone is reset otherwise', async () => {
    const { client, device } = await startWritten(40 * MIB);
    await client.writeZeroes(0, PIECE);
    await device.manage('reset', 0);
    for (let at = 0; at < 40 * MIB; at += 8 * MIB) await client.write(at, Buffer.alloc(8 * MIB, 7));
    await expect(client.writeZeroes(PIECE, PIECE)).rejects.toEqual(
      refusedAs('EINVAL', 'zone_invalid_write'),
    );
  });

  it('takes smaller zeroes for a write, also at the start of a zone', async () => {
    const { client } = await start(LARGE_ZONES, RESET);
    await client.writeZeroes(0, MIB);
    expect(zoneFacts(0)).toEqual(['implicit-open', MIB]);
  });

  it('resets a zone that fits into one piece at once', async () => {
    const { client } = await start(ZONED, RESET);
    await client.write(8 * MIB, Buffer.alloc(64 * KIB, 1));
    await client.writeZeroes(8 * MIB, 4 * MIB);
    expect(zoneFacts(2)).toEqual(['empty', 0]);
  });
});

describe('trim', () => {
  it('resets the zones that it covers and ignores the rest', async () => {
    const { client } = await start(ZONED);
    for (const at of [8, 12, 16]) await client.write(at * MIB, Buffer.alloc(64 * KIB, 1));
    await client.trim(10 * MIB, 8 * MIB);
    expect([zoneFacts(2), zoneFacts(3), zoneFacts(4)]).toEqual([
      ['implicit-open', 64 * KIB],
      ['empty', 0],
      ['implicit-open', 64 * KIB],
    ]);
  });

  it('discards in conventional zones', async () => {
    const { client } = await start(ZONED);
    await client.write(0, Buffer.alloc(256 * KIB, 1));
    await client.trim(64 * KIB, 64 * KIB);
    const extents = (await client.blockStatus(0, 256 * KIB)).get(BASE_ALLOCATION);
    expect(extents?.map(({ length, status }) => [length, status & AllocationState.Zero])).toEqual([
      [64 * KIB, 0],
      [64 * KIB, AllocationState.Zero],
      [128 * KIB, 0],
    ]);
  });

  it('does nothing where it is ignored', async () => {
    const { client } = await start(ZONED, { trim: 'ignore' });
    await client.write(0, Buffer.alloc(4 * KIB, 1));
    await client.write(8 * MIB, Buffer.alloc(64 * KIB, 1));
    await client.trim(0, 32 * MIB);
    expect(zoneFacts(2)).toEqual(['implicit-open', 64 * KIB]);
    expect((await client.read(0, 4 * KIB))[0]).toBe(1);
  });
});

describe('the export', () => {
  it('tells of data as one piece however it lies in the file', async () => {
    const { client, device } = await start({ size: 4 * MIB });
    for (const at of [6, 4, 2, 0, 1, 9])
      await client.write(at * 64 * KIB, Buffer.alloc(64 * KIB, 1));
    await client.writeZeroes(3 * 64 * KIB, 64 * KIB);
    await client.writeZeroes(5 * 64 * KIB, 64 * KIB);
    expect(device.allocation(0, 192 * KIB).length).toBeGreaterThan(1);
    const extents = (await client.blockStatus(0, MIB)).get(BASE_ALLOCATION);
    const { Hole, Zero } = AllocationState;
    expect(extents?.map(({ length, status }) => [length / (64 * KIB), status & Zero])).toEqual([
      ...[
        [3, 0],
        [1, Zero],
        [1, 0],
        [1, Zero],
        [1, 0],
        [2, Zero],
        [1, 0],
        [6, Zero],
      ],
    ]);
    expect(extents?.at(-1)?.status).toBe(Hole | Zero);
  });

  it('tells holes from data in a sequential zone', async () => {
    const { client } = await start(ZONED);
    await client.write(8 * MIB, Buffer.alloc(64 * KIB, 1));
    expect((await client.blockStatus(8 * MIB, MIB)).get(BASE_ALLOCATION)).toEqual([
      { length: 64 * KIB, status: 0 },
      { length: MIB - 64 * KIB, status: AllocationState.Hole | AllocationState.Zero },
    ]);
  });

  it('reads zeroes past write pointers and across zones', async () => {
    const { client } = await start(ZONED);
    await client.write(8 * MIB, Buffer.alloc(4 * KIB, 1));
    const read = await client.read(6 * MIB, 8 * MIB);
    expect(read.reduce((sum, byte) => sum + byte, 0)).toBe(4 * KIB);
  });

  it('refuses changes where it is read-only over a writable device', async () => {
    const { client } = await start(ZONED, { readOnly: true });
    await expect(client.write(0, Buffer.alloc(4 * KIB))).rejects.toEqual(
      refusedAs('EPERM', 'read-only'),
    );
  });

  it('has the logical block size of the device as its smallest', async () => {
    const { client } = await start({
      size: 32 * MIB,
      zoned: { zoneSize: 4 * MIB, logicalBlockSize: 4096 },
    });
    expect(client.info.minimumBlockSize).toBe(4096);
    await expect(client.write(0, Buffer.alloc(512))).rejects.toEqual(refusedAs('EINVAL', '4096'));
  });

  it('serves a plain disk as a disk', async () => {
    const { client } = await start({ size: 8 * MIB });
    await client.write(3 * MIB + 512, Buffer.alloc(MIB, 1));
    await client.writeZeroes(3 * MIB, MIB);
    await client.trim(0, 8 * MIB);
    await client.flush();
    expect(client.info.minimumBlockSize).toBe(512);
  });
});

describe('hints and huge requests', () => {
  it('read ahead on CACHE and change nothing', async () => {
    const { client } = await start(ZONED);
    await client.write(8 * MIB, Buffer.alloc(4 * KIB, 1));
    await client.cache(0, 32 * MIB);
    expect(zoneFacts(2)).toEqual(['implicit-open', 4 * KIB]);
    expect((await client.read(8 * MIB, 4 * KIB))[0]).toBe(1);
  });

  it('zero and trim a plain disk over 4 GiB in one request', async () => {
    const { client, device } = await start({ size: 10 * 1024 * MIB });
    await client.write(9 * 1024 * MIB, Buffer.alloc(64 * KIB, 1));
    await client.writeZeroes(512, 10 * 1024 * MIB - 512);
    expect((await client.read(9 * 1024 * MIB, 512))[0]).toBe(0);
    await client.trim(0, 10 * 1024 * MIB);
    expect(device.allocation(0, device.size).every(({ data }) => !data)).toBe(true);
  });

  it('over more zones than one request may touch are refused, and nothing happens', async () => {
    const zones = 65_537;
    const { client } = await start({ size: zones * 64 * KIB, zoned: { zoneSize: 64 * KIB } });
    await client.write(0, Buffer.alloc(4 * KIB, 1));
    await expect(client.writeZeroes(0, zones * 64 * KIB)).rejects.toMatchObject({
      code: 'EOVERFLOW',
    });
    expect(zoneFacts(0)).toEqual(['implicit-open', 4 * KIB]);
    await client.writeZeroes(0, (zones - 1) * 64 * KIB);
    expect(zoneFacts(0)).toEqual(['empty', 0]);
  });
});
