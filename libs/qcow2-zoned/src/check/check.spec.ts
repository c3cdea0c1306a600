/** Our check beside stock QEMU's, on images damaged on purpose. */
import fs from 'node:fs';
import { expect, it } from '@jest/globals';
import { ZonedDevice } from '../device/zoned-device.ts';
import { KiB, MiB, qemuCheck, testDisks } from '../disk.fixture.ts';
import { checkImage } from './check.ts';

const disks = testDisks();

/** A used image, and where its tables lie (bytes). */
async function used(): Promise<{ file: string; refcounts: number; l2: number; data: number }> {
  const file = await disks.create({ size: 8 * MiB, zoned: { zoneSize: MiB } });
  const device = await ZonedDevice.open(file);
  await device.write(0, Buffer.alloc(256 * KiB, 1));
  await device.createSnapshot('kept', new Date(0));
  await device.write(256 * KiB, Buffer.alloc(256 * KiB, 2));
  await device.deleteSnapshot('kept');
  await device.close();
  const bytes = fs.readFileSync(file);
  const refcounts = Number(bytes.readBigUInt64BE(Number(bytes.readBigUInt64BE(48))));
  const l2 = Number(bytes.readBigUInt64BE(Number(bytes.readBigUInt64BE(40))) & 0x00fffffffffffe00n);
  const data = Number(bytes.readBigUInt64BE(l2) & 0x00fffffffffffe00n);
  return { file, refcounts, l2, data };
}

function damage(file: string, at: number, bytes: readonly number[]): void {
  const fd = fs.openSync(file, 'r+');
  fs.writeSync(fd, Buffer.from(bytes), 0, bytes.length, at);
  fs.closeSync(fd);
}

const refcountOf = (refcounts: number, offset: number): number => refcounts + (offset / 65_536) * 2;

it.each<[string, (image: Awaited<ReturnType<typeof used>>) => void]>([
  ['nothing', () => undefined],
  [
    'a cluster that nothing uses',
    ({ file, refcounts }) =>
      damage(file, refcounts + 2 * (fs.statSync(file).size / 65_536 - 1), [0, 1]),
  ],
  [
    'a used cluster that counts as free',
    ({ file, refcounts, data }) => damage(file, refcountOf(refcounts, data), [0, 0]),
  ],
  [
    'a used cluster that counts twice',
    ({ file, refcounts, data }) => damage(file, refcountOf(refcounts, data), [0, 2]),
  ],
  [
    'two entries for one cluster',
    ({ file, l2 }) => {
      const entry = fs.readFileSync(file).subarray(l2, l2 + 8);
      damage(file, l2 + 8, [...entry]);
    },
  ],
  ['a flag that is missing', ({ file, l2 }) => damage(file, l2, [0])],
])('counts like stock QEMU: %s', async (_what, spoil) => {
  const image = await used();
  spoil(image);
  const { leaks, corruptions, zoneFaults } = await checkImage(image.file);
  const stock = qemuCheck(image.file);
  expect({ leaks, corruptions }).toEqual({ leaks: stock.leaks, corruptions: stock.corruptions });
  expect(zoneFaults).toBe(0);
});

it('goes on after an offset that cannot be, and names it', async () => {
  const { file, l2 } = await used();
  damage(file, l2, [0x80, 0, 0, 0x7f, 0xff, 0xff, 0, 0]);
  const { corruptions, findings } = await checkImage(file);
  expect(corruptions).toBeGreaterThan(0);
  expect(findings.map(({ message }) => message)).toContainEqual(
    expect.stringMatching(/exceeding the end of the file .* offset 0x7fffff0000/),
  );
});

it('reports a zone table that cannot be read as a fault of the zones, after the rest', async () => {
  const { file } = await used();
  const bytes = fs.readFileSync(file);
  const l1 = Number(bytes.readBigUInt64BE(40));
  const place = bytes.indexOf(Buffer.from('zmtb')) + 8 + 8;
  const entry = Number(bytes.readBigUInt64BE(place)) / (512 * MiB);
  damage(file, l1 + entry * 8, [0x80, 0, 0, 0x7f, 0xff, 0xff, 0, 0]);
  const { zoneFaults, corruptions, findings } = await checkImage(file);
  expect([zoneFaults, corruptions > 0]).toEqual([1, true]);
  expect(findings.at(-1)?.kind).toBe('zone');
});
