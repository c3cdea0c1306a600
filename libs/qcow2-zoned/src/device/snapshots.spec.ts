/** Snapshots carry the zones with the data, ours and those of stock QEMU. */
import fs from 'node:fs';
import { expect, it } from '@jest/globals';
import { KiB, MiB, rawContent, run, testDisks } from '../disk.fixture.ts';
import { randomFrom, seeds } from '../random.fixture.ts';
import { ZonedDevice } from './zoned-device.ts';

const disks = testDisks();
const DATE = new Date('2026-01-02T03:04:05.678Z');
const DISK = {
  size: 4 * MiB,
  clusterSize: 16 * KiB,
  zoned: { zoneSize: MiB, conventionalZones: 1 },
};

function healthy(file: string): void {
  expect(run('qemu-img', 'check', file)).toContain('No errors were found on the image.');
}

it('brings back data, write pointers, conditions and reset counts', async () => {
  const file = await disks.create(DISK);
  const device = await ZonedDevice.open(file);
  await device.write(MiB, Buffer.alloc(100 * KiB, 1));
  await device.write(0, Buffer.alloc(8 * KiB, 2));
  await device.manage('finish', 2);
  await device.createSnapshot('before', DATE);
  const before = device
    .report(0, 4)
    .map(({ writePointer, resetCount }) => [writePointer, resetCount]);
  await device.manage('reset', 1);
  await device.write(MiB, Buffer.alloc(30 * KiB, 3));
  await device.manage('reset', 2);
  await device.write(4 * KiB, Buffer.alloc(8 * KiB, 4));
  await device.applySnapshot('before');
  expect(
    device.report(0, 4).map(({ writePointer, resetCount }) => [writePointer, resetCount]),
  ).toEqual(before);
  expect(device.zone(2).condition).toBe('full');
  await device.write(MiB + 100 * KiB, Buffer.alloc(4 * KiB, 5));
  await device.close();
  healthy(file);
  const content = rawContent(file);
  expect([content[4 * KiB], content[8 * KiB], content[MiB], content[MiB + 100 * KiB]]).toEqual([
    2, 0, 1, 5,
  ]);
});

it('lists what stock QEMU lists', async () => {
  const file = await disks.create(DISK);
  const device = await ZonedDevice.open(file);
  await device.createSnapshot('first', DATE);
  await device.createSnapshot('second, with spaces', DATE);
  await device.deleteSnapshot('1');
  await device.createSnapshot('third', DATE);
  const ours = device.snapshots().map(({ id, name, date }) => [id, name, date.seconds]);
  await device.close();
  const { snapshots } = JSON.parse(run('qemu-img', 'info', '--output=json', file));
  expect(snapshots.map((s: Record<string, unknown>) => [s.id, s.name, s['date-sec']])).toEqual(
    ours,
  );
  expect(ours.map(([id]) => id)).toEqual(['2', '3']);
  healthy(file);
});

it('goes back with a snapshot that stock QEMU made and applied', async () => {
  const file = await disks.create(DISK);
  let device = await ZonedDevice.open(file);
  await device.write(MiB, Buffer.alloc(64 * KiB, 1));
  await device.close();
  run('qemu-img', 'snapshot', '-c', 'stock', file);
  device = await ZonedDevice.open(file);
  await device.write(MiB + 64 * KiB, Buffer.alloc(64 * KiB, 2));
  await device.manage('finish', 3);
  await device.close();
  healthy(file);
  run('qemu-img', 'snapshot', '-a', 'stock', file);
  device = await ZonedDevice.open(file);
  expect(device.zone(1).writePointer).toBe(MiB + 64 * KiB);
  expect(device.zone(3).condition).toBe('empty');
  await device.deleteSnapshot('stock');
  await device.close();
  healthy(file);
});

it('refuses a name that there is none of, and tells those that there are', async () => {
  const device = await ZonedDevice.open(await disks.create(DISK));
  await device.createSnapshot('one', DATE);
  await expect(device.applySnapshot('two')).rejects.toMatchObject({
    code: 'snapshot_not_found',
    context: { given: 'two', allowed: '1 (one)' },
  });
  await expect(device.createSnapshot('', DATE)).rejects.toMatchObject({ code: 'invalid_option' });
  await device.write(MiB, Buffer.alloc(512));
  await device.close();
});

it('lets calls that come during a snapshot wait for it', async () => {
  const device = await ZonedDevice.open(await disks.create(DISK));
  await device.write(MiB, Buffer.alloc(4 * KiB, 1));
  const snapshot = device.createSnapshot('now', DATE);
  const write = device.write(MiB + 4 * KiB, Buffer.alloc(4 * KiB, 2));
  await Promise.all([snapshot, write]);
  expect(device.zone(1).writePointer).toBe(MiB + 8 * KiB);
  await device.applySnapshot('now');
  expect(device.zone(1).writePointer).toBe(MiB + 4 * KiB);
  await device.close();
});

it.each(seeds(8, 300))(
  'keeps every state apart, whoever shares its clusters (seed %i)',
  async (seed) => {
    const random = randomFrom(seed);
    const pick = (count: number): number => Math.floor(random() * count);
    const clusterSize = [512, 4 * KiB, 64 * KiB][pick(3)] as number;
    const file = await disks.create({
      size: MiB,
      clusterSize,
      zoned: { zoneSize: 128 * KiB, conventionalZones: 2 },
    });
    let device = await ZonedDevice.open(file);
    let content: Buffer = Buffer.alloc(device.size);
    const saved = new Map<string, Buffer>();
    const write = async (): Promise<void> => {
      const zone = device.zone(pick(8));
      const length = 512 * (1 + pick(60));
      const at =
        zone.type === 'conventional'
          ? zone.start + 512 * pick((zone.size - length) / 512)
          : device.writtenEnd(zone.index);
      if (zone.condition === 'full' || at + length > zone.start + zone.size) {
        if (zone.type === 'conventional') return;
        await device.manage('reset', zone.index);
        content.fill(0, zone.start, zone.start + zone.size);
        return;
      }
      const data = Buffer.alloc(length, random() < 0.2 ? 0 : 1 + pick(255));
      if (data[0] === 0) await device.writeZeroes(at, length);
      else await device.write(at, data);
      data.copy(content, at);
    };
    for (let step = 0; step < 120; step++) {
      const names = [...saved.keys()];
      const name = names[pick(names.length)];
      const choice = random();
      if (choice < 0.05) {
        saved.set(`s${step}`, Buffer.from(content));
        await device.createSnapshot(`s${step}`, DATE);
      } else if (choice < 0.08 && name !== undefined) {
        await device.applySnapshot(name);
        content = Buffer.from(saved.get(name) as Buffer);
      } else if (choice < 0.1 && name !== undefined) {
        await device.deleteSnapshot(name);
        saved.delete(name);
      } else if (choice < 0.13) {
        await device.close();
        healthy(file);
        device = await ZonedDevice.open(file);
      } else await write();
    }
    await device.close();
    healthy(file);
    expect(rawContent(file).equals(content)).toBe(true);
    for (const [name, expected] of saved) {
      run('qemu-img', 'convert', '-O', 'raw', '-l', `snapshot.name=${name}`, file, `${file}.state`);
      expect(fs.readFileSync(`${file}.state`).equals(expected)).toBe(true);
      const device = await ZonedDevice.open(file);
      await device.applySnapshot(name);
      const read = Buffer.alloc(device.size);
      await device.read(0, read);
      await device.close();
      expect(read.equals(expected)).toBe(true);
    }
  },
);

it('does not let a stock repair lose snapshots', async () => {
  const file = await disks.create(DISK);
  const device = await ZonedDevice.open(file);
  await device.write(MiB, Buffer.alloc(64 * KiB, 1));
  await device.createSnapshot('kept', DATE);
  await device.close();
  run('qemu-img', 'check', '-r', 'all', file);
  const again = await ZonedDevice.open(file);
  expect(again.snapshots().map(({ name }) => name)).toEqual(['kept']);
  await again.close();
});
