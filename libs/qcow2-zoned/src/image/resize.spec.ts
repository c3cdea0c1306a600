/** Disks that grow and shrink, beside stock QEMU. */
import fs from 'node:fs';
import { expect, it } from '@jest/globals';
import { KiB, MiB, qemuCheck, rawContent, run, testDisks } from '../disk.fixture.ts';
import { openDisk } from '../open.ts';
import { randomFrom, seeds } from '../random.fixture.ts';
import type { Qcow2Image } from './image.ts';

const disks = testDisks();
const CLEAN = { corruptions: 0, leaks: 0, errors: 0 };

async function change(path: string, work: (image: Qcow2Image) => Promise<void>): Promise<void> {
  const disk = await openDisk(path, { format: 'qcow2' });
  try {
    await work(disk.image as Qcow2Image);
  } finally {
    await disk.close();
  }
}

function qemuCreate(size: number, ...words: string[]): string {
  const path = disks.path();
  run('qemu-img', 'create', '-q', '-f', 'qcow2', ...words, path, `${size}`);
  return path;
}

function fill(random: () => number, disk: Buffer): (image: Qcow2Image) => void {
  return (image) => {
    const offset = Math.floor((random() * disk.length) / 512) * 512;
    const length = Math.min(disk.length - offset, 512 * Math.ceil(random() * 100));
    const byte = Math.ceil(random() * 255);
    image.write(offset, Buffer.alloc(length, byte));
    disk.fill(byte, offset, offset + length);
  };
}

const KINDS: readonly (readonly [string, readonly string[]])[] = [
  ['small clusters', ['-o', 'cluster_size=512']],
  ['version 2', ['-o', 'compat=0.10,cluster_size=1k']],
  ['extended L2', ['-o', 'extended_l2=on,cluster_size=16k']],
  ['a data file', ['-o', 'cluster_size=4k,data_file=%.data,data_file_raw=on']],
];

it.each(KINDS.flatMap(([name, words]) => seeds(1, 30).map((seed) => [name, words, seed] as const)))(
  'keeps what both sizes have, and shows zeroes past it: %s (%j, seed %i)',
  async (_, words, seed) => {
    const random = randomFrom(seed);
    const data = disks.path();
    const path = qemuCreate(MiB, ...words.map((word) => word.replace('%', data)));
    let disk: Buffer = Buffer.alloc(MiB);
    for (let round = 0; round < 4; round++) {
      await change(path, async (image) => {
        for (let i = 0; i < 20; i++) fill(random, disk)(image);
        const size = 512 * Math.ceil(random() * 12_000);
        await image.resize(size);
        const resized = Buffer.alloc(size);
        disk.copy(resized);
        disk = resized;
        const content = Buffer.alloc(size);
        image.read(0, content);
        expect(content.equals(disk)).toBe(true);
        fill(random, disk)(image);
      });
      expect(qemuCheck(path)).toEqual(CLEAN);
      expect(rawContent(path).equals(disk)).toBe(true);
    }
  },
);

it.each(['0.10', '1.1'])(
  'never shows a backing disk past the old end (compat=%s)',
  async (compat) => {
    const base = qemuCreate(4 * MiB);
    run('qemu-io', '-f', 'qcow2', '-c', 'write -P 7 0 3M', base);
    const path = qemuCreate(MiB - 1536, '-b', base, '-F', 'qcow2', '-o', `compat=${compat}`);
    await change(path, (image) => image.resize(5 * MiB));
    expect(qemuCheck(path)).toEqual(CLEAN);
    const content = rawContent(path);
    expect(content.subarray(0, MiB - 1536).every((byte) => byte === 7)).toBe(true);
    expect(content.subarray(MiB - 1536).every((byte) => byte === 0)).toBe(true);
  },
);

it('gives the space of a shrunk disk back to the file system', async () => {
  const path = qemuCreate(8 * MiB);
  run('qemu-io', '-f', 'qcow2', '-c', 'write -P 7 0 8M', path);
  await change(path, (image) => image.resize(MiB));
  expect(fs.statSync(path).size).toBeLessThan(2 * MiB);
  expect(qemuCheck(path)).toEqual(CLEAN);
});

it('shows no bytes that a raw data file holds past the old end', async () => {
  const data = disks.path();
  const path = qemuCreate(MiB, '-o', `data_file=${data},data_file_raw=on`);
  fs.appendFileSync(data, Buffer.alloc(2 * MiB, 7)); // as a power cut leaves it, before a shrink cuts the file
  await change(path, async (image) => {
    await image.resize(2 * MiB);
    await image.preallocate(MiB, MiB);
  });
  expect(rawContent(path).equals(Buffer.alloc(2 * MiB))).toBe(true);
  expect(fs.readFileSync(data).equals(Buffer.alloc(2 * MiB))).toBe(true);
});

it('leaves each snapshot its own size', async () => {
  const path = qemuCreate(4 * MiB, '-o', 'cluster_size=512');
  run('qemu-io', '-f', 'qcow2', '-c', 'write -P 7 0 4M', path);
  await change(path, async (image) => {
    await image.createSnapshot('large', new Date(0));
    await image.resize(64 * KiB);
    await image.resize(MiB);
  });
  expect(qemuCheck(path)).toEqual(CLEAN);
  run('qemu-img', 'snapshot', '-a', 'large', path);
  expect(rawContent(path).equals(Buffer.alloc(4 * MiB, 7))).toBe(true);
});

it('refuses to resize a version 2 image with snapshots, as QEMU does', async () => {
  const path = qemuCreate(MiB, '-o', 'compat=0.10');
  run('qemu-img', 'snapshot', '-c', 'one', path);
  await change(path, (image) =>
    expect(image.resize(2 * MiB)).rejects.toMatchObject({ code: 'unsupported_feature' }),
  );
});

it.each([
  ['off', []],
  ['on', ['-o', 'extended_l2=on']],
])('preallocates clusters that stock QEMU finds in place (extended_l2=%s)', async (_, words) => {
  const path = qemuCreate(16 * MiB, ...words);
  await change(path, async (image) => {
    image.write(MiB, Buffer.alloc(MiB, 5));
    await image.preallocate(0, image.size);
  });
  expect(qemuCheck(path)).toEqual(CLEAN);
  const expected = Buffer.alloc(16 * MiB).fill(5, MiB, 2 * MiB);
  expect(rawContent(path).equals(expected)).toBe(true);
  const before = fs.statSync(path).size;
  expect(before).toBeGreaterThan(16 * MiB);
  await change(path, async (image) => image.write(0, Buffer.alloc(16 * MiB, 9)));
  expect(fs.statSync(path).size).toBe(before);
  expect(rawContent(path).equals(Buffer.alloc(16 * MiB, 9))).toBe(true);
});
