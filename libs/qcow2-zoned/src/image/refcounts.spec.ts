/** Images whose refcount table is too small for what is written to them. */
import fs from 'node:fs';
import { expect, it } from '@jest/globals';
import { CrashFile } from '../crash-file.fixture.ts';
import { ZonedDevice } from '../device/zoned-device.ts';
import { MiB, qemuCheck, rawContent, run, testDisks } from '../disk.fixture.ts';
import { POINTERS_AT } from '../format/header.ts';
import { randomFrom, seeds } from '../random.fixture.ts';

const disks = testDisks();

/** A disk of stock QEMU whose refcount table, one cluster of 512 bytes, counts 8 MiB. */
function smallTable(): string {
  const file = disks.path();
  run('qemu-img', 'create', '-q', '-f', 'qcow2', '-o', 'cluster_size=512', file, '20M');
  return file;
}

it('grows, as often as needed, and stock QEMU counts the same', async () => {
  const file = smallTable();
  const device = await ZonedDevice.open(file);
  for (let at = 0; at < 20 * MiB; at += MiB)
    await device.write(at, Buffer.alloc(MiB, 1 + at / MiB));
  await device.close();
  expect(run('qemu-img', 'check', file)).toContain('No errors were found on the image.');
  expect(rawContent(file)[19 * MiB]).toBe(20);
});

/** Host offset of the refcount table, from the header as it stands in the file. */
function tableOffset(file: CrashFile): bigint {
  const bytes = Buffer.alloc(8);
  file.read(bytes, 48);
  return bytes.readBigUInt64BE();
}

it.each(seeds(2, 40))('grows through power loss at any moment (seed %i)', async (seed) => {
  const random = randomFrom(seed);
  const image = smallTable();
  const filled = await ZonedDevice.open(image);
  await filled.write(0, Buffer.alloc(7 * MiB, 1));
  await filled.close();
  const file = new CrashFile(image);
  const device = await ZonedDevice.attach(file);
  const before = tableOffset(file);
  let from = 0;
  for (let at = 7 * MiB; tableOffset(file) === before; at += MiB / 8) {
    from = file.now;
    await device.write(at, Buffer.alloc(MiB / 8, 2));
  }
  await device.flush();
  const moved = file.afterWriteAt(POINTERS_AT);
  for (let crash = 0; crash < 12; crash++) {
    const moment = crash < 4 ? moved : from + Math.floor(random() * (file.now + 1 - from));
    const crashed = `${image}.crash`;
    fs.writeFileSync(
      crashed,
      file.stateAt(moment, () => random() < 0.5),
    );
    const back = await ZonedDevice.open(crashed);
    const content = Buffer.alloc(7 * MiB);
    await back.read(0, content);
    expect(content.equals(Buffer.alloc(7 * MiB, 1))).toBe(true);
    await back.close();
    expect(qemuCheck(crashed)).toMatchObject({ corruptions: 0, errors: 0 });
  }
  await device.close();
});
