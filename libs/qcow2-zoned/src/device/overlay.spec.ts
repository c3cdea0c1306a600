/** Zoned overlays: what they begin with, what they show, and what power loss leaves of them. */
import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from '@jest/globals';
import { CrashFile } from '../crash-file.fixture.ts';
import { createImage } from '../create.ts';
import { KiB, MiB, qemuCheck, rawContent, run, testDisks } from '../disk.fixture.ts';
import { openDisk } from '../open.ts';
import { randomFrom, seeds } from '../random.fixture.ts';
import { ZonedDevice } from './zoned-device.ts';

const disks = testDisks();
const ZONED = { zoneSize: MiB, conventionalZones: 1 };
const BASE = { size: 5 * MiB, clusterSize: 64 * KiB, zoned: ZONED };
const HEALTHY = { corruptions: 0, leaks: 0, errors: 0 };

/** Zone 0 conventional; 1: 100 KiB of 1; 2: full of 2, 3: finished with 8 KiB of 3; 4: empty, reset once. */
async function base(): Promise<string> {
  const file = await disks.create(BASE);
  const device = await ZonedDevice.open(file);
  await device.write(4 * KiB, Buffer.alloc(4 * KiB, 9));
  await device.write(MiB, Buffer.alloc(100 * KiB, 1));
  await device.write(2 * MiB, Buffer.alloc(MiB, 2));
  await device.write(3 * MiB, Buffer.alloc(8 * KiB, 3));
  await device.manage('finish', 3);
  await device.write(4 * MiB, Buffer.alloc(MiB, 4));
  await device.manage('reset', 4);
  await device.close();
  return file;
}

async function overlayOf(file: string, options: object = {}): Promise<string> {
  const overlay = disks.path();
  const backing = { file: path.basename(file), format: 'qcow2' as const };
  await createImage(overlay, { backing, ...options });
  return overlay;
}

async function bytesAt(device: ZonedDevice, offset: number): Promise<number> {
  const sector = Buffer.alloc(512);
  await device.read(offset, sector);
  return sector[0] as number;
}

it.each([4 * KiB, 64 * KiB])(
  'begins with the zones of its base, clusters of %i',
  async (clusterSize) => {
    const file = await base();
    const overlay = await overlayOf(file, { clusterSize });
    const below = await ZonedDevice.open(file, { readOnly: true });
    const device = await ZonedDevice.open(overlay, { readOnly: true });
    expect(device.geometry).toEqual(below.geometry);
    expect(device.report(0, 5)).toEqual(below.report(0, 5));
    expect(device.writtenEnd(3)).toBe(3 * MiB + 8 * KiB);
    await below.close();
    await device.close();
    expect(rawContent(overlay).equals(rawContent(file))).toBe(true);
    expect(qemuCheck(overlay)).toEqual(HEALTHY);
  },
);

it('goes on at the write pointers, and never shows the base after a reset', async () => {
  const file = await base();
  const before = fs.readFileSync(file);
  const overlay = await overlayOf(file);
  const device = await ZonedDevice.open(overlay);
  await device.write(MiB + 100 * KiB, Buffer.alloc(4 * KiB, 5));
  await device.manage('reset', 2);
  await device.write(2 * MiB, Buffer.alloc(4 * KiB, 6));
  await device.manage('reset', 3);
  await device.close();
  expect(fs.readFileSync(file).equals(before)).toBe(true);
  expect(qemuCheck(overlay)).toEqual(HEALTHY);
  const raw = rawContent(overlay);
  expect([raw[4 * KiB], raw[MiB], raw[MiB + 100 * KiB], raw[MiB + 104 * KiB]]).toEqual([
    9, 1, 5, 0,
  ]);
  expect([raw[2 * MiB], raw[2 * MiB + 4 * KiB], raw[2 * MiB + 512 * KiB]]).toEqual([6, 0, 0]);
  expect(raw[3 * MiB]).toBe(0);
  const back = await ZonedDevice.open(overlay);
  expect(back.zone(2)).toMatchObject({ condition: 'closed', writePointer: 2 * MiB + 4 * KiB });
  await back.close();
});

it('gives empty zones over a plain base, of which nothing shows', async () => {
  const plain = await disks.create({ size: 3 * MiB + 512 });
  run('qemu-io', '-c', 'write -P 7 0 3M', plain);
  const overlay = await overlayOf(plain, { zoned: ZONED });
  const device = await ZonedDevice.open(overlay);
  expect(device.report(0, 4).map(({ condition }) => condition)).toEqual([
    ...['not-wp', 'empty', 'empty', 'empty'],
  ]);
  expect([await bytesAt(device, 0), await bytesAt(device, MiB)]).toEqual([0, 0]);
  await device.write(4 * KiB, Buffer.alloc(512, 1));
  await device.write(MiB, Buffer.alloc(512, 2));
  await device.close();
  const raw = rawContent(overlay);
  expect([raw[0], raw[4 * KiB], raw[8 * KiB], raw[MiB], raw[MiB + 512]]).toEqual([0, 1, 0, 2, 0]);
  expect(qemuCheck(overlay)).toEqual(HEALTHY);
});

it('refuses other zones or another size than its base has, and a base in doubt', async () => {
  const file = await base();
  await expect(overlayOf(file, { zoned: ZONED })).rejects.toThrow('an overlay has the zones of');
  await expect(overlayOf(file, { size: 6 * MiB })).rejects.toThrow('size: got 6291456');
  run('qemu-io', '-c', 'write -P 1 4M 64k', file);
  await expect(overlayOf(file)).rejects.toMatchObject({
    code: 'image_read_only',
    message: expect.stringContaining('zone 4: data at 4194304'),
  });
});

it('carries the zones in its snapshots', async () => {
  const overlay = await overlayOf(await base());
  const device = await ZonedDevice.open(overlay);
  await device.createSnapshot('one', new Date(0));
  await device.manage('reset', 2);
  await device.applySnapshot('one');
  expect(device.zone(2)).toMatchObject({ condition: 'full', resetCount: 0 });
  expect(await bytesAt(device, 2 * MiB)).toBe(2);
  await device.close();
  expect(qemuCheck(overlay)).toEqual(HEALTHY);
});

it('notices a foreign writer', async () => {
  const overlay = await overlayOf(await base());
  run('qemu-io', '-c', 'write -P 1 4M 64k', overlay);
  await expect(ZonedDevice.open(overlay)).rejects.toThrow('zone 4: data at 4194304');
});

it('never shows the zeroes of a base under a new write pointer', async () => {
  const random = randomFrom(1);
  const file = await base();
  const overlay = await overlayOf(file);
  const crashing = new CrashFile(overlay);
  const below = await openDisk(file, { readOnly: true, shared: true });
  const device = await ZonedDevice.attach(crashing, { backing: below });
  await device.write(MiB + 100 * KiB, Buffer.alloc(4 * KiB, 5));
  await device.flush();
  for (let moment = 0; moment <= crashing.now; moment++)
    for (let crash = 0; crash < 4; crash++) {
      const crashed = path.join(path.dirname(overlay), 'directed.qcow2');
      fs.writeFileSync(
        crashed,
        crashing.stateAt(moment, () => random() < 0.5),
      );
      const back = await ZonedDevice.open(crashed);
      const written = back.writtenEnd(1) - MiB;
      expect([100 * KiB, 104 * KiB]).toContain(written);
      if (written > 100 * KiB) expect(await bytesAt(back, MiB + 100 * KiB)).toBe(5);
      await back.close();
    }
  await device.close();
  await below.close();
});

const SECTOR = 512;
const ZONE_COUNT = 5;

it.each(seeds(4, 800))(
  'has no write pointer past durable data after power loss (seed %i)',
  async (seed) => {
    const random = randomFrom(seed);
    const file = await base();
    const clusterSize = [4 * KiB, 16 * KiB, 64 * KiB][Math.floor(random() * 3)] as number;
    const overlay = await overlayOf(file, { clusterSize });
    const crashing = new CrashFile(overlay);
    const below = await openDisk(file, { readOnly: true, shared: true });
    const device = await ZonedDevice.attach(crashing, { backing: below });
    /** The content of each life of each zone, by reset count. */
    const lives = new Map<string, Buffer>();
    const content = Buffer.alloc(5 * MiB);
    for (let zone = 1; zone < ZONE_COUNT; zone++)
      await device.read(zone * MiB, content.subarray(zone * MiB, (zone + 1) * MiB));
    const note = (zone: number): void => {
      const life = content.subarray(zone * MiB, (zone + 1) * MiB);
      lives.set(`${zone} ${device.zone(zone).resetCount}`, Buffer.from(life));
    };
    for (let zone = 1; zone < ZONE_COUNT; zone++) note(zone);
    const promises: { moment: number; ends: number[]; counts: number[] }[] = [];
    for (let step = 0; step < 40; step++) {
      const zone = 1 + Math.floor(random() * 4);
      const { condition, writePointer } = device.zone(zone);
      const choice = random();
      if (choice < 0.15 || condition === 'full') {
        await device.manage('reset', zone);
        content.fill(0, zone * MiB, (zone + 1) * MiB);
      } else if (choice < 0.8) {
        const length = Math.min(
          (zone + 1) * MiB - writePointer,
          SECTOR * (1 + Math.floor(random() * 200)),
        );
        const data = Buffer.alloc(length, 1 + Math.floor(random() * 255));
        await device.write(writePointer, data);
        data.copy(content, writePointer);
      } else {
        const ends = [1, 2, 3, 4].map((index) => device.writtenEnd(index));
        const counts = [1, 2, 3, 4].map((index) => device.zone(index).resetCount);
        await device.flush();
        promises.push({ moment: crashing.now, ends, counts });
      }
      note(zone);
    }
    for (let crash = 0; crash < 4; crash++) {
      const moment = Math.floor(random() * (crashing.now + 1));
      const share = [0, 1, random()][Math.floor(random() * 3)] as number;
      const crashed = path.join(path.dirname(overlay), `crash-${seed}.qcow2`);
      fs.writeFileSync(
        crashed,
        crashing.stateAt(moment, () => random() < share),
      );
      expect(qemuCheck(crashed)).toMatchObject({ corruptions: 0, errors: 0 });
      const back = await ZonedDevice.open(crashed);
      const promised = promises.filter((promise) => promise.moment <= moment).at(-1);
      const ends = [1, 2, 3, 4].map((zone) => back.writtenEnd(zone));
      const counts = [1, 2, 3, 4].map((zone) => back.zone(zone).resetCount);
      await back.close();
      expect(qemuCheck(crashed)).toMatchObject({ corruptions: 0, errors: 0 });
      const raw = rawContent(crashed);
      for (let i = 0; i < 4; i++) {
        const zone = i + 1;
        const end = (ends[i] as number) - zone * MiB;
        expect(counts[i]).toBeGreaterThanOrEqual(promised?.counts[i] ?? 0);
        if (promised?.counts[i] === counts[i])
          expect(ends[i]).toBeGreaterThanOrEqual(promised?.ends[i] as number);
        const life = lives.get(`${zone} ${counts[i]}`) as Buffer;
        const found = raw.subarray(zone * MiB, (zone + 1) * MiB);
        expect(found.subarray(0, end).equals(life.subarray(0, end))).toBe(true);
        expect(found.subarray(end).equals(Buffer.alloc(MiB - end))).toBe(true);
      }
      fs.rmSync(crashed);
    }
    await device.close();
    await below.close();
  },
);
