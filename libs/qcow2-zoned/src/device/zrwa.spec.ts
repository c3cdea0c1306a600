/** Random write areas and descriptor extensions on disk: across openings, snapshots and power loss. */
import fs from 'node:fs';
import { expect, it } from '@jest/globals';
import { checkImage } from '../check/check.ts';
import { CrashFile } from '../crash-file.fixture.ts';
import { KiB, MiB, qemuCheck, rawContent, run, testDisks } from '../disk.fixture.ts';
import { randomFrom, seeds } from '../random.fixture.ts';
import { ZonedDevice } from './zoned-device.ts';

const disks = testDisks();
const AREA = 64 * KiB;
const UNIT = 8 * KiB;
const ZONED = {
  ...{ zoneSize: MiB, zoneCapacity: 512 * KiB, profile: 'zns' as const },
  ...{ zrwaSize: AREA, zrwaFlushGranularity: UNIT, zrwaZones: 2, descriptorExtensionSize: 64 },
};
const DISK = { size: 4 * MiB, clusterSize: 16 * KiB, zoned: ZONED };

async function bytesOf(device: ZonedDevice, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  await device.read(offset, bytes);
  return bytes;
}

it('keeps the area, what it holds, and the extension across openings', async () => {
  const file = await disks.create(DISK);
  const device = await ZonedDevice.open(file);
  await device.openWithZrwa(0);
  await device.write(20 * KiB, Buffer.alloc(4 * KiB, 7));
  await device.setExtension(1, Buffer.alloc(64, 9));
  await device.close();
  expect(qemuCheck(file)).toEqual({ corruptions: 0, leaks: 0, errors: 0 });
  const again = await ZonedDevice.open(file);
  expect(again.zone(0)).toMatchObject({ condition: 'closed', writePointer: 0, zrwa: true });
  expect(again.zone(1)).toMatchObject({ condition: 'closed', extension: true });
  expect(again.extension(1)).toEqual(Buffer.alloc(64, 9));
  expect([...(await bytesOf(again, 20 * KiB, 512)).subarray(0, 2)]).toEqual([7, 7]);
  await again.commitZrwa(0, 4 * UNIT);
  await again.write(32 * KiB, Buffer.alloc(4 * KiB, 8));
  await again.close();
  const raw = rawContent(file);
  expect([raw[0], raw[20 * KiB], raw[24 * KiB], raw[32 * KiB], raw[36 * KiB]]).toEqual([
    0, 7, 0, 8, 0,
  ]);
});

it.each<[string, (device: ZonedDevice) => unknown, string]>([
  ['finish', (device) => device.manage('finish', 0), 'full'],
  ['finish of a range', (device) => device.manageRange('finish', 0, 2 * MiB), 'full'],
  ['finish of all', (device) => device.manageAll('finish'), 'full'],
  ['a fault', (device) => device.setCondition(0, 'read-only'), 'read-only'],
])('leaves what the area holds to be read after %s, a crash included', async (_name, end, name) => {
  const file = await disks.create(DISK);
  const device = await ZonedDevice.open(file);
  await device.openWithZrwa(0);
  await device.write(40 * KiB, Buffer.alloc(4 * KiB, 7));
  await end(device);
  await device.flush();
  const copy = disks.path();
  fs.copyFileSync(file, copy);
  await device.close();
  for (const image of [file, copy]) {
    const back = await ZonedDevice.open(image);
    expect(back.zone(0).condition).toBe(name);
    expect([...(await bytesOf(back, 40 * KiB, 512)).subarray(0, 2)]).toEqual([7, 7]);
    await back.close();
    expect(qemuCheck(image)).toMatchObject({ corruptions: 0, errors: 0 });
  }
});

it('shows nothing in a new area of a write that failed there before', async () => {
  const device = await ZonedDevice.open(await disks.create(DISK));
  device.setFaults({ rules: [{ on: 'write', nth: 1, torn: 8 }] });
  expect(() => device.write(0, Buffer.alloc(512 * KiB, 7))).toThrow('injected fault');
  await device.openWithZrwa(0);
  await device.write(32 * KiB, Buffer.alloc(512, 8));
  const bytes = await bytesOf(device, 0, AREA);
  expect([bytes.indexOf(7), bytes.indexOf(8)]).toEqual([-1, 32 * KiB]);
  await device.close();
});

it('shows nothing of a write that failed past an area, once a commit moves the area there', async () => {
  const device = await ZonedDevice.open(await disks.create(DISK));
  await device.openWithZrwa(0);
  device.setFaults({ rules: [{ on: 'write', nth: 1, torn: 8 }] });
  expect(() => device.write(AREA, Buffer.alloc(UNIT, 7))).toThrow('injected fault');
  await device.commitZrwa(0, 2 * UNIT);
  expect((await bytesOf(device, 0, AREA + 2 * UNIT)).indexOf(7)).toBe(-1);
  await device.close();
});

it('leaves a zone its extension where the write that filled it failed', async () => {
  const device = await ZonedDevice.open(await disks.create(DISK));
  await device.setExtension(1, Buffer.alloc(64, 9));
  device.setFaults({ rules: [{ on: 'write', nth: 1, fail: 'io_error' }] });
  expect(() => device.write(MiB, Buffer.alloc(512 * KiB, 7))).toThrow('injected fault');
  expect(device.zone(1)).toMatchObject({ condition: 'closed', writePointer: MiB, extension: true });
  expect(device.extension(1)).toEqual(Buffer.alloc(64, 9));
  await device.close();
});

it('keeps the extension with the data of a snapshot', async () => {
  const file = await disks.create(DISK);
  const device = await ZonedDevice.open(file);
  await device.setExtension(1, Buffer.alloc(64, 1));
  await device.createSnapshot('one', new Date(0));
  await device.manage('reset', 1);
  await device.setExtension(1, Buffer.alloc(64, 2));
  await device.flush();
  await device.applySnapshot('one');
  expect(device.extension(1)).toEqual(Buffer.alloc(64, 1));
  await device.close();
  expect(qemuCheck(file)).toEqual({ corruptions: 0, leaks: 0, errors: 0 });
});

it('refuses an extension of another length', async () => {
  const device = await ZonedDevice.open(await disks.create(DISK));
  expect(() => device.setExtension(1, Buffer.alloc(65))).toThrow('65 bytes, allowed is 64');
  await device.close();
});

it.each([64, 192, 496, 512, 4096].filter((size) => size % 64 === 0))(
  'stores extensions of %i bytes, each its own',
  async (size) => {
    const zoned = { ...ZONED, descriptorExtensionSize: size };
    const file = await disks.create({ ...DISK, size: 40 * MiB, zoned });
    const device = await ZonedDevice.open(file);
    const value = (zone: number) => Buffer.alloc(size, zone + 1);
    for (let zone = 0; zone < 40; zone += 3) await device.setExtension(zone, value(zone));
    await device.close();
    const back = await ZonedDevice.open(file, { readOnly: true });
    for (let zone = 0; zone < 40; zone++)
      expect(back.extension(zone)).toEqual(zone % 3 === 0 ? value(zone) : undefined);
    await back.close();
    expect(qemuCheck(file)).toEqual({ corruptions: 0, leaks: 0, errors: 0 });
  },
);

/** One life of the zone: the tag of each 4 KiB block over time, the extension, and the write pointer. */
interface Life {
  readonly blocks: number[][];
  /** Every one that it had: a reset of a zone with nothing written begins no new life. */
  readonly extensions: number[];
  pointer: number;
}

const BLOCK = 4 * KiB;
const BLOCKS = (512 * KiB) / BLOCK;
const newLife = (): Life => ({
  blocks: Array.from({ length: BLOCKS }, () => [0]),
  extensions: [],
  pointer: 0,
});

it.each(seeds(5, 600))('keeps areas and extensions through power loss (seed %i)', async (seed) => {
  const random = randomFrom(seed);
  const image = await disks.create(DISK);
  const file = new CrashFile(image);
  const device = await ZonedDevice.attach(file);
  const lives: Life[] = [newLife()];
  const promises: { moment: number; life: number; pointer: number; versions: number[] }[] = [];
  let tag = 0;
  for (let step = 0; step < 60; step++) {
    const life = lives.at(-1) as Life;
    const { condition, writePointer } = device.zone(0);
    const choice = random();
    if (condition === 'empty' && choice < 0.5) {
      life.extensions.push(++tag % 255);
      await device.setExtension(0, Buffer.alloc(64, tag % 255));
      await device.manage('open', 0);
    } else if (condition === 'empty') await device.openWithZrwa(0);
    else if (condition === 'full' || choice < 0.06) {
      await device.manage('reset', 0);
      if (device.zone(0).resetCount === lives.length) lives.push(newLife());
      // the write pointer had not moved: what only the area held is gone all the same
      else for (const tags of life.blocks) if (tags.at(-1) !== 0) tags.push(0);
    } else if (choice < 0.2) {
      const versions = life.blocks.map((tags) => tags.length - 1);
      const promise = { life: lives.length - 1, pointer: device.writtenEnd(0), versions };
      await device.flush();
      promises.push({ ...promise, moment: file.now });
    } else if (device.zone(0).zrwa && choice < 0.3) {
      await device.commitZrwa(0, Math.min(writePointer + UNIT, 512 * KiB));
    } else {
      const area = device.zone(0).zrwa ? 2 * AREA : BLOCK;
      const from = writePointer / BLOCK + Math.floor((random() * (area - BLOCK)) / BLOCK);
      if (from < BLOCKS) {
        const value = (++tag % 250) + 1;
        life.blocks[from]?.push(value);
        await device.write(from * BLOCK, Buffer.alloc(BLOCK, value));
      }
    }
    life.pointer = Math.max(
      life.pointer,
      device.zone(0).condition === 'empty' ? 0 : device.writtenEnd(0),
    );
  }
  for (let crash = 0; crash < 6; crash++) {
    const moment = Math.floor(random() * (file.now + 1));
    const crashed = disks.path();
    const share = [0, 1, random()][Math.floor(random() * 3)] as number;
    fs.writeFileSync(
      crashed,
      file.stateAt(moment, () => random() < share),
    );
    expect(qemuCheck(crashed)).toMatchObject({ corruptions: 0, errors: 0 });
    const back = await ZonedDevice.open(crashed);
    const promised = promises.filter((promise) => promise.moment <= moment).at(-1);
    const zone = back.zone(0);
    const life = lives[zone.resetCount] as Life;
    expect(zone.resetCount).toBeGreaterThanOrEqual(promised?.life ?? 0);
    const same = promised?.life === zone.resetCount;
    if (same) expect(back.writtenEnd(0)).toBeGreaterThanOrEqual(promised.pointer);
    expect(back.writtenEnd(0)).toBeLessThanOrEqual(life.pointer);
    const extension = [...(back.extension(0) ?? [])];
    expect(new Set(extension).size).toBe(zone.extension ? 1 : 0);
    if (zone.extension) expect(life.extensions).toContain(extension[0]);
    const content = await bytesOf(back, 0, 512 * KiB);
    const readable = back.writtenEnd(0) + (zone.zrwa ? AREA : 0);
    life.blocks.forEach((tags, block) => {
      const sectors = Array.from(
        { length: BLOCK / 512 },
        (_, i) => content[block * BLOCK + i * 512],
      );
      const oldest = same ? (promised.versions[block] as number) : 0;
      const possible = block * BLOCK < readable ? tags.slice(oldest) : [0];
      for (const sector of sectors)
        expect([block, possible]).toEqual([block, expect.arrayContaining([sector])]);
    });
    await back.close();
    expect(qemuCheck(crashed)).toMatchObject({ corruptions: 0, errors: 0 });
    fs.rmSync(crashed);
  }
  await device.close();
});

it('keeps areas and extensions in a repair of the zone table', async () => {
  const file = await disks.create(DISK);
  const device = await ZonedDevice.open(file);
  await device.openWithZrwa(0);
  await device.write(20 * KiB, Buffer.alloc(4 * KiB, 7));
  await device.setExtension(1, Buffer.alloc(64, 9));
  await device.close();
  run('qemu-io', '-c', 'write -P 1 3M 64k', file);
  await checkImage(file, { repair: 'all' });
  const back = await ZonedDevice.open(file);
  expect(back.zone(0)).toMatchObject({ zrwa: true, writePointer: 0 });
  expect([...(await bytesOf(back, 20 * KiB, 512)).subarray(0, 2)]).toEqual([7, 7]);
  expect(back.extension(1)).toEqual(Buffer.alloc(64, 9));
  expect(back.zone(3).writePointer).toBe(3 * MiB + 64 * KiB);
  await back.close();
});
