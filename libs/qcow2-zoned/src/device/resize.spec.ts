/** Zoned disks of another size: what is kept, what is refused, and what power loss leaves. */
import fs from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { checkImage } from '../check/check.ts';
import { CrashFile } from '../crash-file.fixture.ts';
import { KiB, MiB, qemuCheck, rawContent, testDisks } from '../disk.fixture.ts';
import { inspectImage } from '../info.ts';
import { randomFrom, seeds } from '../random.fixture.ts';
import { ZonedDevice } from './zoned-device.ts';

const disks = testDisks();
const ZONED = { zoneSize: MiB, conventionalZones: 1 };
const HEALTHY = { corruptions: 0, leaks: 0, errors: 0 };

/** Zone 0 conventional with 9, zone 1 with 100 KiB of 1, zone 2 finished at 8 KiB of 2, the others empty. */
async function disk(size: number, clusterSize: number, extendedL2 = false): Promise<string> {
  const file = await disks.create({ size, clusterSize, extendedL2, zoned: ZONED });
  const device = await ZonedDevice.open(file);
  await device.write(4 * KiB, Buffer.alloc(4 * KiB, 9));
  await device.write(MiB, Buffer.alloc(100 * KiB, 1));
  await device.write(2 * MiB, Buffer.alloc(8 * KiB, 2));
  await device.manage('finish', 2);
  await device.write(3 * MiB, Buffer.alloc(4 * KiB, 3));
  await device.manage('reset', 3);
  await device.close();
  return file;
}

const known = (device: ZonedDevice, count: number) =>
  device
    .report(0, count)
    .map(({ condition, resetCount, index, size }) => [
      ...[condition, resetCount, size, device.writtenEnd(index) % MiB],
    ]);

describe.each([
  ['within one L1 entry', 64 * KiB, 6 * MiB, 11 * MiB],
  ['into more blocks of the table', 4 * KiB, 6 * MiB, 100 * MiB],
  ['past the old zone table', 512, 6 * MiB, 24 * MiB],
  ['by a short last zone', 4 * KiB, 6 * MiB, 7 * MiB + 300 * KiB],
  ['from a short last zone', 4 * KiB, 6 * MiB + 300 * KiB, 9 * MiB],
])('%s', (_name, clusterSize, small, large) => {
  it('grows, keeping zones and data', async () => {
    const file = await disk(small, clusterSize);
    const device = await ZonedDevice.open(file);
    const before = known(device, 6);
    await device.resize(large);
    expect(device.size).toBe(large);
    expect(known(device, 6)).toEqual(before);
    const last = device.geometry?.zoneCount ?? 0;
    expect(device.zone(last - 1)).toMatchObject({ condition: 'empty' });
    await device.write((last - 1) * MiB, Buffer.alloc(4 * KiB, 5));
    await device.close();
    expect(qemuCheck(file)).toEqual(HEALTHY);
    expect(await checkImage(file)).toMatchObject({ zoneFaults: 0, corruptions: 0, leaks: 0 });
    const raw = rawContent(file);
    expect(raw.length).toBe(large);
    expect([raw[4 * KiB], raw[MiB], raw[2 * MiB], raw[(last - 1) * MiB]]).toEqual([9, 1, 2, 5]);
    expect((await inspectImage(file)).zoned?.geometry.zoneCount).toBe(last);
    const back = await ZonedDevice.open(file);
    expect(back.zone(last - 1).writePointer).toBe((last - 1) * MiB + 4 * KiB);
    await back.close();
  });

  it('shrinks over empty zones', async () => {
    const file = await disk(large, clusterSize);
    const device = await ZonedDevice.open(file);
    const before = known(device, 6);
    await device.resize(small);
    expect(known(device, 6)).toEqual(before);
    await device.write(5 * MiB, Buffer.alloc(4 * KiB, 5));
    await device.close();
    expect(qemuCheck(file)).toEqual(HEALTHY);
    expect(await checkImage(file)).toMatchObject({ zoneFaults: 0 });
    expect(rawContent(file).length).toBe(small);
    const back = await ZonedDevice.open(file);
    expect(back.zone(1).writePointer).toBe(MiB + 100 * KiB);
    await back.close();
  });
});

it('refuses to cut zones that are not empty, naming them, and changes nothing', async () => {
  const file = await disk(6 * MiB, 64 * KiB);
  const device = await ZonedDevice.open(file);
  const refused = (size: number) => expect(device.resize(size)).rejects;
  await refused(2 * MiB).toMatchObject({
    code: 'invalid_zone_operation',
    context: { zoneIndex: 2, zoneCondition: 'full' },
  });
  await refused(MiB + 512 * KiB).toMatchObject({ context: { zoneIndex: 1 } });
  await refused(0).toMatchObject({ code: 'invalid_option', context: { field: 'size' } });
  await refused(5 * MiB + 100).toMatchObject({ code: 'invalid_option' });
  expect(device.size).toBe(6 * MiB);
  await device.close();
  expect(qemuCheck(file)).toEqual(HEALTHY);
});

it('keeps the size of snapshots, and goes back to it with them', async () => {
  const file = await disk(6 * MiB, 4 * KiB);
  const device = await ZonedDevice.open(file);
  await device.createSnapshot('small', new Date(0));
  await device.resize(100 * MiB);
  await device.write(50 * MiB, Buffer.alloc(4 * KiB, 7));
  await device.createSnapshot('large', new Date(0));
  await device.applySnapshot('small');
  expect([device.size, device.geometry?.zoneCount]).toEqual([6 * MiB, 6]);
  await device.write(5 * MiB, Buffer.alloc(4 * KiB, 6));
  await device.applySnapshot('large');
  expect(device.zone(50).writePointer).toBe(50 * MiB + 4 * KiB);
  await device.applySnapshot('small');
  await device.deleteSnapshot('large');
  await device.close();
  expect(qemuCheck(file)).toEqual(HEALTHY);
  const back = await ZonedDevice.open(file);
  expect(back.zone(5).condition).toBe('empty');
  await back.close();
});

/** The snapshot has the size and the write pointers of its time, whatever became of the disk. */
async function judgeSnapshot(file: string, size: number): Promise<void> {
  const device = await ZonedDevice.open(file);
  await device.applySnapshot('kept');
  expect([device.size, device.geometry?.zoneCount]).toEqual([size, size / MiB]);
  expect([device.writtenEnd(1), device.writtenEnd(5)]).toEqual([MiB + 100 * KiB, 5 * MiB]);
  await device.close();
  expect(qemuCheck(file)).toMatchObject({ corruptions: 0, errors: 0 });
  const raw = rawContent(file);
  expect([raw.length, raw.indexOf(8), raw[2 * MiB]]).toEqual([size, -1, 2]);
}

it.each(seeds(4, 400))('has one size or the other after power loss (seed %i)', async (seed) => {
  const random = randomFrom(seed);
  const extendedL2 = random() < 0.3;
  const clusterSizes = extendedL2 ? [16 * KiB, 64 * KiB] : [512, 4 * KiB, 64 * KiB];
  const clusterSize = clusterSizes[Math.floor(random() * clusterSizes.length)] as number;
  const sizes = [6 * MiB, (7 + Math.floor(random() * 40)) * MiB];
  if (random() < 0.5) sizes.reverse();
  const [before, after] = sizes as [number, number];
  const file = await disk(before, clusterSize, extendedL2);
  const crashing = new CrashFile(file);
  const device = await ZonedDevice.attach(crashing);
  const hasSnapshot = random() < 0.5;
  if (hasSnapshot) {
    await device.createSnapshot('kept', new Date(0));
    await device.write(MiB + 100 * KiB, Buffer.alloc(4 * KiB, 8));
    await device.flush();
  }
  const kept = MiB + 100 * KiB;
  const written = hasSnapshot ? kept + 4 * KiB : kept;
  const from = crashing.now;
  await device.resize(after);
  if (random() < 0.5) await device.resize(before);
  await device.close();
  for (let crash = 0; crash < 8; crash++) {
    const moment = from + Math.floor(random() * (crashing.now + 1 - from));
    const share = [0, 1, random()][Math.floor(random() * 3)] as number;
    const crashed = disks.path();
    fs.writeFileSync(
      crashed,
      crashing.stateAt(moment, () => random() < share),
    );
    expect(qemuCheck(crashed)).toMatchObject({ corruptions: 0, errors: 0 });
    const back = await ZonedDevice.open(crashed);
    expect([before, after]).toContain(back.size);
    expect(back.geometry?.zoneCount).toBe(back.size / MiB);
    expect([back.writtenEnd(1), back.writtenEnd(2)]).toEqual([written, 2 * MiB + 8 * KiB]);
    expect(back.zone(2).condition).toBe('full');
    await back.write(5 * MiB, Buffer.alloc(4 * KiB, 5));
    const { size } = back;
    await back.close();
    expect(qemuCheck(crashed)).toMatchObject({ corruptions: 0, errors: 0 });
    expect(await checkImage(crashed)).toMatchObject({ zoneFaults: 0 });
    const raw = rawContent(crashed);
    expect([raw.length, raw[4 * KiB], raw[MiB], raw[2 * MiB], raw[5 * MiB]]).toEqual([
      ...[size, 9, 1, 2, 5],
    ]);
    expect(raw.indexOf(8)).toBe(hasSnapshot ? kept : -1);
    expect(raw.subarray(5 * MiB + 4 * KiB).every((byte) => byte === 0)).toBe(true);
    if (hasSnapshot) await judgeSnapshot(crashed, before);
    fs.rmSync(crashed);
    fs.rmSync(`${crashed}.raw`);
  }
});

describe('descriptor extensions', () => {
  const EXTENDED = { profile: 'zns', zoneSize: MiB, descriptorExtensionSize: 320 } as const;

  async function extended(size: number, clusterSize: number): Promise<string> {
    const file = await disks.create({ size, clusterSize, zoned: EXTENDED });
    const device = await ZonedDevice.open(file);
    for (const zone of [0, 2]) await device.setExtension(zone, Buffer.alloc(320, 7 + zone));
    await device.write(2 * MiB, Buffer.alloc(4 * KiB, 1));
    await device.close();
    return file;
  }

  it.each([
    ['in place, longer', 64 * KiB, 5, 11],
    ['in place, shorter', 64 * KiB, 11, 5],
    ['to another place', 512, 6, 80],
    ['to another place and back', 512, 80, 6],
  ])('go along: %s', async (_name, clusterSize, before, after) => {
    const file = await extended(before * MiB, clusterSize);
    const device = await ZonedDevice.open(file);
    await device.resize(after * MiB);
    await device.setExtension(3, Buffer.alloc(320, 10));
    await device.close();
    expect(qemuCheck(file)).toEqual(HEALTHY);
    const back = await ZonedDevice.open(file);
    expect(back.geometry?.zoneCount).toBe(after);
    for (const zone of [0, 2, 3])
      expect([zone, back.extension(zone)]).toEqual([zone, Buffer.alloc(320, 7 + zone)]);
    await back.close();
  });

  it('keep a disk from a size that would shift them in their place', async () => {
    const device = await ZonedDevice.open(await extended(20 * MiB, 64 * KiB));
    await expect(device.resize(40 * MiB)).rejects.toMatchObject({ code: 'unsupported_feature' });
    expect(device.extension(2)).toEqual(Buffer.alloc(320, 9));
    await device.close();
  });
});
