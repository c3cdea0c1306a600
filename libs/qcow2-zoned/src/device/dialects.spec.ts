/** Zoned images of other dialects, put together here byte by byte from the tables of docs/format.md. */
import fs from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { convertDialect } from '../convert-dialect.ts';
import { createImage } from '../create.ts';
import { KiB, MiB, qemuCheck, rawContent, run, testDisks } from '../disk.fixture.ts';
import { inspectImage } from '../info.ts';
import { ZonedDevice } from './zoned-device.ts';

const disks = testDisks();
const CLUSTER = 64 * KiB;
const ZONES = 6;
const CAPACITY = 768 * KiB;

interface Parts {
  readonly extension: Buffer;
  readonly words?: readonly bigint[];
  readonly featureBit?: boolean;
  /** Instead of the place of the array, which is put behind the file's end. */
  readonly arrayAt?: number;
  readonly offsetField?: number;
}

/** Fields in order: [value, bytes]. */
function packed(...fields: readonly [number, number][]): Buffer {
  return Buffer.concat(
    fields.map(([value, width]) => {
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64BE(BigInt(value));
      return bytes.subarray(8 - width);
    }),
  );
}

/** A plain disk of qemu-img's with 1 MiB of data at 1 MiB and 4 KiB at 3 MiB, given an extension and an array. */
function build({ extension, words = [], featureBit, arrayAt, offsetField }: Parts): string {
  const file = disks.path();
  run('qemu-img', 'create', '-q', '-f', 'qcow2', file, `${ZONES}M`);
  run(
    'qemu-io',
    '-c',
    'write -P 1 1M 768k',
    '-c',
    'write -P 2 3M 4k',
    '-c',
    'write -P 3 0 8k',
    file,
  );
  const bytes = fs.readFileSync(file);
  const end = Math.ceil(bytes.length / CLUSTER) * CLUSTER;
  const data = Buffer.from(extension);
  if (offsetField !== undefined) data.writeBigUInt64BE(BigInt(arrayAt ?? end), offsetField);
  const rest = bytes.subarray(112, CLUSTER - 512);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(0x007a6264, 0);
  head.writeUInt32BE(data.length, 4);
  Buffer.concat([head, data, rest]).copy(bytes, 112, 0, CLUSTER - 112);
  if (featureBit) bytes.writeBigUInt64BE(1n << 5n, 72);
  const array = Buffer.alloc(CLUSTER);
  words.forEach((word, index) => {
    array.writeBigUInt64LE(word, index * 8);
  });
  fs.writeFileSync(file, Buffer.concat([bytes, Buffer.alloc(end - bytes.length), array]));
  return file;
}

const at = (zone: number, bytes = 0): bigint => BigInt(zone * MiB + bytes);
const CONVENTIONAL = 1n << 59n;
const conditioned = (condition: number, pointer: bigint): bigint =>
  (BigInt(condition) << 60n) | pointer;

const V2_ZNS = packed(
  [2, 1],
  [1, 1],
  [0, 2],
  [MiB, 4],
  [CAPACITY, 4],
  [ZONES, 4],
  [0, 4],
  [4, 4],
  [3, 4],
  [16, 4],
);
const V2: Parts = {
  extension: Buffer.concat([V2_ZNS, packed([0, 8], [ZONES * 8, 8])]),
  offsetField: 32,
  words: [
    conditioned(4, at(0, 8 * KiB)),
    conditioned(14, at(1, CAPACITY)),
    conditioned(1, at(2)),
    conditioned(3, at(3, 4 * KiB)),
    conditioned(13, at(4)),
    conditioned(15, at(5)),
  ],
};
const POINTERS = [CONVENTIONAL, at(1, 768 * KiB), at(2), at(3, 4 * KiB), at(5), at(5)];
const later = (width: number, zoned = 1): Buffer =>
  packed(
    ...(
      [
        [zoned, 1],
        [0, 3],
        [MiB, width],
        [MiB, width],
        [1, 4],
        [ZONES, 4],
        [0, 4],
        [0, 4],
      ] as const
    ).map(([value, bytes]): [number, number] => [value, bytes]),
    [65_536, 4],
    [ZONES * 8, 8],
    [0, 8],
  );
const V9: Parts = { extension: later(8), featureBit: true, offsetField: 48, words: POINTERS };
const V5: Parts = { extension: later(4), featureBit: true, offsetField: 40, words: POINTERS };
const V3: Parts = { ...V5, featureBit: false };
const BARE: Parts = {
  extension: packed(
    [1, 1],
    [1, 1],
    [0, 2],
    [MiB, 4],
    [0, 4],
    [0, 4],
    [1, 4],
    [0, 4],
    [0, 4],
    [0, 4],
  ),
};

async function zonesOf(file: string): Promise<[string, number][]> {
  const device = await ZonedDevice.open(file, { readOnly: true });
  const zones = device
    .report(0, ZONES)
    .map(({ condition, start, index }): [string, number] => [
      condition,
      device.writtenEnd(index) - start,
    ]);
  await device.close();
  return zones;
}

const INFERRED: [string, number][] = [
  ['not-wp', MiB],
  ['closed', 768 * KiB],
  ['empty', 0],
  ['closed', 4 * KiB],
  ['full', MiB],
  ['empty', 0],
];

it('reads conditions and write pointers of dialect v2', async () => {
  expect(await zonesOf(build(V2))).toEqual([
    ['closed', 8 * KiB],
    ['full', CAPACITY],
    ['empty', 0],
    ['closed', 4 * KiB],
    ['read-only', 0],
    ['offline', 0],
  ]);
});

it.each([
  ['v3-v4', V3],
  ['v5-v7', V5],
  ['v9', V9],
])('infers conditions from the write pointers of dialect %s', async (dialect, parts) => {
  const file = build(parts);
  expect(await zonesOf(file)).toEqual(INFERRED);
  expect((await inspectImage(file)).zoned).toMatchObject({
    dialect,
    geometry: { profile: 'zbc', conventionalZones: 1, maxAppendBytes: 65_536, zoneCapacity: MiB },
  });
});

it('takes the end of the data for the write pointer in an image of the first series', async () => {
  expect(await zonesOf(build(BARE))).toEqual([
    ['not-wp', MiB],
    ['closed', 768 * KiB],
    ['empty', 0],
    ['closed', 4 * KiB],
    ['empty', 0],
    ['empty', 0],
  ]);
});

it.each([
  ['v2', V2],
  ['v3-v4', V3],
  ['v9', V9],
  ['no zone table', BARE],
])('does not write to an image with %s, and says what to do', async (what, parts) => {
  const file = build(parts);
  const before = fs.readFileSync(file);
  await expect(ZonedDevice.open(file)).rejects.toMatchObject({
    code: 'image_read_only',
    message: expect.stringContaining(`${what}; it can be written once it is converted`),
  });
  expect(fs.readFileSync(file).equals(before)).toBe(true);
});

it.each([
  ['v2', V2],
  ['v3-v4', V3],
  ['v5-v7', V5],
  ['v9', V9],
  ['bare', BARE],
])('converts %s to the native dialect, zones and data', async (_name, parts) => {
  const file = build(parts);
  const target = disks.path();
  await convertDialect(file, target);
  expect(await zonesOf(target)).toEqual(await zonesOf(file));
  expect(qemuCheck(target)).toEqual({ corruptions: 0, leaks: 0, errors: 0 });
  const raw = rawContent(target);
  expect([raw[0], raw[MiB], raw[MiB + 700 * KiB], raw[3 * MiB]]).toEqual([3, 1, 1, 2]);
  const device = await ZonedDevice.open(target);
  await device.write(3 * MiB + 4 * KiB, Buffer.alloc(4 * KiB, 4));
  await device.close();
});

it('refuses to convert a disk without zones, and over a file that exists', async () => {
  const plain = await disks.create({ size: MiB });
  await expect(convertDialect(plain, disks.path())).rejects.toThrow('the image has no zones');
  await expect(convertDialect(build(V2), plain)).rejects.toMatchObject({ code: 'file_exists' });
});

describe('dialect v9 as we write it', () => {
  const ZONED = { zoneSize: MiB, conventionalZones: 1, maxOpenZones: 3, maxAppendBytes: 65_536 };

  it('keeps zones and data of a native disk, in clusters that are counted', async () => {
    const native = await disks.create({ size: ZONES * MiB, zoned: ZONED });
    const device = await ZonedDevice.open(native);
    await device.write(512, Buffer.alloc(512, 9));
    await device.write(MiB, Buffer.alloc(12 * KiB, 1));
    await device.write(2 * MiB, Buffer.alloc(MiB, 2));
    await device.manage('finish', 3);
    await device.close();
    const file = disks.path();
    await convertDialect(native, file, { dialect: 'v9' });
    expect(await zonesOf(file)).toEqual([
      ['not-wp', MiB],
      ['closed', 12 * KiB],
      ['full', MiB],
      ['full', MiB],
      ['empty', 0],
      ['empty', 0],
    ]);
    const bytes = fs.readFileSync(file);
    expect(bytes.readBigUInt64BE(72)).toBe(1n << 5n);
    bytes.writeBigUInt64BE(0n, 72); // stock QEMU opens it then, and knows nothing of the array
    fs.writeFileSync(file, bytes);
    expect(qemuCheck(file)).toEqual({ corruptions: 0, leaks: 1, errors: 0 });
    expect(rawContent(file).equals(rawContent(native))).toBe(true);
  });

  it('is made empty on request', async () => {
    const file = disks.path();
    await createImage(file, { size: ZONES * MiB, zoned: { ...ZONED, dialect: 'v9' } });
    expect((await zonesOf(file)).map(([condition]) => condition)).toEqual([
      'not-wp',
      ...Array(5).fill('empty'),
    ]);
    expect((await inspectImage(file)).zoned).toMatchObject({
      dialect: 'v9',
      geometry: { zoneSize: MiB, maxOpenZones: 3, maxAppendBytes: 65_536 },
    });
  });

  it('refuses an append limit that has no room in it', async () => {
    const zoned = { ...ZONED, maxAppendBytes: 2 ** 33, dialect: 'v9' as const };
    const made = createImage(disks.path(), { size: ZONES * MiB, zoned });
    await expect(made).rejects.toThrow('maxAppendBytes: got 8589934592, allowed is at most');
  });
});

/** An extension with bytes replaced. */
function changed(parts: Parts, position: number, ...bytes: number[]): Parts {
  const extension = Buffer.from(parts.extension);
  Buffer.from(bytes).copy(extension, position);
  return { ...parts, extension };
}

it.each<[string, Parts, RegExp]>([
  [
    'length',
    { extension: Buffer.alloc(40), featureBit: true },
    /length: 40 with incompatible feature bit 5/,
  ],
  ['bit without v9', { ...V9, featureBit: false }, /length: 56 without incompatible feature bit 5/],
  ['zoned', changed(V9, 0, 2), /zoned: 2, allowed is 1/],
  ['reserved', changed(V9, 3, 1), /reserved: 1, allowed is 0/],
  ['zone_size 0', changed(V9, 8, 0, 0, 0, 0), /zone_size: 0, allowed is above 0/],
  ['nr_zones', changed(V9, 27, 7), /nr_zones: 7, allowed is 6/],
  ['conventional_zones', changed(V9, 23, 7), /conventionalZones: got 7, allowed is .* 6/],
  ['limits', changed(changed(V9, 31, 2), 35, 3), /maxOpenZones: got 3, allowed is at most .*2/],
  ['zonedmeta_size', changed(V9, 47, 40), /zonedmeta_size: 40, allowed is 48/],
  ['unaligned', { ...V9, arrayAt: 512 }, /zonedmeta_offset: 512, allowed is a multiple .*65536/],
  ['at 0', { ...V9, arrayAt: 0 }, /zonedmeta_offset: 0/],
  [
    'past the end',
    { ...V9, arrayAt: 2 ** 40 },
    /zonedmeta_offset \+ zonedmeta_size: 1099511627824/,
  ],
  ['on the refcount table', { ...V9, arrayAt: CLUSTER }, /not the refcount table at 65536/],
  ['on the L1 table', { ...V9, arrayAt: 3 * CLUSTER }, /not the L1 table at 196608/],
  ['on an L2 table', { ...V2, arrayAt: 4 * CLUSTER }, /not a cluster of the disk at 262144/],
  ['v2 profile', changed(V2, 0, 3), /zoned_profile: 3/],
  ['v2 size', changed(V2, 47, 8), /zonedmeta_size: 8, allowed is 48/],
])('refuses a header that lies: %s', async (_name, parts, message) => {
  const file = build(parts);
  await expect(ZonedDevice.open(file, { readOnly: true })).rejects.toThrow(message);
});

it('names zones whose word cannot be, and lets the rest be read', async () => {
  const words = [...POINTERS];
  words[2] = at(1);
  words[3] = CONVENTIONAL;
  const file = build({ ...V9, words });
  const device = await ZonedDevice.open(file, { readOnly: true });
  expect(device.report(1, 3).map(({ condition }) => condition)).toEqual([
    'closed',
    'read-only',
    'read-only',
  ]);
  await device.close();
});
