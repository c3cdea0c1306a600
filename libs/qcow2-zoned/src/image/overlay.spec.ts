/** Images over a backing disk, made by qemu-img and by us; the judge is QEMU. */
import fs from 'node:fs';
import { expect, it } from '@jest/globals';
import { KiB, MiB, qemuCheck, rawContent, run, testDisks } from '../disk.fixture.ts';
import { HostFile } from '../file.ts';
import { RawDisk } from '../raw-disk.ts';
import { Qcow2Image } from './image.ts';

const disks = testDisks();

function open(path: string, backing?: Qcow2Image): Qcow2Image {
  return new Qcow2Image(HostFile.open(path, { readOnly: true }), true, { backing });
}

function qemuCreate(...words: string[]): string {
  const path = disks.path();
  run(
    'qemu-img',
    'create',
    '-q',
    '-f',
    'qcow2',
    ...words.slice(0, -1),
    path,
    words.at(-1) as string,
  );
  return path;
}

function qemuIo(path: string, ...commands: string[]): void {
  run('qemu-io', '-f', 'qcow2', ...commands.flatMap((command) => ['-c', command]), path);
}

function content(image: Qcow2Image): Buffer {
  const bytes = Buffer.alloc(image.size);
  image.read(0, bytes);
  return bytes;
}

/** `qemu-img map`, in the shape of our extents. */
function qemuMap(path: string): unknown[] {
  const map: Record<string, unknown>[] = JSON.parse(run('qemu-img', 'map', '--output=json', path));
  return map.map(({ start: _start, offset, ...kind }) => ({
    ...kind,
    compressed: false,
    hostOffset: offset,
  }));
}

it('reads through a chain that QEMU made, shorter backing disks included', () => {
  const base = qemuCreate(`${MiB}`);
  qemuIo(base, 'write -P 1 0 900k', 'write -z 128k 64k');
  const middle = qemuCreate('-b', base, '-F', 'qcow2', '-o', 'cluster_size=4k', `${512 * KiB}`);
  qemuIo(middle, 'write -P 2 70k 3k', 'write -z 256k 8k');
  const top = qemuCreate('-b', middle, '-F', 'qcow2', `${2 * MiB}`);
  qemuIo(top, 'write -P 3 500k 30k', 'write -P 4 1900k 1k');
  const image = open(top, open(middle, open(base)));
  expect(content(image).equals(rawContent(top))).toBe(true);
  expect(image.extents(0, image.size)).toEqual(qemuMap(top));
  fs.rmSync(top);
});

it('refuses to read through a backing file that is not open', () => {
  const base = qemuCreate(`${MiB}`);
  const image = open(qemuCreate('-b', base, '-F', 'qcow2', `${MiB}`));
  expect(() => image.read(0, Buffer.alloc(1))).toThrow(
    expect.objectContaining({ code: 'unsupported_feature' }),
  );
});

it('keeps what a backing disk has in the first part of a cluster that is zeroed in the second', () => {
  const base = disks.path();
  fs.writeFileSync(base, Buffer.alloc(30 * KiB, 1));
  const path = qemuCreate('-b', base, '-F', 'raw', `${MiB}`);
  const backing = new RawDisk(HostFile.open(base, { readOnly: true }), true);
  const image = new Qcow2Image(HostFile.open(path, { readOnly: false }), false, { backing });
  image.writeZeroes(40 * KiB, 4 * KiB);
  const expected = Buffer.alloc(MiB);
  expected.fill(1, 0, 30 * KiB);
  expect(content(image).equals(expected)).toBe(true);
});

it('shows the backing disk again where clusters are dropped, and only there', async () => {
  const base = qemuCreate(`${MiB}`);
  qemuIo(base, 'write -P 1 0 1M');
  const path = qemuCreate('-b', base, '-F', 'qcow2', `${MiB}`);
  qemuIo(path, 'write -P 2 0 512k', 'write -z 512k 256k');
  const image = new Qcow2Image(HostFile.open(path, { readOnly: false }), false, {
    backing: open(base),
  });
  image.unmap(0, 128 * KiB);
  image.drop(128 * KiB, 128 * KiB);
  image.drop(512 * KiB, 128 * KiB);
  await image.settle();
  const expected = Buffer.alloc(MiB, 1);
  expected.fill(0, 0, 128 * KiB);
  expected.fill(2, 256 * KiB, 512 * KiB);
  expected.fill(0, 640 * KiB, 768 * KiB);
  expect(rawContent(path).equals(expected)).toBe(true);
  expect(qemuCheck(path)).toEqual({ corruptions: 0, leaks: 0, errors: 0 });
});

it('never shows what lies in the address space of a backing disk past its end', async () => {
  const base = qemuCreate(`${3 * MiB}`);
  qemuIo(base, 'write -P 1 0 3M');
  run('qemu-img', 'resize', '-q', '--shrink', base, `${MiB}`);
  const tail = new Qcow2Image(HostFile.open(base, { readOnly: false }), false);
  tail.write(2 * MiB, Buffer.alloc(MiB, 7)); // past the end, as a zone table or a VM state is
  await tail.settle();
  const path = qemuCreate('-b', base, '-F', 'qcow2', `${4 * MiB}`);
  const image = new Qcow2Image(HostFile.open(path, { readOnly: false }), false, {
    backing: open(base),
  });
  image.write(2 * MiB + 512, Buffer.alloc(512, 9));
  const expected = Buffer.alloc(4 * MiB);
  expected.fill(1, 0, MiB);
  expected.fill(9, 2 * MiB + 512, 2 * MiB + 1024);
  expect(content(image).equals(expected)).toBe(true);
  await image.settle();
  expect(rawContent(path).equals(expected)).toBe(true);
});

it.each([
  { options: 'extended_l2=off', marked: 'the cluster' },
  { options: 'extended_l2=on', marked: 'the subcluster' },
])('marks $marked that the disk ends in, where zeroes reach the end', async ({ options }) => {
  const path = qemuCreate('-o', options, String(MiB - 1536));
  qemuIo(path, `write -q -P 7 0 ${MiB - 1536}`);
  const image = new Qcow2Image(HostFile.open(path, { readOnly: false }), false);
  image.writeZeroes(MiB - 64 * KiB, 64 * KiB - 1536);
  await image.settle();
  expect(image.extents(MiB - 64 * KiB, 64 * KiB - 1536)).toMatchObject([
    { length: 64 * KiB - 1536, zero: true, data: false },
  ]);
  expect(qemuCheck(path)).toEqual({ corruptions: 0, leaks: 0, errors: 0 });
});
