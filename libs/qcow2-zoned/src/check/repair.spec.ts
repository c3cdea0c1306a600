/** Repairs of images with random damage, judged by stock QEMU; and what a crash inside a repair may leave. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CrashFile } from '../crash-file.fixture.ts';
import { qemuCheck } from '../disk.fixture.ts';
import { randomFrom, seeds } from '../random.fixture.ts';
import { checkFile, checkImage, repairFile } from './check.ts';
import { damaged, metadataPlaces, type Place, stockImages } from './damage.fixture.ts';

let folder: string;
let images: Map<string, Buffer>;
/** What the disks hold. */
const sound = new Map<string, Buffer>();

beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'zonelab-repair-'));
  images = stockImages(folder);
  for (const [kind, image] of images)
    sound.set(kind, content(write('sound.qcow2', image)) as Buffer);
});
afterAll(() => fs.rmSync(folder, { recursive: true }));

const write = (name: string, bytes: Buffer): string => {
  const file = path.join(folder, name);
  fs.writeFileSync(file, bytes);
  return file;
};

const SECTOR_BYTES = 512;

/** What stock QEMU reads, zeroes where it cannot read; undefined where it does not open the image. */
function content(file: string): Buffer | undefined {
  const raw = path.join(folder, 'raw-content');
  const words = ['convert', '--salvage', '-f', 'qcow2', '-O', 'raw', file, raw];
  return spawnSync('qemu-img', words).status === 0 ? fs.readFileSync(raw) : undefined;
}

/** Sectors of the sound disk that could be read before, and cannot be read after. */
function lostSectors(
  sound: Buffer,
  before: Buffer | undefined,
  after: Buffer | undefined,
): number[] {
  const lost: number[] = [];
  const holds = (disk: Buffer | undefined, at: number): boolean =>
    disk !== undefined &&
    sound.subarray(at, at + SECTOR_BYTES).equals(disk.subarray(at, at + SECTOR_BYTES));
  for (let at = 0; at < sound.length; at += SECTOR_BYTES)
    if (holds(before, at) && !holds(after, at)) lost.push(at);
  return lost;
}

it.each(seeds(3, 200))(
  'leaves images that stock QEMU finds sound, and the data as it was (seed %i)',
  async (seed) => {
    const random = randomFrom(seed);
    for (const [kind, image] of images) {
      const { bytes, what } = damaged(image, random);
      const file = write('damaged.qcow2', bytes);
      const before = content(file);
      const { findings, repaired } = await checkImage(file, { repair: 'all' });
      const left = findings.map(({ message }) => message).join('\n');
      expect({ kind, what, left }).toEqual({ kind, what, left: '' });
      expect({ kind, what, ...qemuCheck(file) }).toEqual({
        kind,
        what,
        corruptions: 0,
        leaks: 0,
        errors: 0,
      });
      const lost = lostSectors(sound.get(kind) as Buffer, before, content(file));
      expect({ kind, what, lost }).toEqual({ kind, what, lost: [] });
      const again = await checkImage(file, { repair: 'all' });
      expect(again.repaired).toMatchObject({ leaks: 0, corruptions: 0, checkErrors: 0 });
      expect(repaired).toBeDefined();
    }
  },
);

it('does not mend entries in data that a wrong L1 entry takes for a table', async () => {
  const image = Buffer.from(images.get('cluster_size=512') as Buffer);
  const l1 = Number(image.readBigUInt64BE(40));
  const l2 = image.readBigUInt64BE(l1) & 0x00ff_ffff_ffff_fe00n;
  const data = image.readBigUInt64BE(Number(l2)) & 0x00ff_ffff_ffff_fe00n;
  image.writeBigUInt64BE((1n << 63n) | data, l1 + 8 * 60);
  const file = write('no-table.qcow2', image);
  expect((await checkImage(file, { repair: 'all' })).findings).toEqual([]);
  const kept = sound.get('cluster_size=512') as Buffer;
  expect(lostSectors(kept, kept, content(file))).toEqual([]);
});

it('takes no snapshot table for an L2 table, though an L1 entry leads to it', async () => {
  const kind = 'cluster_size=4k snapshot';
  const image = Buffer.from(images.get(kind) as Buffer);
  const table = image.readBigUInt64BE(64);
  const l1 = Number(image.readBigUInt64BE(Number(table)));
  image.writeBigUInt64BE((1n << 63n) | table, l1); // of the snapshot, not of the disk
  const file = write('snapshot-table.qcow2', image);
  expect((await checkImage(file, { repair: 'all' })).findings).toEqual([]);
  expect(qemuCheck(file)).toEqual({ corruptions: 0, leaks: 0, errors: 0 });
  expect(content(file)?.equals(sound.get(kind) as Buffer)).toBe(true);
});

it('frees leaks alone when asked for no more', async () => {
  const image = Buffer.from(images.get('cluster_size=64k') as Buffer);
  const block = Number(image.readBigUInt64BE(Number(image.readBigUInt64BE(48))));
  image.writeUInt16BE(1, block + 2 * 40); // a cluster past the end of the file is no leak of its own
  image.writeUInt16BE(2, block + 2 * 5);
  const file = write('leaks.qcow2', image);
  const { repaired, leaks, corruptions } = await checkImage(file, { repair: 'leaks' });
  expect({ leaks, corruptions, mended: repaired?.leaks }).toEqual({
    leaks: 0,
    corruptions: 0,
    mended: 1,
  });
  expect(qemuCheck(file)).toEqual({ corruptions: 0, leaks: 0, errors: 0 });
});

it('clears the dirty and corrupt bits once nothing is left to find', async () => {
  const image = Buffer.from(images.get('cluster_size=4k') as Buffer);
  image.writeUInt8(0b11, 79);
  const file = write('bits.qcow2', image);
  await checkImage(file, { repair: 'all' });
  expect(fs.readFileSync(file).readUInt8(79)).toBe(0);
});

it('keeps the bytes of a snapshot name that is no text, where the table is written anew', async () => {
  const image = Buffer.from(images.get('cluster_size=4k snapshot') as Buffer);
  const table = Number(image.readBigUInt64BE(64));
  image.writeUInt32BE(0x0020_0001, table + 8); // an L1 table far past the end of the file
  const nameAt = table + 40 + image.readUInt32BE(table + 36) + image.readUInt16BE(table + 12);
  image.write('\xff\xfe\xfdt', nameAt, 'latin1');
  const file = write('name.qcow2', image);
  expect((await checkImage(file, { repair: 'all' })).findings).toEqual([]);
  const after = fs.readFileSync(file);
  expect(
    after.includes(Buffer.from('\xff\xfe\xfdt', 'latin1'), Number(after.readBigUInt64BE(64))),
  ).toBe(true);
  expect(qemuCheck(file)).toEqual({ corruptions: 0, leaks: 0, errors: 0 });
});

it('drops bitmaps that software without bitmaps has made stale, with the space that they took', async () => {
  const image = Buffer.from(images.get('cluster_size=4k bitmaps') as Buffer);
  image.writeUInt8(image.readUInt8(95) & ~1, 95);
  const file = write('stale.qcow2', image);
  const { repaired } = await checkImage(file, { repair: 'leaks' });
  expect(repaired?.leaks).toBeGreaterThan(0);
  expect(qemuCheck(file)).toEqual({ corruptions: 0, leaks: 0, errors: 0 });
  expect(fs.readFileSync(file).includes(Buffer.from([0x23, 0x85, 0x28, 0x75]))).toBe(false);
});

describe('bitmaps that stock QEMU does not open an image with', () => {
  /** Places in the second entry of the directory, which begins after 32 bytes. */
  const TABLE_ENTRIES_AT = 32 + 8;
  const FLAGS_AT = 32 + 12;
  const NAME_AT = 32 + 24;
  const withDirectory = (change: (directory: Buffer) => void): string => {
    const image = Buffer.from(images.get('cluster_size=4k bitmaps') as Buffer);
    const { offset } = metadataPlaces(image).find(
      ({ what }) => what === 'bitmap directory',
    ) as Place;
    change(image.subarray(offset));
    return write('bitmaps.qcow2', image);
  };

  it.each([
    {
      fault: 'a table longer than the disk needs',
      change: (directory: Buffer) => directory.writeUInt32BE(65, TABLE_ENTRIES_AT),
    },
    {
      fault: 'a name twice',
      change: (directory: Buffer) => directory.write('a', NAME_AT),
    },
  ])('fail the check and are dropped by a repair: $fault', async ({ change }) => {
    const file = withDirectory((directory) => void change(directory));
    expect(spawnSync('qemu-img', ['check', file]).status).toBe(1);
    const { checkErrors, corruptions, leaks } = await checkImage(file);
    expect({ checkErrors, corruptions, leaks }).toEqual({
      checkErrors: 1,
      corruptions: 0,
      leaks: 0,
    });
    expect((await checkImage(file, { repair: 'all' })).findings).toEqual([]);
    expect(qemuCheck(file)).toEqual({ corruptions: 0, leaks: 0, errors: 0 });
    const kept = sound.get('cluster_size=4k bitmaps') as Buffer;
    expect(lostSectors(kept, kept, content(file))).toEqual([]);
  });

  it('stay where they are marked as in use, whatever the length of the table', async () => {
    const file = withDirectory((directory) => {
      directory.writeUInt32BE(65, TABLE_ENTRIES_AT);
      directory.writeUInt32BE(1, FLAGS_AT);
    });
    const before = fs.readFileSync(file);
    expect((await checkImage(file, { repair: 'all' })).findings).toEqual([]);
    expect(fs.readFileSync(file).equals(before)).toBe(true);
    expect(qemuCheck(file)).toEqual({ corruptions: 0, leaks: 0, errors: 0 });
  });
});

describe('a crash inside a repair', () => {
  it.each(seeds(3, 60))(
    'loses nothing, and the next repair ends the work (seed %i)',
    async (seed) => {
      const random = randomFrom(seed);
      for (const kind of ['cluster_size=4k', 'cluster_size=4k snapshot']) {
        const { bytes, what } = damaged(images.get(kind) as Buffer, random);
        const file = write('crash.qcow2', bytes);
        const before = content(file);
        const disk = new CrashFile(file);
        const { findings } = await repairFile(disk, 'all');
        if (findings.length > 0) continue;
        for (let trial = 0; trial < 4; trial++) {
          const moment = Math.floor(random() * (disk.now + 1));
          const crashed = write(
            'crashed.qcow2',
            disk.stateAt(moment, () => random() < 0.5),
          );
          const place = { kind, what, moment, trial };
          const lost = lostSectors(sound.get(kind) as Buffer, before, content(crashed));
          expect({ ...place, lost }).toEqual({ ...place, lost: [] });
          const { findings: left } = await checkImage(crashed, { repair: 'all' });
          expect({ ...place, left }).toEqual({ ...place, left: [] });
          expect({ ...place, ...qemuCheck(crashed) }).toEqual({
            ...place,
            corruptions: 0,
            leaks: 0,
            errors: 0,
          });
        }
      }
    },
  );

  it('that makes refcounts anew leaves no more errors than there were', async () => {
    const image = Buffer.from(images.get('cluster_size=4k') as Buffer);
    const table = Number(image.readBigUInt64BE(48));
    image.writeUInt8(image.readUInt8(table + 7) | 1, table + 7); // a reserved bit: the block still counts
    const disk = new CrashFile(write('rebuild.qcow2', image));
    const before = checkFile(disk).corruptions;
    await repairFile(disk, 'all');
    for (let moment = 0; moment <= disk.now; moment++)
      for (const keeps of [() => false, () => true, () => moment % 2 === 0]) {
        // the header's sector is the last thing that is written: it must find the rest durable
        const last = disk.stateAt(moment, keeps);
        const file = write('rebuild-crashed.qcow2', last);
        expect((await checkImage(file)).corruptions).toBeLessThanOrEqual(before);
      }
    for (let trial = 0; trial < 40; trial++) {
      const random = randomFrom(trial);
      const state = disk.stateAt(Math.floor(random() * (disk.now + 1)), () => random() < 0.5);
      const { corruptions } = await checkImage(write('rebuild-crashed.qcow2', state));
      expect({ trial, more: corruptions > before }).toEqual({ trial, more: false });
    }
  });
});
