/** Zoned overlays go back into their base with their zones. */
import path from 'node:path';
import { expect, it } from '@jest/globals';
import { commitZones } from './commit-zones.ts';
import { createImage } from './create.ts';
import { ZonedDevice } from './device/zoned-device.ts';
import { KiB, MiB, qemuCheck, rawContent, testDisks } from './disk.fixture.ts';
import { commitDisk } from './operations/commit.ts';

const disks = testDisks();
const ZONED = { zoneSize: MiB, conventionalZones: 1 };
const HEALTHY = { corruptions: 0, leaks: 0, errors: 0 };

/** A base, and an overlay in which zones were written on, reset, written again, finished, and made read-only. */
async function pair(): Promise<{ base: string; overlay: string }> {
  const base = await disks.create({ size: 7 * MiB, zoned: ZONED });
  const below = await ZonedDevice.open(base);
  await below.write(0, Buffer.alloc(200 * KiB, 9));
  for (const zone of [1, 2, 3, 4]) await below.write(zone * MiB, Buffer.alloc(100 * KiB, zone));
  await below.write(5 * MiB, Buffer.alloc(MiB, 5));
  await below.close();
  const overlay = disks.path();
  const backing = { file: path.basename(base), format: 'qcow2' as const };
  await createImage(overlay, { backing, clusterSize: 16 * KiB });
  const device = await ZonedDevice.open(overlay);
  await device.write(100 * KiB, Buffer.alloc(4 * KiB, 8));
  await device.writeZeroes(4 * KiB, 64 * KiB);
  await device.write(MiB + 100 * KiB, Buffer.alloc(300 * KiB, 11));
  await device.manage('reset', 2);
  await device.write(2 * MiB, Buffer.alloc(40 * KiB, 12));
  await device.manage('reset', 3);
  await device.manage('finish', 4);
  await device.manage('reset', 5);
  await device.writeZeroes(5 * MiB, 32 * KiB);
  await device.setCondition(5, 'read-only');
  await device.write(6 * MiB, Buffer.alloc(8 * KiB, 16));
  await device.close();
  return { base, overlay };
}

async function zonesOf(file: string) {
  const device = await ZonedDevice.open(file, { readOnly: true });
  const zones = device
    .report(0, 7)
    .map((zone) => ({ ...zone, end: device.writtenEnd(zone.index) }));
  await device.close();
  return zones;
}

it.each([false, true])(
  'gives the base the zones and the data of the overlay (kept: %p)',
  async (keep) => {
    const { base, overlay } = await pair();
    const zones = await zonesOf(overlay);
    const content = rawContent(overlay);
    await commitZones(overlay, { keep });
    for (const file of [base, overlay]) {
      expect(await zonesOf(file)).toEqual(zones);
      expect(rawContent(file).equals(content)).toBe(true);
      expect(qemuCheck(file)).toEqual(HEALTHY);
      await (await ZonedDevice.open(file)).close();
    }
    const device = await ZonedDevice.open(overlay);
    expect(device.allocation(0, MiB).every(({ depth }) => depth === 1)).toBe(!keep);
    await device.write(2 * MiB + 40 * KiB, Buffer.alloc(4 * KiB, 1));
    await device.close();
  },
);

it('goes on where it was interrupted', async () => {
  const { base, overlay } = await pair();
  const zones = await zonesOf(overlay);
  const content = rawContent(overlay);
  const half = await ZonedDevice.open(base);
  await half.write(MiB + 100 * KiB, Buffer.alloc(60 * KiB, 11));
  await half.manage('reset', 2);
  await half.write(2 * MiB, Buffer.alloc(12 * KiB, 12));
  await half.manage('reset', 3);
  await half.close();
  await commitZones(overlay, { keep: true });
  await commitZones(overlay);
  expect(await zonesOf(base)).toEqual(zones);
  expect(rawContent(base).equals(content)).toBe(true);
});

it('is what a commit of a zoned overlay does', async () => {
  const { base, overlay } = await pair();
  const zones = await zonesOf(overlay);
  await commitDisk(overlay);
  expect(await zonesOf(base)).toEqual(zones);
});

it('refuses an image that is no overlay of zones', async () => {
  const plain = await disks.create({ size: MiB });
  await expect(commitZones(plain)).rejects.toMatchObject({ code: 'invalid_option' });
});
