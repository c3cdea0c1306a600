import { spawnSync } from 'node:child_process';
import { expect, it } from '@jest/globals';
import { ZonedDevice } from './device/zoned-device.ts';
import { MiB, run, testDisks } from './disk.fixture.ts';

const disks = testDisks();
const DISK = { size: 4 * MiB, zoned: { zoneSize: MiB } };

function refusal(tool: string, ...words: string[]): string {
  const result = spawnSync(tool, words);
  expect(result.status).toBe(1);
  return result.stderr.toString();
}

it('keeps stock QEMU out of an image that is open for writing', async () => {
  const file = await disks.create(DISK);
  const device = await ZonedDevice.open(file);
  expect(refusal('qemu-io', '-c', 'write 0 4k', file)).toContain('Failed to get "write" lock');
  expect(refusal('qemu-img', 'info', file)).toContain('Failed to get shared "write" lock');
  await device.close();
  run('qemu-img', 'info', file);
});

it('lets stock QEMU read, and not write, an image that is open for reading', async () => {
  const file = await disks.create(DISK);
  const device = await ZonedDevice.open(file, { readOnly: true });
  run('qemu-io', '-r', '-c', 'read 0 4k', file);
  expect(refusal('qemu-io', '-c', 'write 0 4k', file)).toContain('lock');
  await device.close();
});

it('does not open what another has open for writing, unless told to share', async () => {
  const file = await disks.create(DISK);
  const writer = await ZonedDevice.open(file);
  for (const readOnly of [true, false])
    await expect(ZonedDevice.open(file, { readOnly })).rejects.toMatchObject({
      code: 'image_in_use',
    });
  const witness = await ZonedDevice.open(file, { readOnly: true, shared: true });
  await witness.close();
  await expect(ZonedDevice.open(file)).rejects.toMatchObject({ code: 'image_in_use' });
  await writer.close();
  await (await ZonedDevice.open(file)).close();
});

it('lets many read the same image', async () => {
  const file = await disks.create(DISK);
  const readers = await Promise.all(
    [1, 2, 3].map(() => ZonedDevice.open(file, { readOnly: true })),
  );
  await expect(ZonedDevice.open(file)).rejects.toMatchObject({ code: 'image_in_use' });
  for (const reader of readers) await reader.close();
});
