/** Images whose tables would make a writer destroy its own metadata, damaged on purpose; and those marked as damaged. */
import fs from 'node:fs';
import { expect, it } from '@jest/globals';
import { KiB, MiB, run, testDisks } from '../disk.fixture.ts';
import { HostFile } from '../file.ts';
import { INCOMPATIBLE } from '../format/feature-bits.ts';
import { type Qcow2Header, readHeader } from '../format/header.ts';
import { Qcow2Image } from './image.ts';

const disks = testDisks();
const COPIED = 1n << 63n;
const CLUSTER = 64 * KiB;
const CORRUPT = expect.objectContaining({ code: 'image_corrupt' });

/** A disk whose first two clusters are written, with a snapshot of when there was one. */
function sample(...words: string[]): string {
  const path = disks.path();
  run('qemu-img', 'create', '-q', '-f', 'qcow2', ...words, path, `${MiB}`);
  run('qemu-io', '-f', 'qcow2', '-c', 'write -P 1 0 64k', path);
  run('qemu-img', 'snapshot', '-c', 'one', path);
  run('qemu-io', '-f', 'qcow2', '-c', 'write -P 1 0 128k', path);
  return path;
}

function patch(path: string, position: number, value: bigint, bytes = 8): void {
  const data = Buffer.alloc(8);
  data.writeBigUInt64BE(value);
  const fd = fs.openSync(path, 'r+');
  fs.writeSync(fd, data, 8 - bytes, bytes, position);
  fs.closeSync(fd);
}

function word(path: string, position: number): number {
  return Number(fs.readFileSync(path).readBigUInt64BE(position) & 0x00ff_ffff_ffff_fe00n);
}

function headerOf(path: string): Qcow2Header {
  const file = HostFile.open(path, { readOnly: true });
  try {
    return readHeader(file);
  } finally {
    file.close();
  }
}

function open(path: string, readOnly = false): Qcow2Image {
  return new Qcow2Image(HostFile.open(path, { readOnly }), readOnly);
}

const PLACES: Readonly<Record<string, (path: string) => number>> = {
  header: () => 0,
  'refcount table': (path) => headerOf(path).refcountTableOffset,
  'refcount block': (path) => word(path, headerOf(path).refcountTableOffset),
  'active L1 table': (path) => headerOf(path).l1TableOffset,
  'active L2 table': (path) => word(path, headerOf(path).l1TableOffset),
  'snapshot table': (path) => headerOf(path).snapshotsOffset,
  'L1 table of a snapshot': (path) => word(path, headerOf(path).snapshotsOffset),
};

const isCorrupt = (path: string): boolean =>
  (headerOf(path).incompatibleFeatures & INCOMPATIBLE.corrupt) !== 0n;

it.each(Object.keys(PLACES))(
  'never overwrites the %s with data that an entry puts there',
  (what) => {
    const path = sample();
    const place = (PLACES[what] as (path: string) => number)(path);
    const entry = (PLACES['active L2 table'] as (path: string) => number)(path) + 8;
    patch(path, entry, COPIED | BigInt(place));
    const before = fs.readFileSync(path).subarray(place, place + CLUSTER);
    const image = open(path);
    const write = (): void => image.write(CLUSTER, Buffer.alloc(512, 9));
    // An entry that names the header's cluster, offset 0, says "unallocated".
    if (what === 'header') {
      write();
      expect(image.hostOffset(CLUSTER)).toBeGreaterThan(0);
      return;
    }
    expect(write).toThrow(
      expect.objectContaining({
        code: 'image_corrupt',
        context: expect.objectContaining({ field: what }),
      }),
    );
    expect(
      fs
        .readFileSync(path)
        .subarray(place, place + CLUSTER)
        .equals(before),
    ).toBe(true);
    expect(isCorrupt(path)).toBe(true);
    expect(() => image.write(0, Buffer.alloc(512))).toThrow(CORRUPT);
    expect(() => open(path)).toThrow(CORRUPT);
    open(path, true).read(0, Buffer.alloc(512));
  },
);

it.each(Object.keys(PLACES))('never takes the %s for a free cluster', (what) => {
  const path = sample();
  const place = (PLACES[what] as (path: string) => number)(path);
  const block = (PLACES['refcount block'] as (path: string) => number)(path);
  patch(path, block + (place / CLUSTER) * 2, 0n, 2);
  const image = open(path);
  expect(() => image.write(8 * CLUSTER, Buffer.alloc(4 * CLUSTER, 9))).toThrow(CORRUPT);
  expect(isCorrupt(path)).toBe(true);
});

it('creates no refcount block over the header', () => {
  const path = sample();
  patch(path, headerOf(path).refcountTableOffset, 0n);
  const image = open(path);
  expect(() => image.write(8 * CLUSTER, Buffer.alloc(CLUSTER, 9))).toThrow(CORRUPT);
  expect(fs.readFileSync(path).toString('latin1', 0, 3)).toBe('QFI');
});

it('finds two tables in one cluster before it writes', () => {
  const path = sample();
  const header = headerOf(path);
  patch(path, header.l1TableOffset, COPIED | BigInt(word(path, header.refcountTableOffset)));
  expect(() => open(path).write(0, Buffer.alloc(512, 9))).toThrow(CORRUPT);
  expect(isCorrupt(path)).toBe(true);
});

it('never gives the cluster of a table back', async () => {
  const path = sample();
  const header = headerOf(path);
  const entry = word(path, header.l1TableOffset) + 8;
  patch(path, entry, BigInt(header.refcountTableOffset)); // not COPIED: a write goes elsewhere
  const image = open(path);
  image.write(CLUSTER, Buffer.alloc(CLUSTER, 9));
  await expect(image.flush()).rejects.toMatchObject({ code: 'image_corrupt' });
  expect(isCorrupt(path)).toBe(true);
});

it('replaces a table that only looks shared, and gives its cluster back', async () => {
  const path = disks.path();
  run('qemu-img', 'create', '-q', '-f', 'qcow2', path, `${MiB}`);
  run('qemu-io', '-f', 'qcow2', '-c', 'write -P 1 0 128k', path);
  const { l1TableOffset } = headerOf(path);
  const table = word(path, l1TableOffset);
  patch(path, l1TableOffset, BigInt(table)); // COPIED lost, as a crash in a snapshot operation may leave it
  const image = open(path);
  image.write(0, Buffer.alloc(512, 9));
  await image.settle();
  expect(word(path, l1TableOffset)).not.toBe(table);
  expect(run('qemu-img', 'check', path)).toContain('No errors were found');
});

it.each([
  ['not cluster aligned', COPIED | 0x50200n],
  ['past the end of the file', COPIED | 0x7fff_0000_0000n],
])('refuses an entry whose offset is %s, and marks the image', (_, entry) => {
  const path = sample();
  patch(path, word(path, headerOf(path).l1TableOffset) + 8, entry);
  expect(() => open(path, true).read(CLUSTER, Buffer.alloc(512))).toThrow(CORRUPT);
  expect(isCorrupt(path)).toBe(false);
  expect(() => open(path).write(CLUSTER, Buffer.alloc(512))).toThrow(CORRUPT);
  expect(isCorrupt(path)).toBe(true);
});

it('reads a zero cluster whatever place is reserved for it', () => {
  const path = sample();
  patch(path, word(path, headerOf(path).l1TableOffset) + 8, COPIED | 0x7fff_0000_0000n | 1n);
  const content = Buffer.alloc(CLUSTER, 9);
  open(path, true).read(CLUSTER, content);
  expect(content.every((byte) => byte === 0)).toBe(true);
});

it('refuses a zero flag in a version 2 image', () => {
  const path = sample('-o', 'compat=0.10');
  patch(path, word(path, headerOf(path).l1TableOffset) + 8, 1n);
  expect(() => open(path, true).read(CLUSTER, Buffer.alloc(512))).toThrow(CORRUPT);
});

it.each([
  ['allocated and zero', 0x0000_0001_0000_0001n],
  ['allocated without a cluster', 0x2n],
])('refuses subclusters that are %s', (what, bitmap) => {
  const path = sample('-o', 'extended_l2=on');
  const entry = word(path, headerOf(path).l1TableOffset) + 16;
  if (what.endsWith('cluster')) patch(path, entry, 0n);
  patch(path, entry + 8, bitmap);
  expect(() => open(path, true).read(CLUSTER, Buffer.alloc(4096))).toThrow(CORRUPT);
  expect(() => open(path).write(CLUSTER, Buffer.alloc(512))).toThrow(CORRUPT);
});

it.each([
  ['dirty', INCOMPATIBLE.dirty],
  ['corrupt', INCOMPATIBLE.corrupt],
])('opens an image marked %s for reading only', (_, bit) => {
  const path = sample();
  patch(path, 72, bit);
  const content = Buffer.alloc(CLUSTER);
  open(path, true).read(0, content);
  expect(content.every((byte) => byte === 1)).toBe(true);
  expect(() => open(path)).toThrow(
    expect.objectContaining({ code: 'image_corrupt', message: expect.stringContaining('repair') }),
  );
});

it('keeps the lazy refcounts bit, and counts all the same', async () => {
  const path = sample('-o', 'lazy_refcounts=on');
  const image = open(path);
  image.write(4 * CLUSTER, Buffer.alloc(CLUSTER, 9));
  await image.settle();
  expect(headerOf(path)).toMatchObject({ compatibleFeatures: 1n, incompatibleFeatures: 0n });
  expect(run('qemu-img', 'check', path)).toContain('No errors were found');
});

it('says of a data file that it is not open rather than read the image instead', () => {
  const path = disks.path();
  run('qemu-img', 'create', '-q', '-f', 'qcow2', '-o', `data_file=${path}.data`, path, `${MiB}`);
  run('qemu-io', '-f', 'qcow2', '-c', 'write -P 1 0 64k', path);
  expect(() => open(path, true).read(0, Buffer.alloc(512))).toThrow(
    expect.objectContaining({ code: 'unsupported_feature' }),
  );
});
