import fs from 'node:fs';
import { expect, it } from '@jest/globals';
import { createImage } from './create.ts';
import { ZonedDevice } from './device/zoned-device.ts';
import { testDisks } from './disk.fixture.ts';

const disks = testDisks();

it('changes nothing in the file once the right to write is lost', async () => {
  const path = disks.path();
  await createImage(path, { size: 1 << 20 });
  let held = true;
  const guard = () => {
    if (!held) throw new Error('the lease is lost');
  };
  const device = await ZonedDevice.open(path, { guard });
  await device.write(0, Buffer.alloc(4096, 1));
  await device.flush();
  const before = fs.readFileSync(path);
  held = false;
  expect(() => device.write(0, Buffer.alloc(4096, 2))).toThrow('the lease is lost');
  await expect(device.flush()).rejects.toThrow();
  await expect(device.close()).rejects.toThrow();
  expect(fs.readFileSync(path).equals(before)).toBe(true);
});
