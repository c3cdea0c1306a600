/** Images made to do harm: what `info`, opening, reading, `check` and `check -r all` say of each. */
import fs from 'node:fs';
import { expect, it } from '@jest/globals';
import { type CheckReport, checkImage } from '../check/check.ts';
import { ZonedDevice } from '../device/zoned-device.ts';
import { KiB, MiB, run, testDisks } from '../disk.fixture.ts';
import { ImageError } from '../errors.ts';
import { inspectImage } from '../info.ts';
import { ATTACKS, type Outcome } from './attacks.fixture.ts';

const disks = testDisks();
/** QEMU's limit. */
const MOST_BITMAPS = 65_535;

/** Images of both kinds, used a little, made once. */
async function baseImage(kind: 'zoned' | 'plain'): Promise<Buffer> {
  if (kind === 'plain') {
    const file = disks.path();
    run('qemu-img', 'create', '-q', '-f', 'qcow2', file, '8M');
    run('qemu-io', '-c', 'write -P 1 0 256k', file);
    return fs.readFileSync(file);
  }
  const file = await disks.create({
    size: 8 * MiB,
    zoned: { zoneSize: MiB, conventionalZones: 1 },
  });
  const device = await ZonedDevice.open(file);
  await device.write(0, Buffer.alloc(64 * KiB, 1));
  await device.write(MiB, Buffer.alloc(256 * KiB, 1));
  await device.close();
  return fs.readFileSync(file);
}

/** `works`, or the one line that was said. Anything but an `ImageError` is a failure of the test. */
async function said(work: () => Promise<unknown>): Promise<string> {
  try {
    await work();
    return 'works';
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    expect(error.message).not.toContain('\n');
    return error.message;
  }
}

async function readAll(file: string): Promise<void> {
  const device = await ZonedDevice.open(file, { readOnly: true });
  try {
    await device.read(0, Buffer.alloc(8 * MiB));
  } finally {
    await device.close();
  }
}

async function writeSome(file: string): Promise<void> {
  const device = await ZonedDevice.open(file);
  try {
    await device.write(0, Buffer.alloc(128 * KiB, 5));
    await device.flush();
  } finally {
    await device.close();
  }
}

function verdict({ corruptions, leaks, checkErrors, zoneFaults }: CheckReport): 'works' | 'found' {
  return corruptions + leaks + checkErrors + zoneFaults === 0 ? 'works' : 'found';
}

it.each(ATTACKS)('$attack', async (row) => {
  const image = await baseImage(row.on ?? 'zoned');
  row.make(image);
  const file = disks.path();
  fs.writeFileSync(file, image);
  const copy = disks.path();
  fs.writeFileSync(copy, image);
  const seen = {
    info: await said(() => inspectImage(file)),
    open: await said(() => readAll(file)),
    check: await said(async () => {
      const report = await checkImage(file);
      if (verdict(report) === 'found') throw new ImageError('invalid_image', 'found');
    }),
    write: await said(() => writeSome(copy)),
    repair: await said(async () => {
      const report = await checkImage(file, { repair: 'all' });
      throw new ImageError('invalid_image', verdict(report) === 'works' ? 'mended' : 'left');
    }),
  };
  const asExpected = (outcome: Outcome) =>
    outcome instanceof RegExp ? expect.stringMatching(outcome) : outcome;
  const { info, open, check, repair, write } = row;
  expect(seen).toEqual({
    info: asExpected(info),
    open: asExpected(open),
    check: asExpected(check),
    write: write === undefined ? expect.any(String) : asExpected(write),
    repair: asExpected(repair),
  });
});

it('never asks for memory by the size that a header claims', async () => {
  const file = disks.path();
  run('qemu-img', 'create', '-q', '-f', 'qcow2', '-o', 'cluster_size=2M', file, '7P');
  const before = process.memoryUsage().arrayBuffers;
  expect((await inspectImage(file)).virtualSize).toBe(7 * 1024 ** 5);
  await checkImage(file);
  const device = await ZonedDevice.open(file, { readOnly: true });
  await device.read(6 * 1024 ** 5, Buffer.alloc(4 * KiB));
  await device.close();
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * MiB);
});

it('checks an image that names files elsewhere without opening them', async () => {
  const [file, backing] = [disks.path(), disks.path()];
  run('qemu-img', 'create', '-q', '-f', 'raw', backing, '1M');
  run('qemu-img', 'create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', backing, file);
  fs.rmSync(backing);
  expect((await inspectImage(file)).backingFile).toBe(backing);
  expect(verdict(await checkImage(file))).toBe('works');
  expect(verdict(await checkImage(file, { repair: 'all' }))).toBe('works');
});

it('lists, checks and repairs the most bitmaps that there may be', async () => {
  const file = disks.path();
  run('qemu-img', 'create', '-q', '-f', 'qcow2', file, '1M');
  run('qemu-img', 'bitmap', '--add', file, 'x');
  const image = fs.readFileSync(file);
  const extension = image.indexOf(Buffer.from([0x23, 0x85, 0x28, 0x75, 0, 0, 0, 24])) + 8;
  const entry = image.subarray(Number(image.readBigUInt64BE(extension + 16)));
  const NAME_BYTES = 40;
  const entryBytes = 24 + NAME_BYTES;
  const directory = Buffer.alloc(MOST_BITMAPS * entryBytes, 'name');
  for (let index = 0; index < MOST_BITMAPS; index++) {
    entry.copy(directory, index * entryBytes, 0, 24);
    directory.writeUInt16BE(NAME_BYTES, index * entryBytes + 18);
    directory.write(String(index).padStart(5, '0'), index * entryBytes + 24);
  }
  const offset = Math.ceil(image.length / (64 * KiB)) * 64 * KiB;
  image.writeUInt32BE(MOST_BITMAPS, extension);
  image.writeBigUInt64BE(BigInt(directory.length), extension + 8);
  image.writeBigUInt64BE(BigInt(offset), extension + 16);
  fs.writeFileSync(file, Buffer.concat([image, Buffer.alloc(offset - image.length), directory]));
  expect((await inspectImage(file)).bitmaps.length).toBe(MOST_BITMAPS);
  expect(verdict(await checkImage(file))).toBe('found');
  // QEMU compares each name with all others, and takes minutes: it is not asked
  expect(verdict(await checkImage(file, { repair: 'all' }))).toBe('works');
});
