import fs from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { createImage } from './create.ts';
import { KiB, MiB, run, testDisks } from './disk.fixture.ts';
import { type BlockFile, HostFile } from './file.ts';
import type { Extent } from './image/disk.ts';
import { type OpenedDisk, openDisk } from './open.ts';
import { convertToFile } from './operations/convert.ts';
import { createRaw } from './operations/create-raw.ts';
import { resizeDisk } from './operations/resize.ts';
import { walkExtents } from './operations/walk.ts';
import { randomFrom, seeds } from './random.fixture.ts';

const disks = testDisks();

interface Told {
  readonly start: number;
  readonly length: number;
  readonly zero: boolean;
  readonly data: boolean;
  readonly hostOffset: number | undefined;
}

function toldByQemu(file: string): Told[] {
  const map: (Told & { offset?: number })[] = JSON.parse(
    run('qemu-img', 'map', '--output=json', '-f', 'raw', file),
  );
  return map.map(({ start, length, zero, data, offset }) => ({
    ...{ start, length, zero, data },
    hostOffset: offset,
  }));
}

const told = (disk: OpenedDisk): Told[] =>
  [...walkExtents(disk)].map(({ start, length, zero, data, hostOffset }) => ({
    ...{ start, length, zero, data, hostOffset },
  }));

async function reading<T>(file: string, use: (disk: OpenedDisk) => T, wrap?: Wrap): Promise<T> {
  const disk = await openDisk(file, { format: 'raw', readOnly: true, shared: true, wrap });
  try {
    return use(disk);
  } finally {
    disk.abandon();
  }
}

type Wrap = (file: BlockFile) => BlockFile;

/** A host that offers no more than Node does. */
const plainHost: Wrap = (file) => ({
  ...{ path: file.path, length: file.length },
  read: (target, position) => file.read(target, position),
  write: (data, position) => file.write(data, position),
  sync: () => file.sync(),
  syncNow: () => file.syncNow(),
  truncate: (length) => file.truncate(length),
  close: () => file.close(),
});

/** A raw file of holes, data, and zeroes that were written. */
function patchwork(seed: number, length: number): string {
  const random = randomFrom(seed);
  const file = disks.path();
  const fd = fs.openSync(file, 'wx');
  try {
    fs.ftruncateSync(fd, length);
    for (let i = 0; i < 40; i++) {
      const at = Math.floor(random() * (length - 96 * KiB));
      const size = 1 + Math.floor(random() * 96 * KiB);
      fs.writeSync(fd, Buffer.alloc(size, random() < 0.3 ? 0 : i + 1), 0, size, at);
    }
  } finally {
    fs.closeSync(fd);
  }
  return file;
}

const occupied = (file: string): number => fs.statSync(file).blocks * 512;

describe('the extents of a raw disk', () => {
  it.each(seeds(2, 40))('are those that qemu-img maps (seed %i)', async (seed) => {
    const file = patchwork(seed, 8 * MiB + (seed % 3) * 1000);
    expect(await reading(file, told)).toEqual(toldByQemu(file));
  });

  it('tell zeroes that were written from holes', async () => {
    const file = disks.path();
    fs.writeFileSync(file, Buffer.alloc(64 * KiB));
    fs.truncateSync(file, 128 * KiB);
    const kinds = (extents: Extent[]) => extents.map(({ length, data }) => ({ length, data }));
    expect(await reading(file, (disk) => kinds(disk.extents(0, disk.size)))).toEqual([
      { length: 64 * KiB, data: true },
      { length: 64 * KiB, data: false },
    ]);
  });

  it('are cut to what is asked for', async () => {
    const file = disks.path();
    fs.writeFileSync(file, Buffer.alloc(64 * KiB, 1));
    fs.truncateSync(file, 128 * KiB);
    const [data, hole] = await reading(file, (disk) => disk.extents(60 * KiB, 10 * KiB));
    expect(data).toMatchObject({ length: 4 * KiB, zero: false, hostOffset: 60 * KiB });
    expect(hole).toMatchObject({ length: 6 * KiB, zero: true, hostOffset: 64 * KiB });
  });

  it('are looked for by reading where the host does not tell', async () => {
    const file = disks.path();
    fs.writeFileSync(file, Buffer.alloc(64 * KiB, 1));
    fs.truncateSync(file, 128 * KiB);
    expect(await reading(file, told, plainHost)).toEqual(toldByQemu(file));
  });
});

describe('space taken in advance', () => {
  it('occupies the file without being data, in a raw disk', async () => {
    const file = disks.path();
    await createRaw(file, { size: 4 * MiB, preallocation: 'falloc' });
    expect(occupied(file)).toBeGreaterThanOrEqual(4 * MiB);
    expect(await reading(file, told)).toEqual([
      { start: 0, length: 4 * MiB, zero: true, data: false, hostOffset: 0 },
    ]);
  });

  it('is written where zeroes are asked for', async () => {
    const file = disks.path();
    await createRaw(file, { size: 4 * MiB, preallocation: 'full' });
    expect(await reading(file, told)).toMatchObject([{ length: 4 * MiB, data: true }]);
  });

  it('occupies a qcow2 file without being data', async () => {
    const file = disks.path();
    await createImage(file, { size: 4 * MiB, preallocation: 'falloc' });
    expect(occupied(file)).toBeGreaterThanOrEqual(4 * MiB);
    const holes = await reading(file, (disk) => told(disk).filter(({ data }) => !data));
    expect(Math.max(...holes.map(({ length }) => length))).toBeGreaterThanOrEqual(4 * MiB);
    expect(run('qemu-img', 'check', file)).toContain('No errors');
  });

  it.each(['raw', 'qcow2'] as const)('comes with the growth of a %s disk', async (format) => {
    const file = disks.path();
    if (format === 'raw') await createRaw(file, { size: MiB });
    else await createImage(file, { size: MiB });
    const disk = await openDisk(file, { format });
    disk.write(0, Buffer.alloc(MiB, 7));
    await resizeDisk(disk, 5 * MiB, { preallocation: 'falloc' });
    await disk.close();
    expect(occupied(file)).toBeGreaterThanOrEqual(5 * MiB);
    // before anybody reads them: file systems may take what is in the cache for data
    const holes = await reading(file, (raw) => told(raw).filter(({ data }) => !data));
    const longest = Math.max(...holes.map(({ length }) => length));
    expect(longest).toBeGreaterThanOrEqual(4 * MiB - 128 * KiB);
    const bytes = Buffer.alloc(5 * MiB, 1);
    const grown = await openDisk(file, { format, readOnly: true });
    grown.read(0, bytes);
    grown.abandon();
    expect(bytes.equals(Buffer.concat([Buffer.alloc(MiB, 7), Buffer.alloc(4 * MiB)]))).toBe(true);
    if (format === 'qcow2') expect(run('qemu-img', 'check', file)).toContain('No errors');
  });

  it('is refused where the disk below has none left', () => {
    const file = HostFile.create(disks.path());
    try {
      expect(() => file.allocate(0, Number.MAX_SAFE_INTEGER)).toThrow(/no space left/);
      expect(file.length).toBe(0);
    } finally {
      file.close();
    }
  });
});

describe('a conversion', () => {
  it('does not read the holes of a raw disk', async () => {
    const file = disks.path();
    fs.writeFileSync(file, Buffer.alloc(64 * KiB, 1));
    fs.truncateSync(file, 512 * MiB);
    const target = disks.path();
    let read = 0;
    const disk = await openDisk(file, { format: 'raw', readOnly: true });
    const content = disk.file as HostFile;
    for (const method of ['read', 'readAsync'] as const) {
      const pass = content[method].bind(content);
      content[method] = (bytes: Uint8Array, position: number) => {
        read += bytes.length;
        return pass(bytes, position) as Promise<void>;
      };
    }
    try {
      await convertToFile(disk, target, { durable: false });
    } finally {
      disk.abandon();
    }
    expect(read).toBe(64 * KiB);
    expect(run('qemu-img', 'compare', '-f', 'raw', '-F', 'qcow2', file, target)).toContain(
      'identical',
    );
  });

  it.each(
    seeds(2, 20).flatMap(
      (seed) =>
        [
          [seed, true],
          [seed, false],
        ] as const,
    ),
  )('keeps a raw disk of many holes (seed %i, holes told: %s)', async (seed, tells) => {
    const file = patchwork(seed, 8 * MiB);
    const target = disks.path();
    const options = { format: 'raw', readOnly: true } as const;
    const disk = await openDisk(file, tells ? options : { ...options, wrap: plainHost });
    try {
      await convertToFile(disk, target, { durable: false });
    } finally {
      disk.abandon();
    }
    expect(run('qemu-img', 'compare', '-f', 'raw', '-F', 'qcow2', file, target)).toContain(
      'identical',
    );
  });
});
