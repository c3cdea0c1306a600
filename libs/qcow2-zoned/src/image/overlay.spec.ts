/** Images over a backing disk, made by qemu-img and by us; the judge is QEMU. */
import fs from 'node:fs';
import { expect, it } from '@jest/globals';
import { KiB, MiB, rawContent, run, testDisks } from '../disk.fixture.ts';
import { HostFile } from '../file.ts';
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
