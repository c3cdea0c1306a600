/**
 * Power cuts while an overlay goes back into its base, and while a zone table is repaired: whatever is left, the overlay
 * shows what it showed, and doing it again ends as if nothing had happened.
 */
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import { commitZones } from '../commit-zones.ts';
import { CrashFile } from '../crash-file.fixture.ts';
import { createImage } from '../create.ts';
import { ZonedDevice } from '../device/zoned-device.ts';
import { KiB, qemuCheck, testDisks } from '../disk.fixture.ts';
import type { BlockFile } from '../file.ts';
import { EXTENSION, findExtension } from '../format/header.ts';
import { decodeZoneTableExtension } from '../format/zoned-extension.ts';
import { MemoryFile } from '../hostile/memory-file.fixture.ts';
import { Qcow2Image } from '../image/image.ts';
import { randomFrom, seeds } from '../random.fixture.ts';
import { checkImage } from './check.ts';
import { repairZones } from './zones.ts';

const disks = testDisks();
const ZONE = 64 * KiB;
const ZONES = 8;
const CUTS = 45;
const ASK_QEMU = 10;
const ZONED = { zoneSize: ZONE, conventionalZones: 1 };
const UNBOUNDED = { bytes: Infinity, calls: Infinity, length: Infinity };

const counts = { commit: 0, repair: 0 };
afterAll(() => {
  process.stderr.write(`power cuts: ${JSON.stringify(counts)}\n`);
});

/** Files that lose power together: for each thing that happened, the moment of every file. */
class Outage {
  readonly files = new Map<string, CrashFile>();
  readonly moments: ReadonlyMap<string, number>[] = [];

  readonly wrap = ({ path: name }: BlockFile): BlockFile => {
    const tick = () =>
      this.moments.push(new Map([...this.files].map(([file, { now }]) => [file, now])));
    const file = new (class extends CrashFile {
      override write(data: Uint8Array, position: number): void {
        super.write(data, position);
        tick();
      }
      override async sync(): Promise<void> {
        await super.sync();
        tick();
      }
      override syncNow(): void {
        super.syncNow();
        tick();
      }
      override truncate(length: number): void {
        super.truncate(length);
        tick();
      }
    })(name);
    this.files.set(name, file);
    return file;
  };

  /** What a file holds after a cut; undefined: what it held before. */
  stateAt(moment: number, name: string, keeps: () => boolean): Buffer | undefined {
    const at = this.moments[moment]?.get(name);
    return at === undefined ? undefined : this.files.get(name)?.stateAt(at, keeps);
  }
}

async function work(device: ZonedDevice, random: () => number, fill: number): Promise<void> {
  for (let step = 0; step < 25; step++) {
    const zone = Math.floor(random() * ZONES);
    const { condition, type, writePointer } = device.zone(zone);
    const choice = random();
    const sectors = 1 + Math.floor(random() * 40);
    const data = Buffer.alloc(sectors * 512, 1 + ((fill + step) % 250));
    if (type === 'conventional') await device.write(Math.floor(random() * 80) * 512, data);
    else if (condition === 'read-only') continue;
    else if (choice < 0.2) await device.manage('reset', zone);
    else if (choice < 0.25) await device.manage('finish', zone);
    else if (choice < 0.28) await device.setCondition(zone, 'read-only');
    else if (condition !== 'full') {
      const length = Math.min(data.length, (zone + 1) * ZONE - writePointer);
      if (choice < 0.4) await device.writeZeroes(writePointer, length);
      else await device.write(writePointer, data.subarray(0, length));
    }
  }
}

/** Zones and every byte. */
async function stateOf(device: ZonedDevice) {
  const zones = device.report(0, ZONES).map((zone) => ({
    ...zone,
    end: device.writtenEnd(zone.index),
  }));
  const content = Buffer.alloc(device.size);
  await device.read(0, content);
  return { zones, content: content.toString('latin1') };
}

async function stateOfFile(file: string, readOnly = true) {
  const device = await ZonedDevice.open(file, { readOnly });
  const state = await stateOf(device);
  await device.close();
  return state;
}

async function expectSound(file: string, cut: number): Promise<void> {
  expect(await checkImage(file)).toMatchObject({ corruptions: 0, checkErrors: 0 });
  if (cut % ASK_QEMU === 0) expect(qemuCheck(file)).toMatchObject({ corruptions: 0, errors: 0 });
}

it.each(seeds(1, 40))('a commit of zones can lose power anywhere (seed %i)', async (seed) => {
  const random = randomFrom(seed);
  const folder = `${disks.path()}.d`;
  fs.mkdirSync(folder);
  const [base, overlay] = [path.join(folder, 'base'), path.join(folder, 'overlay')] as const;
  const clusterSize = [4 * KiB, 16 * KiB][seed % 2] as number;
  await createImage(base, { size: ZONES * ZONE, clusterSize, zoned: ZONED });
  const below = await ZonedDevice.open(base);
  await work(below, random, 0);
  await below.close();
  await createImage(overlay, { backing: { file: 'base', format: 'qcow2' }, clusterSize: 4 * KiB });
  const top = await ZonedDevice.open(overlay);
  await work(top, random, 100);
  await top.close();
  const wanted = await stateOfFile(overlay);
  const outage = new Outage();
  await commitZones(overlay, { wrap: outage.wrap });
  expect(outage.files.size).toBe(2);
  for (let cut = 0; cut < CUTS; cut++) {
    const moment = Math.floor((cut / CUTS) * outage.moments.length);
    const share = [0, 1, random()][cut % 3] as number;
    const cutFolder = `${folder}/cut`;
    fs.mkdirSync(cutFolder);
    for (const file of [base, overlay]) {
      const state = outage.stateAt(moment, file, () => random() < share);
      fs.writeFileSync(path.join(cutFolder, path.basename(file)), state ?? fs.readFileSync(file));
    }
    const [cutBase, cutOverlay] = [`${cutFolder}/base`, `${cutFolder}/overlay`] as const;
    await expectSound(cutBase, cut);
    await expectSound(cutOverlay, cut);
    expect(await stateOfFile(cutOverlay, false)).toEqual(wanted);
    await commitZones(cutOverlay);
    expect(await stateOfFile(cutBase)).toEqual(wanted);
    expect(await stateOfFile(cutOverlay)).toEqual(wanted);
    for (const file of [cutBase, cutOverlay])
      expect(await checkImage(file)).toMatchObject({ corruptions: 0, zoneFaults: 0 });
    fs.rmSync(cutFolder, { recursive: true });
    counts.commit++;
  }
});

/** Spoils blocks of the zone table; the checksums tell. */
async function spoil(file: string, random: () => number): Promise<void> {
  const bytes = fs.readFileSync(file);
  const image = await Qcow2Image.open(new MemoryFile(Buffer.from(bytes), UNBOUNDED), true);
  const extension = findExtension(image.header, EXTENSION.zoneTable);
  if (extension === undefined) throw new Error('no zone table');
  const { offset, length } = decodeZoneTableExtension(extension);
  for (let at = 0; at < length; at += 512) {
    if (random() < 0.3) continue;
    const guest = offset + at;
    const host = image.hostOffset(guest) + (guest % image.clusterSize);
    const place = host + 8 + Math.floor(random() * 480);
    bytes[place] = (bytes[place] as number) ^ 0x55;
  }
  fs.writeFileSync(file, bytes);
}

async function repaired(bytes: Buffer) {
  const file = new MemoryFile(Buffer.from(bytes), UNBOUNDED);
  await repairZones(file);
  const device = await ZonedDevice.attach(file);
  const state = await stateOf(device);
  await device.close();
  return state;
}

it.each(seeds(1, 40))('a repair of zones can lose power anywhere (seed %i)', async (seed) => {
  const random = randomFrom(seed);
  const clusterSize = [512, 4 * KiB, 16 * KiB][seed % 3] as number;
  const image = await disks.create({ size: ZONES * ZONE, clusterSize, zoned: ZONED });
  const device = await ZonedDevice.open(image);
  await work(device, random, 0);
  const before = await stateOf(device);
  await device.close();
  await spoil(image, random);
  const wanted = await repaired(fs.readFileSync(image));
  expect(wanted.content).toBe(before.content);
  const file = new CrashFile(image);
  await repairZones(file);
  const later = disks.path();
  for (let cut = 0; cut < CUTS; cut++) {
    const moment = Math.floor((cut / CUTS) * (file.now + 1));
    const share = [0, 1, random()][cut % 3] as number;
    const state = file.stateAt(moment, () => random() < share);
    fs.writeFileSync(later, state);
    await expectSound(later, cut);
    expect(await repaired(state)).toEqual(wanted);
    counts.repair++;
  }
});
