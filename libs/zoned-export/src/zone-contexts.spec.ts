import { afterEach, describe, expect, it } from '@jest/globals';
import { NbdClient } from '@zonelab/nbd';
import type { CreateOptions, Zone } from '@zonelab/qcow2-zoned';
import { type Exported, exportImage, KIB, MIB, succeed } from './exported.fixture.ts';
import { ZONE_CONTEXTS, ZoneStatus, zoneExtents } from './zone-contexts.ts';
import { ZoneReader } from './zone-reader.ts';

/** Zones of 4 MiB, of which 3 MiB can be written; the first is conventional. */
const WITH_CAPACITY: CreateOptions = {
  size: 32 * MIB,
  zoned: { profile: 'zns', zoneSize: 4 * MIB, zoneCapacity: 3 * MIB },
};
/** Zones of 4 MiB, two conventional, the last 2 MiB short. */
const SHORT_END: CreateOptions = {
  size: 30 * MIB,
  zoned: { zoneSize: 4 * MIB, conventionalZones: 2 },
};

let exported: Exported;

afterEach(() => exported.stop());

/** A zone in each condition that commands can bring about, and some written part way. */
async function variety(create: CreateOptions): Promise<void> {
  exported = await exportImage(create);
  const { client, device } = exported;
  await client.write(8 * MIB, Buffer.alloc(64 * KIB, 1));
  await client.write(12 * MIB, Buffer.alloc(3 * MIB, 1));
  await device.manage('finish', 3);
  await client.write(16 * MIB, Buffer.alloc(KIB, 1));
  await device.manage('close', 4);
  await device.manage('open', 5);
  await client.write(24 * MIB, Buffer.alloc(KIB, 1));
  await client.writeZeroes(24 * MIB, 4 * MIB);
}

async function readAll(client: NbdClient, from = 0): Promise<Zone[]> {
  const zones: Zone[] = [];
  for await (const zone of (await ZoneReader.open(client)).zones(from)) zones.push(zone);
  return zones;
}

async function connect(style: 'structured' | 'extended'): Promise<NbdClient> {
  return NbdClient.connect(exported.uri, { style, contexts: ZONE_CONTEXTS });
}

describe.each(['structured', 'extended'] as const)('a client with %s replies', (style) => {
  it.each([
    ['with less capacity than size', WITH_CAPACITY],
    ['with conventional zones and a short end', SHORT_END],
    ['of which there is only one', { size: 4 * MIB, zoned: { zoneSize: 4 * MIB } }],
  ])('reads zones %s as the device reports them', async (_what, create) => {
    if (create.size > 4 * MIB) await variety(create);
    else exported = await exportImage(create);
    const client = await connect(style);
    const expected = exported.device.report(0, 100);
    expect(await readAll(client)).toEqual(expected);
    expect(await readAll(client, expected.length - 1)).toEqual(expected.slice(-1));
    await client.disconnect();
  });
});

it('reads more zones than one answer holds', async () => {
  exported = await exportImage({ size: 40_000 * 64 * KIB, zoned: { zoneSize: 64 * KIB } });
  await exported.client.write(20_000 * 64 * KIB, Buffer.alloc(KIB, 1));
  const client = await connect('extended');
  const zones = await readAll(client);
  expect(zones).toEqual(exported.device.report(0, 40_000));
  await client.disconnect();
});

it('tells nbdinfo where each write pointer is', async () => {
  await variety(WITH_CAPACITY);
  const map = JSON.parse(
    await succeed('nbdinfo', '--json', '--map=x-zonelab:zones', exported.uri),
  ) as { offset: number; length: number; type: number }[];
  const written = map.filter(({ type }) => (type & ZoneStatus.Written) !== 0);
  expect(written.map(({ offset, length }) => [offset, length])).toEqual([
    [8 * MIB, 64 * KIB],
    [12 * MIB, 3 * MIB],
    [16 * MIB, KIB],
  ]);
  expect(map.filter(({ type }) => (type & ZoneStatus.PastCapacity) !== 0)).toHaveLength(8);
});

it('gives no extent of length 0 and none outside the range', async () => {
  await variety(WITH_CAPACITY);
  const { device } = exported;
  const table = { zoneSize: 4 * MIB, zone: (index: number) => device.zone(index) };
  for (const context of ZONE_CONTEXTS) {
    for (let offset = 7 * MIB; offset < 30 * MIB; offset += 512 * KIB) {
      const extents = zoneExtents(context, table, offset, 2 * MIB);
      const lengths = extents.map(({ length }) => length);
      expect(Math.min(...lengths)).toBeGreaterThan(0);
      expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(2 * MIB);
    }
  }
});

it('is not offered for a disk without zones', async () => {
  exported = await exportImage({ size: 4 * MIB });
  const client = await connect('extended');
  expect(client.contexts).toEqual([]);
  await expect(ZoneReader.open(client)).rejects.toMatchObject({ code: 'ENOTSUP' });
  await client.disconnect();
});
