/** Compressed clusters that others wrote, that we write, and that are meant to do harm. */
import fs from 'node:fs';
import { deflateRawSync } from 'node:zlib';
import { beforeAll, expect, it } from '@jest/globals';
import { KiB, MiB, qemuCheck, rawContent, run, testDisks } from '../disk.fixture.ts';
import { HostFile } from '../file.ts';
import { randomFrom } from '../random.fixture.ts';
import { codecOf, loadCodec } from './compression.ts';
import { Qcow2Image } from './image.ts';

const disks = testDisks();
const CLUSTER = 64 * KiB;
const CLEAN = { corruptions: 0, leaks: 0, errors: 0 };
const deflate = codecOf({ compressionType: 0 });
const zstd = codecOf({ compressionType: 1 });

beforeAll(() => loadCodec({ compressionType: 1 }));

/** Bytes that compress to about half. */
function text(length: number, seed = 1): Buffer {
  const random = randomFrom(seed);
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at += 4) {
    const word = Math.floor(random() * 2 ** 16);
    for (let i = 0; i < 4; i++) bytes[at + i] = 65 + ((word >>> (4 * i)) & 15);
  }
  return bytes;
}

async function create(...words: string[]): Promise<{ path: string; image: Qcow2Image }> {
  const path = disks.path();
  run('qemu-img', 'create', '-q', '-f', 'qcow2', ...words, path, `${4 * MiB}`);
  return { path, image: await open(path) };
}

function open(path: string, readOnly = false): Promise<Qcow2Image> {
  return Qcow2Image.open(HostFile.open(path, { readOnly }), readOnly);
}

it.each([
  ['zlib', '64k'],
  ['zlib', '512'],
  ['zlib', '2M'],
  ['zstd', '64k'],
  ['zstd', '4k'],
])('reads what qemu-img compressed (%s, clusters of %s)', async (type, clusterSize) => {
  const raw = disks.path();
  const content = Buffer.concat([text(MiB), Buffer.alloc(MiB, 9), text(512 * KiB - 512, 2)]);
  fs.writeFileSync(raw, content);
  const path = disks.path();
  const options = `compression_type=${type},cluster_size=${clusterSize}`;
  run('qemu-img', 'convert', '-c', '-f', 'raw', '-O', 'qcow2', '-o', options, raw, path);
  const image = await open(path, true);
  const found = Buffer.alloc(content.length);
  image.read(0, found);
  expect(found.equals(content)).toBe(true);
  expect(image.extents(0, 4096)).toEqual([
    {
      ...{ length: 4096, depth: 0, present: true, zero: false, data: true, compressed: true },
      hostOffset: undefined,
    },
  ]);
});

it.each(['zlib', 'zstd'])('packs clusters so that QEMU reads them (%s)', async (type) => {
  const { path, image } = await create('-o', `compression_type=${type}`);
  const content = text(2 * MiB);
  for (let at = 0; at < content.length; at += CLUSTER)
    image.writeCompressed(at, content.subarray(at, at + CLUSTER));
  await image.settle();
  expect(qemuCheck(path)).toEqual(CLEAN);
  expect(rawContent(path).subarray(0, content.length).equals(content)).toBe(true);
  expect(fs.statSync(path).size).toBeLessThan(0.75 * content.length);
});

it('stores a cluster as it is where compression does not help', async () => {
  const { path, image } = await create();
  const random = randomFrom(3);
  const noise = Buffer.from(Array.from({ length: CLUSTER }, () => Math.floor(random() * 256)));
  image.writeCompressed(0, noise);
  await image.settle();
  expect(image.extents(0, CLUSTER)).toMatchObject([{ compressed: false, data: true }]);
  expect(rawContent(path).subarray(0, CLUSTER).equals(noise)).toBe(true);
});

it('gives the space of overwritten compressed clusters back, and packs nothing into freed ones', async () => {
  const { path, image } = await create();
  const content = Buffer.alloc(4 * MiB);
  for (let round = 0; round < 6; round++)
    for (let at = 0; at < MiB / 2; at += CLUSTER) {
      const cluster = text(CLUSTER, round * 100 + at);
      image.writeCompressed(at, cluster);
      cluster.copy(content, at);
      if (round % 2 === 1) {
        image.write(at + 512, Buffer.alloc(1024, round));
        content.fill(round, at + 512, at + 1536);
      }
      if (at % (4 * CLUSTER) === 0) await image.flush();
    }
  await image.settle();
  expect(qemuCheck(path)).toEqual(CLEAN);
  expect(rawContent(path).equals(content)).toBe(true);
  expect(fs.statSync(path).size).toBeLessThan(4 * MiB);
});

it('packs nothing into a cluster that was freed and taken by others', async () => {
  const { path, image } = await create();
  image.writeCompressed(0, text(CLUSTER));
  image.unmap(0, CLUSTER);
  await image.flush();
  image.write(CLUSTER, Buffer.alloc(CLUSTER, 7)); // takes the cluster that was begun
  image.writeCompressed(2 * CLUSTER, text(CLUSTER, 2));
  await image.settle();
  expect(qemuCheck(path)).toEqual(CLEAN);
  const content = rawContent(path);
  expect(content.subarray(CLUSTER, 2 * CLUSTER).equals(Buffer.alloc(CLUSTER, 7))).toBe(true);
  expect(content.subarray(2 * CLUSTER, 3 * CLUSTER).equals(text(CLUSTER, 2))).toBe(true);
});

it('counts compressed clusters in snapshots', async () => {
  const { path, image } = await create();
  const one = text(CLUSTER, 1);
  const two = text(CLUSTER, 2);
  image.writeCompressed(0, one);
  await image.createSnapshot('one', new Date(0));
  image.writeCompressed(0, two);
  image.writeCompressed(CLUSTER, two);
  await image.settle();
  expect(qemuCheck(path)).toEqual(CLEAN);
  await image.applySnapshot('one');
  const found = Buffer.alloc(CLUSTER);
  image.read(0, found);
  expect(found.equals(one)).toBe(true);
  await image.deleteSnapshot('one');
  await image.settle();
  expect(qemuCheck(path)).toEqual(CLEAN);
});

it('inflates a cluster once for many small reads', async () => {
  const { path, image } = await create();
  const content = text(CLUSTER);
  image.writeCompressed(0, content);
  await image.settle();
  let reads = 0;
  const file = HostFile.open(path, { readOnly: true });
  const read = file.read.bind(file);
  file.read = (target, position) => {
    reads++;
    read(target, position);
  };
  const reader = new Qcow2Image(file, true);
  const piece = Buffer.alloc(512);
  reader.read(0, piece);
  const before = reads;
  for (let at = 0; at < CLUSTER; at += 512) {
    reader.read(at, piece);
    expect(piece.equals(content.subarray(at, at + 512))).toBe(true);
  }
  expect(reads).toBe(before);
});

it('never shows an old cluster where another took its place', async () => {
  const { image } = await create('-o', 'refcount_bits=1');
  const found = Buffer.alloc(CLUSTER);
  for (let round = 0; round < 5; round++) {
    const content = text(CLUSTER, round);
    image.writeCompressed(0, content);
    image.read(0, found);
    expect(found.equals(content)).toBe(true);
    await image.settle();
  }
});

it('takes the start of a deflate stream that goes on', () => {
  const content = text(3 * CLUSTER);
  const stream = deflateRawSync(content);
  expect(
    Buffer.from(deflate.decompress(stream, CLUSTER)).equals(content.subarray(0, CLUSTER)),
  ).toBe(true);
});

it('gives no more than a cluster of a bomb', () => {
  const bomb = deflateRawSync(Buffer.alloc(64 * MiB));
  expect(deflate.decompress(bomb, CLUSTER)).toHaveLength(CLUSTER);
});

it('ignores what stands behind a stream', () => {
  const content = text(CLUSTER);
  for (const codec of [deflate, zstd]) {
    const stream = codec.compress(content) as Uint8Array;
    const padded = Buffer.concat([stream, Buffer.alloc(700, 0xa5)]);
    expect(Buffer.from(codec.decompress(padded, CLUSTER)).equals(content)).toBe(true);
    const followed = Buffer.concat([stream, stream.subarray(0, 100)]);
    expect(Buffer.from(codec.decompress(followed, CLUSTER)).equals(content)).toBe(true);
  }
});

it('reads a cluster of several zstd frames, skippable ones between them', () => {
  const content = text(CLUSTER);
  const frame = (from: number, to: number): Uint8Array =>
    zstd.compress(content.subarray(from, to)) as Uint8Array;
  const skippable = Buffer.from('502a4d1804000000deadbeef', 'hex');
  const frames = [frame(0, 10_000), skippable, frame(10_000, 50_000), frame(50_000, CLUSTER)];
  expect(Buffer.from(zstd.decompress(Buffer.concat(frames), CLUSTER)).equals(content)).toBe(true);
});

it('refuses zstd frames that say they are larger than a cluster', () => {
  const large = zstd.compress(Buffer.alloc(MiB)) as Uint8Array;
  expect(() => zstd.decompress(large, CLUSTER)).toThrow(/larger than the cluster/);
});

it.each(['zlib', 'zstd'])('survives damaged streams at every kind of place (%s)', async (type) => {
  const { path, image } = await create('-o', `compression_type=${type}`);
  const content = text(CLUSTER);
  image.writeCompressed(0, content);
  await image.settle();
  const whole = fs.readFileSync(path);
  const first = type === 'zlib' ? deflate.compress(content) : zstd.compress(content);
  const start = whole.indexOf(first as Uint8Array);
  const random = randomFrom(7);
  const outcomes = new Set<string>();
  for (let trial = 0; trial < 100; trial++) {
    const damaged = Buffer.from(whole);
    const at = start + Math.floor(random() * (trial < 50 ? 16 : (first as Uint8Array).length));
    damaged[at] = Math.floor(random() * 256);
    fs.writeFileSync(path, damaged);
    const found = Buffer.alloc(CLUSTER);
    try {
      (await open(path, true)).read(0, found);
      outcomes.add('bytes');
    } catch (error) {
      expect(error).toMatchObject({ code: 'image_corrupt' });
      outcomes.add('refused');
    }
  }
  expect(outcomes).toContain('refused');
});

it('refuses a stream that ends before the cluster is full', async () => {
  const { path, image } = await create();
  const content = text(CLUSTER);
  image.writeCompressed(0, content);
  await image.settle();
  const damaged = fs.readFileSync(path);
  const start = damaged.indexOf(deflate.compress(content) as Uint8Array);
  deflateRawSync(content.subarray(0, 100)).copy(damaged, start);
  fs.writeFileSync(path, damaged);
  const reader = await open(path, true);
  expect(() => reader.read(0, Buffer.alloc(512))).toThrow(
    expect.objectContaining({ code: 'image_corrupt' }),
  );
});

it('refuses compressed clusters in an external data file, as QEMU does', async () => {
  const { path } = await create('-o', `data_file=${disks.path()}`);
  const image = await open(path);
  expect(() => image.writeCompressed(0, text(CLUSTER))).toThrow(
    expect.objectContaining({ code: 'unsupported_feature' }),
  );
  await expect(image.createSnapshot('one', new Date(0))).rejects.toMatchObject({
    code: 'unsupported_feature',
  });
});
