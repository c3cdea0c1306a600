/**
 * An image put together from the tables of docs/format.md and of the qcow2 specification, by code that shares nothing
 * with the library. The library and stock QEMU must both take it for what the document says.
 */
import fs from 'node:fs';
import { expect, it } from '@jest/globals';
import { checkImage } from '../check/check.ts';
import { ZonedDevice } from '../device/zoned-device.ts';
import { qemuCheck, rawContent, testDisks } from '../disk.fixture.ts';

const disks = testDisks();
const KIB = 1024;
const MIB = 1024 * KIB;
const CLUSTER = 64 * KIB;
const COPIED = 1n << 63n;

/** CRC-32 of IEEE 802.3, bit by bit. */
function crc(bytes: Uint8Array): number {
  let remainder = 0xffff_ffff;
  for (const byte of bytes) {
    remainder ^= byte;
    for (let bit = 0; bit < 8; bit++)
      remainder = remainder & 1 ? (remainder >>> 1) ^ 0xedb8_8320 : remainder >>> 1;
  }
  return (remainder ^ 0xffff_ffff) >>> 0;
}

/** Fields in order, big-endian: [value, bytes]. */
function fields(...list: readonly (readonly [number | bigint, number])[]): Buffer {
  return Buffer.concat(
    list.map(([value, width]) => {
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64BE(BigInt(value));
      return bytes.subarray(8 - width);
    }),
  );
}

/** A 512-byte block: checksum, generation, what it holds, zeroes. */
function block(content: Buffer, generation = 1): Buffer {
  const bytes = Buffer.alloc(512);
  bytes.writeUInt32BE(generation, 4);
  content.copy(bytes, 8);
  bytes.writeUInt32BE(crc(bytes.subarray(4)), 0);
  return bytes;
}

interface ZoneRow {
  readonly condition: number;
  readonly conventional?: boolean;
  readonly pointer: number;
  readonly resets?: number;
  readonly attributes?: number;
}

function entry({ condition, conventional, pointer, resets = 0, attributes = 0 }: ZoneRow): Buffer {
  const word0 = (BigInt(condition) << 60n) | (conventional ? 1n << 59n : 0n) | BigInt(pointer);
  const word1 = (BigInt(resets) << 32n) | (BigInt(attributes) << 24n);
  return fields([word0, 8], [word1, 8]);
}

interface Disk {
  readonly profile: 1 | 2;
  readonly size: number;
  readonly zoneSize: number;
  readonly capacity: number;
  readonly conventional: number;
  readonly zones: readonly ZoneRow[];
  readonly zrwa?: readonly [size: number, granularity: number, zones: number];
  readonly extensionSize?: number;
  /** By zone. */
  readonly extensions?: ReadonlyMap<number, Buffer>;
  /** Guest clusters that hold this byte throughout. */
  readonly data: ReadonlyMap<number, number>;
}

/** Order in the file: header, refcount table, refcount block, L1, L2 of the data, L2 of the table, data, table. */
function build(disk: Disk): Buffer {
  const { size, zones, extensionSize = 0, extensions = new Map<number, Buffer>() } = disk;
  const zoned = fields(
    ...([
      [disk.profile, 1],
      [1, 1],
      [0, 2],
      [disk.zoneSize, 4],
      [disk.capacity, 4],
    ] as const),
    ...([
      [zones.length, 4],
      [disk.conventional, 4],
      [0, 4],
      [0, 4],
      [128, 4],
    ] as const),
  );
  const entryBlocks = Math.ceil(zones.length / 31);
  const perBlock = extensionSize === 0 ? 1 : Math.floor(496 / extensionSize);
  const extensionBlocks = extensionSize === 0 ? 0 : Math.ceil(zones.length / perBlock);
  const blocks = [block(Buffer.concat([zoned, fields([size, 8])]))];
  for (let i = 0; i < entryBlocks; i++)
    blocks.push(block(Buffer.concat(zones.slice(i * 31, (i + 1) * 31).map(entry)), 7));
  for (let i = 0; i < extensionBlocks; i++) {
    const content = Buffer.alloc(496);
    for (let slot = 0; slot < perBlock; slot++)
      extensions.get(i * perBlock + slot)?.copy(content, slot * extensionSize);
    blocks.push(block(content));
  }
  const table = Buffer.concat(blocks);
  const tableClusters = Math.ceil(table.length / CLUSTER);
  const span = CLUSTER * (CLUSTER / 8);
  const tableAt = Math.ceil(size / span) * span + 128 * span;
  const dataAt = 6;
  const tableStart = dataAt + disk.data.size;
  const clusters = tableStart + tableClusters;
  const zmtb = fields(
    ...([
      [1, 2],
      [16, 2],
      [0, 4],
      [tableAt, 8],
      [tableClusters * CLUSTER, 8],
      [512, 4],
    ] as const),
    ...([
      [disk.zrwa?.[0] ?? 0, 4],
      [disk.zrwa?.[1] ?? 0, 4],
      [disk.zrwa?.[2] ?? 0, 4],
    ] as const),
    ...([
      [extensionSize, 4],
      [0, 4],
      [size, 8],
      [clusters * CLUSTER, 8],
    ] as const),
  );
  const l1Entries = tableAt / span + 1;
  const header = Buffer.concat([
    fields(
      ...([
        [0x5146_49fb, 4],
        [3, 4],
        [0, 8],
        [0, 4],
        [16, 4],
        [size, 8],
        [0, 4],
      ] as const),
      ...([
        [l1Entries, 4],
        [3 * CLUSTER, 8],
        [CLUSTER, 8],
        [1, 4],
        [0, 4],
        [0, 8],
      ] as const),
      ...([
        [0, 8],
        [0, 8],
        [1n << 62n, 8],
        [4, 4],
        [112, 4],
        [0, 8],
      ] as const),
    ),
    fields([0x007a_6264, 4], [32, 4]),
    zoned,
    fields([0x7a6d_7462, 4], [64, 4]),
    zmtb,
    fields([0, 8]),
  ]);
  const file = Buffer.alloc(clusters * CLUSTER);
  header.copy(file);
  file.writeBigUInt64BE(BigInt(2 * CLUSTER), CLUSTER);
  for (let i = 0; i < clusters; i++) file.writeUInt16BE(1, 2 * CLUSTER + 2 * i);
  file.writeBigUInt64BE(COPIED | BigInt(4 * CLUSTER), 3 * CLUSTER);
  file.writeBigUInt64BE(COPIED | BigInt(5 * CLUSTER), 3 * CLUSTER + (tableAt / span) * 8);
  [...disk.data].forEach(([guest, byte], i) => {
    file.writeBigUInt64BE(COPIED | BigInt((dataAt + i) * CLUSTER), 4 * CLUSTER + guest * 8);
    file.fill(byte, (dataAt + i) * CLUSTER, (dataAt + i + 1) * CLUSTER);
  });
  for (let i = 0; i < tableClusters; i++)
    file.writeBigUInt64BE(COPIED | BigInt((tableStart + i) * CLUSTER), 5 * CLUSTER + i * 8);
  table.copy(file, tableStart * CLUSTER);
  return file;
}

/** Zones of 1 MiB, empty but for those given. */
function rows(count: number, given: Record<number, ZoneRow>): ZoneRow[] {
  return Array.from({ length: count }, (_, i) => given[i] ?? { condition: 1, pointer: i * MIB });
}

const ZBC: Disk = {
  ...{ profile: 1, size: 40 * MIB, zoneSize: MIB, capacity: 0, conventional: 1 },
  zones: rows(40, {
    0: { condition: 0, conventional: true, pointer: 0 },
    1: { condition: 4, pointer: MIB + CLUSTER, resets: 3 },
    2: { condition: 14, pointer: 2 * MIB + CLUSTER },
    3: { condition: 2, pointer: 3 * MIB + CLUSTER },
    4: { condition: 3, pointer: 4 * MIB },
    5: { condition: 13, pointer: 5 * MIB },
    39: { condition: 15, pointer: 39 * MIB },
  }),
  data: new Map([
    [16, 1],
    [32, 2],
    [48, 3],
  ]),
};

const ZNS: Disk = {
  ...{ profile: 2, size: 40 * MIB, zoneSize: MIB, capacity: 512 * KIB, conventional: 0 },
  ...{ zrwa: [CLUSTER, 4096, 2], extensionSize: 64 },
  zones: rows(40, {
    2: { condition: 4, pointer: 2 * MIB, attributes: 0x88 },
    38: { condition: 4, pointer: 38 * MIB, attributes: 0x80 },
  }),
  extensions: new Map([
    [2, Buffer.alloc(64, 5)],
    [38, Buffer.alloc(64, 6)],
  ]),
  data: new Map([[32, 7]]),
};

function written(disk: Disk): string {
  const file = disks.path();
  fs.writeFileSync(file, build(disk));
  return file;
}

it.each([
  ['zbc', ZBC],
  ['zns, with areas and extensions', ZNS],
])('is a healthy image to stock QEMU and to our check: %s', async (_name, disk) => {
  const file = written(disk);
  expect(qemuCheck(file)).toEqual({ corruptions: 0, leaks: 0, errors: 0 });
  expect(await checkImage(file)).toMatchObject({ corruptions: 0, leaks: 0, zoneFaults: 0 });
  const raw = rawContent(file);
  for (const [guest, byte] of disk.data) expect(raw[guest * CLUSTER]).toBe(byte);
});

it('has the zones that its table says, and can be written', async () => {
  const file = written(ZBC);
  const device = await ZonedDevice.open(file);
  expect(device.geometry).toMatchObject({ profile: 'zbc', zoneCount: 40, maxAppendBytes: 65_536 });
  const shown = [0, 1, 2, 3, 4, 5, 6, 39].map((i) => [
    device.zone(i).condition,
    device.writtenEnd(i),
  ]);
  expect(shown).toEqual([
    ['not-wp', MIB],
    ['closed', MIB + CLUSTER],
    ['full', 2 * MIB + CLUSTER],
    ['closed', 3 * MIB + CLUSTER],
    ['empty', 4 * MIB],
    ['read-only', 5 * MIB],
    ['empty', 6 * MIB],
    ['offline', 39 * MIB],
  ]);
  expect(device.zone(1).resetCount).toBe(3);
  await device.write(MIB + CLUSTER, Buffer.alloc(4096, 4));
  await device.close();
  expect(qemuCheck(file)).toEqual({ corruptions: 0, leaks: 0, errors: 0 });
});

it('has the random write areas and descriptor extensions that its table says', async () => {
  const device = await ZonedDevice.open(written(ZNS));
  expect(device.zone(2)).toMatchObject({ condition: 'closed', zrwa: true, extension: true });
  expect(device.zone(38)).toMatchObject({ condition: 'closed', extension: true });
  expect([device.extension(2), device.extension(38)]).toEqual([
    Buffer.alloc(64, 5),
    Buffer.alloc(64, 6),
  ]);
  const bytes = Buffer.alloc(512);
  await device.read(2 * MIB, bytes);
  expect(bytes[0]).toBe(7);
  await device.close();
});

it('is doubted where one byte of its table is another', async () => {
  const bytes = build(ZBC);
  const entryAt = bytes.length - CLUSTER + 512 + 8 + 16 + 7;
  bytes.writeUInt8((bytes[entryAt] as number) ^ 1, entryAt);
  const file = disks.path();
  fs.writeFileSync(file, bytes);
  await expect(ZonedDevice.open(file)).rejects.toThrow('zone table block 1: the checksum');
});
