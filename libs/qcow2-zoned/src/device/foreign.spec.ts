/** What stock QEMU tools do to a zoned image, and that we notice. */
import fs from 'node:fs';
import { expect, it } from '@jest/globals';
import { checkImage } from '../check/check.ts';
import { MiB, run, testDisks } from '../disk.fixture.ts';
import { inspectImage } from '../info.ts';
import { ZonedDevice } from './zoned-device.ts';

const disks = testDisks();

/** Four zones of 1 MiB, 256 KiB written to the first. */
async function usedDisk(): Promise<string> {
  const file = await disks.create({ size: 4 * MiB, zoned: { zoneSize: MiB } });
  const device = await ZonedDevice.open(file);
  await device.write(0, Buffer.alloc(MiB / 4, 7));
  await device.close();
  return file;
}

it('notices a write past a write pointer, names the zone, and opens read-only', async () => {
  const file = await usedDisk();
  run('qemu-io', '-c', 'write -P 1 3M 64k', file);
  const message = /zone 3: data at 3145728, past the write pointer 3145728/;
  await expect(ZonedDevice.open(file)).rejects.toMatchObject({
    code: 'image_read_only',
    message: expect.stringMatching(message),
  });
  const device = await ZonedDevice.open(file, { readOnly: true });
  expect(device.zone(0).writePointer).toBe(MiB / 4);
  await device.close();
  const { zoneFaults, findings } = await checkImage(file);
  expect(zoneFaults).toBe(1);
  expect(findings[0]?.message).toMatch(message);
});

it('opens normally after a stock repair that changed nothing, and vouches for the table again', async () => {
  const file = await usedDisk();
  run('qemu-img', 'check', '-r', 'all', file);
  expect((await inspectImage(file)).zoned?.zoneTable?.valid).toBe(false);
  const device = await ZonedDevice.open(file);
  await device.write(MiB / 4, Buffer.alloc(4096, 8));
  await device.close();
  expect((await inspectImage(file)).zoned?.zoneTable?.valid).toBe(true);
});

it('refuses a disk that stock QEMU resized, naming both zone counts', async () => {
  const file = await usedDisk();
  run('qemu-img', 'resize', file, '8M');
  await expect(ZonedDevice.open(file)).rejects.toMatchObject({
    code: 'invalid_image',
    context: { field: 'nr_zones', given: 4, allowed: expect.stringContaining('8') },
  });
});

it('is not changed by stock readers', async () => {
  const file = await usedDisk();
  const before = fs.readFileSync(file);
  run('qemu-img', 'check', file);
  run('qemu-img', 'info', file);
  run('qemu-io', '-r', '-c', 'read -P 7 0 256k', '-c', 'read -P 0 256k 3840k', file);
  expect(fs.readFileSync(file).equals(before)).toBe(true);
});

it('reports a damaged zone table block by its index, and does not guess', async () => {
  const file = await usedDisk();
  const bytes = fs.readFileSync(file);
  const entry = bytes.indexOf(Buffer.from([0x20, 0, 0, 0, 0, 4, 0, 0])); // zone 0: implicit open, wp 0x40000
  bytes.writeUInt8(0x40, entry);
  fs.writeFileSync(file, bytes);
  await expect(ZonedDevice.open(file)).rejects.toThrow(
    /zone table block 1: the checksum does not hold/,
  );
  const device = await ZonedDevice.open(file, { readOnly: true });
  const content = Buffer.alloc(MiB / 4);
  await device.read(0, content);
  expect(content.every((byte) => byte === 7)).toBe(true);
  await device.close();
});

it('reads compressed clusters of stock QEMU', async () => {
  const raw = disks.path();
  fs.writeFileSync(raw, Buffer.alloc(MiB, 'zones '));
  const file = disks.path();
  run('qemu-img', 'convert', '-c', '-f', 'raw', '-O', 'qcow2', raw, file);
  const device = await ZonedDevice.open(file, { readOnly: true });
  const content = Buffer.alloc(MiB);
  await device.read(0, content);
  expect(content.equals(fs.readFileSync(raw))).toBe(true);
  await device.close();
});
