/**
 * Power loss at random moments of random workloads. The judge of the format is qemu-img; the judge of the content
 * is a history kept by the test, which shares no code with the engine.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { CrashFile } from '../crash-file.fixture.ts';
import { createImage } from '../create.ts';
import { qemuCheck } from '../disk.fixture.ts';
import { randomFrom, seeds } from '../random.fixture.ts';
import { ZonedDevice } from './zoned-device.ts';

const SECTOR = 512;
const ZONES = 6;
const CONVENTIONAL = 1;

/** One life of a sequential zone, from a reset to the next: the tag of each sector written, in order. */
interface Life {
  readonly tags: number[];
}

/** What was true of the disk when a flush was asked for, and the moment at which it was acknowledged. */
interface Promised {
  readonly moment: number;
  readonly lives: readonly { readonly generation: number; readonly sectors: number }[];
  readonly conventional: readonly number[];
}

let directory: string;
beforeAll(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'zonelab-crash-'));
});
afterAll(() => fs.rmSync(directory, { recursive: true, force: true }));

/** A workload with its history: what each zone held, when, and what was promised. */
class Workload {
  readonly lives: Life[][] = Array.from({ length: ZONES }, () => [{ tags: [] }]);
  /** Every tag that a conventional sector ever held, with the moment it was written. */
  readonly conventional: { tag: number; moment: number }[][];
  readonly promises: Promised[] = [];
  /** The number of lives and of sectors in the last one, for each zone, at each moment. */
  readonly timeline: { moment: number; zone: number; generation: number; sectors: number }[] = [];
  #tag = 0;

  constructor(
    readonly device: ZonedDevice,
    readonly file: CrashFile,
    readonly zoneSize: number,
    readonly random: () => number,
  ) {
    this.conventional = Array.from({ length: zoneSize / SECTOR }, () => [{ tag: 0, moment: 0 }]);
  }

  async run(steps: number): Promise<void> {
    const flushes: Promise<void>[] = [];
    for (let step = 0; step < steps; step++) {
      const choice = this.random();
      if (choice < 0.55) this.#writeSequential();
      else if (choice < 0.75) this.#writeConventional();
      else if (choice < 0.83) this.#reset();
      else if (choice < 0.86) this.#finish();
      else flushes.push(this.#flush());
      if (this.random() < 0.3) await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(flushes);
  }

  #pick(from: number, to: number): number {
    return from + Math.floor(this.random() * (to - from));
  }

  #payload(sectors: number): { data: Buffer; tags: number[] } {
    const data = Buffer.alloc(sectors * SECTOR);
    const tags = Array.from({ length: sectors }, () => ++this.#tag);
    tags.forEach((tag, index) => {
      for (let at = 0; at < SECTOR; at += 4) data.writeUInt32BE(tag, index * SECTOR + at);
    });
    return { data, tags };
  }

  #writeSequential(): void {
    const zone = this.#pick(CONVENTIONAL, ZONES);
    const { condition, start, writePointer } = this.device.zone(zone);
    if (condition === 'full') return;
    const room = (start + this.zoneSize - writePointer) / SECTOR;
    const sectors = Math.min(room, this.#pick(1, this.random() < 0.3 ? 200 : 20));
    const life = this.lives[zone]?.at(-1) as Life;
    if (this.random() < 0.1) {
      this.device.writeZeroes(writePointer, sectors * SECTOR);
      life.tags.push(...Array.from({ length: sectors }, () => 0));
    } else {
      const { data, tags } = this.#payload(sectors);
      this.device.write(writePointer, data);
      life.tags.push(...tags);
    }
    this.#note(zone);
  }

  #writeConventional(): void {
    const sectors = this.#pick(1, 24);
    const first = this.#pick(0, this.conventional.length - sectors);
    if (this.random() < 0.25) {
      this.device.writeZeroes(first * SECTOR, sectors * SECTOR);
      for (let i = 0; i < sectors; i++) this.#noteConventional(first + i, 0);
      return;
    }
    const { data, tags } = this.#payload(sectors);
    // A torn write is no fault of the engine: any sector may hold the new tag from the moment before.
    tags.forEach((tag, index) => {
      this.#noteConventional(first + index, tag);
    });
    this.device.write(first * SECTOR, data);
  }

  #noteConventional(sector: number, tag: number): void {
    this.conventional[sector]?.push({ tag, moment: this.file.now });
  }

  #reset(): void {
    const zone = this.#pick(CONVENTIONAL, ZONES);
    const before = this.device.zone(zone).resetCount;
    this.device.manage('reset', zone);
    if (this.device.zone(zone).resetCount === before) return;
    this.lives[zone]?.push({ tags: [] });
    this.#note(zone);
  }

  #finish(): void {
    const zone = this.#pick(CONVENTIONAL, ZONES);
    if (this.device.zone(zone).condition !== 'empty') this.device.manage('finish', zone);
  }

  #note(zone: number): void {
    const lives = this.lives[zone] as Life[];
    const sectors = lives.at(-1)?.tags.length ?? 0;
    this.timeline.push({ moment: this.file.now, zone, generation: lives.length - 1, sectors });
  }

  async #flush(): Promise<void> {
    const promised = {
      lives: this.lives.map((lives) => ({
        generation: lives.length - 1,
        sectors: lives.at(-1)?.tags.length ?? 0,
      })),
      conventional: this.conventional.map((tags) => tags.length - 1),
    };
    await this.device.flush();
    this.promises.push({ ...promised, moment: this.file.now });
  }
}

function tagOf(disk: Buffer, sector: number): number {
  const at = sector * SECTOR;
  const tag = disk.readUInt32BE(at);
  for (let i = 4; i < SECTOR; i += 4)
    if (disk.readUInt32BE(at + i) !== tag) throw new Error(`sector ${sector} is torn`);
  return tag;
}

/** Compares a disk that came back with what was promised by then, and what could have been written by then. */
function judge(workload: Workload, device: ZonedDevice, disk: Buffer, moment: number): void {
  const promised = workload.promises.filter((promise) => promise.moment <= moment).at(-1);
  for (let zone = CONVENTIONAL; zone < ZONES; zone++) {
    const { resetCount: generation, start } = device.zone(zone);
    const life = workload.lives[zone]?.[generation];
    if (life === undefined) throw new Error(`zone ${zone}: ${generation} resets never happened`);
    const kept = promised?.lives[zone] ?? { generation: 0, sectors: 0 };
    expect(generation).toBeGreaterThanOrEqual(kept.generation);
    const written = readableSectors(device, zone);
    if (generation === kept.generation) expect(written).toBeGreaterThanOrEqual(kept.sectors);
    expect(written).toBeLessThanOrEqual(life.tags.length);
    for (let i = 0; i < workload.zoneSize / SECTOR; i++) {
      const tag = tagOf(disk, start / SECTOR + i);
      if (tag !== (i < written ? life.tags[i] : 0))
        throw new Error(`zone ${zone} life ${generation}: sector ${i} of ${written} holds ${tag}`);
    }
  }
  workload.conventional.forEach((history, sector) => {
    const oldest = promised?.conventional[sector] ?? 0;
    const possible = history.slice(oldest).map(({ tag }) => tag);
    if (!possible.includes(tagOf(disk, sector)))
      throw new Error(
        `conventional sector ${sector} holds ${tagOf(disk, sector)}, not one of ${possible}`,
      );
  });
}

/** Sectors below the write pointer. A full zone's report hides its write pointer: a finished one may hold less. */
function readableSectors(device: ZonedDevice, zone: number): number {
  return (device.writtenEnd(zone) - device.zone(zone).start) / SECTOR;
}

/** Opens the image, and loses power again while it recovers. */
async function crashInRecovery(image: string, random: () => number): Promise<void> {
  const file = new CrashFile(image);
  await ZonedDevice.attach(file);
  const moment = Math.floor(random() * (file.now + 1));
  fs.writeFileSync(
    image,
    file.stateAt(moment, () => random() < 0.5),
  );
}

async function crashOnce(workload: Workload, image: string, random: () => number): Promise<void> {
  const moment = Math.floor(random() * (workload.file.now + 1));
  const share = [0, 1, random()][Math.floor(random() * 3)] as number;
  const file = `${image}.crash`;
  fs.writeFileSync(
    file,
    workload.file.stateAt(moment, () => random() < share),
  );
  if (random() < 0.4) await crashInRecovery(file, random);
  expect(qemuCheck(file)).toMatchObject({ corruptions: 0, errors: 0 });
  const device = await ZonedDevice.open(file);
  await device.close();
  expect(qemuCheck(file)).toMatchObject({ corruptions: 0, errors: 0 });
  const raw = `${image}.raw`;
  spawnSync('qemu-img', ['convert', '-f', 'qcow2', '-O', 'raw', file, raw]);
  const reopened = await ZonedDevice.open(file, { readOnly: true });
  judge(workload, reopened, fs.readFileSync(raw), moment);
  await reopened.close();
}

const tables = (extendedL2: boolean, quick: number, long: number) =>
  seeds(quick, long).map((seed) => [extendedL2 ? 'extended' : 'standard', seed] as const);

it.each([...tables(false, 24, 1500), ...tables(true, 4, 500)])(
  'keeps what a flush acknowledged through power loss (%s L2 entries, seed %i)',
  async (entries, seed) => {
    const random = randomFrom(seed);
    const extendedL2 = entries === 'extended';
    const clusterSizes = extendedL2 ? [16_384, 32_768, 65_536] : [512, 4096, 16_384, 65_536];
    const clusterSize = clusterSizes[Math.floor(random() * clusterSizes.length)] as number;
    const zoneSize = clusterSize === 65_536 ? 262_144 : 131_072;
    const image = path.join(directory, `${seed}.qcow2`);
    await createImage(image, {
      ...{ size: ZONES * zoneSize, clusterSize, extendedL2 },
      zoned: { zoneSize, conventionalZones: CONVENTIONAL },
    });
    const file = new CrashFile(image);
    const device = await ZonedDevice.attach(file);
    const workload = new Workload(device, file, zoneSize, random);
    await workload.run(120);
    for (let crash = 0; crash < 5; crash++) await crashOnce(workload, image, random);
    await device.close();
    fs.rmSync(image);
  },
);

it.each(seeds(3, 50))(
  'never shows old data under a write pointer from after a reset (seed %i)',
  async (seed) => {
    const random = randomFrom(seed);
    const zoneSize = 262_144;
    const image = path.join(directory, `reset-${seed}.qcow2`);
    await createImage(image, { size: ZONES * zoneSize, zoned: { zoneSize } });
    const file = new CrashFile(image);
    const device = await ZonedDevice.attach(file);
    device.write(0, Buffer.alloc(zoneSize, 1));
    await device.flush();
    device.manage('reset', 0);
    device.write(0, Buffer.alloc(zoneSize / 2, 2));
    const from = file.now;
    await device.flush();
    const found = new Set<string>();
    for (let moment = from; moment <= file.now; moment++) {
      for (let crash = 0; crash < 12; crash++) {
        fs.writeFileSync(
          `${image}.crash`,
          file.stateAt(moment, () => random() < 0.5),
        );
        const back = await ZonedDevice.open(`${image}.crash`);
        const content = Buffer.alloc(back.writtenEnd(0));
        if (content.length > 0) back.read(0, content);
        found.add(`${back.zone(0).resetCount}: ${[...new Set(content)].join()}`);
        await back.close();
      }
    }
    await device.close();
    expect([...found].sort()).toEqual(['0: 1', '1: ', '1: 2']);
  },
);

/** What `qemu-img check -r all` leaves: the file is repaired in place. */
function qemuRepair(file: string): void {
  spawnSync('qemu-img', ['check', '-r', 'all', '-f', 'qcow2', file]);
  expect(spawnSync('qemu-img', ['check', '-f', 'qcow2', file]).status).toBe(0);
}

it.each(seeds(4, 100))(
  'keeps both states through power loss in a snapshot operation (seed %i)',
  async (seed) => {
    const random = randomFrom(seed);
    const zoneSize = 131_072;
    const image = path.join(directory, `snapshot-${seed}.qcow2`);
    await createImage(image, { size: ZONES * zoneSize, clusterSize: 4096, zoned: { zoneSize } });
    const file = new CrashFile(image);
    const device = await ZonedDevice.attach(file);
    const date = new Date(0);
    await device.write(0, Buffer.alloc(zoneSize / 2, 1));
    await device.createSnapshot('one', date);
    await device.write(zoneSize / 2, Buffer.alloc(zoneSize / 2, 2));
    await device.flush();
    const from = file.now;
    await device.createSnapshot('two', date);
    await device.applySnapshot('one');
    await device.applySnapshot('two');
    await device.deleteSnapshot('one');
    await device.close();
    for (let crash = 0; crash < 25; crash++) {
      const moment = from + Math.floor(random() * (file.now + 1 - from));
      const crashed = `${image}.crash`;
      fs.writeFileSync(
        crashed,
        file.stateAt(moment, () => random() < 0.5),
      );
      const back = await ZonedDevice.open(crashed);
      const written = back.writtenEnd(0);
      const content = Buffer.alloc(written);
      await back.read(0, content);
      expect([zoneSize / 2, zoneSize]).toContain(written);
      expect(content.lastIndexOf(1)).toBe(zoneSize / 2 - 1);
      const names = back.snapshots().map(({ name }) => name);
      expect([['one'], ['one', 'two'], ['two']]).toContainEqual(names);
      await back.close();
      qemuRepair(crashed);
      const repaired = await ZonedDevice.open(crashed);
      await repaired.applySnapshot(names.at(-1) as string);
      expect(repaired.writtenEnd(0)).toBe(names.at(-1) === 'one' ? zoneSize / 2 : zoneSize);
      await repaired.close();
    }
  },
);

it('never passes zeroes off as data that was written after them', async () => {
  const random = randomFrom(1);
  const image = path.join(directory, 'zeroes.qcow2');
  await createImage(image, { size: ZONES * 262_144, zoned: { zoneSize: 262_144 } });
  const file = new CrashFile(image);
  const device = await ZonedDevice.attach(file);
  await device.writeZeroes(0, 4096);
  await device.flush();
  const from = file.now;
  await device.write(4096, Buffer.alloc(4096, 9));
  await device.flush();
  for (let moment = from; moment <= file.now; moment++) {
    for (let crash = 0; crash < 10; crash++) {
      fs.writeFileSync(
        `${image}.crash`,
        file.stateAt(moment, () => random() < 0.5),
      );
      const back = await ZonedDevice.open(`${image}.crash`);
      const content = Buffer.alloc(back.writtenEnd(0));
      await back.read(0, content);
      await back.close();
      const expected = Buffer.concat([Buffer.alloc(4096), Buffer.alloc(4096, 9)]);
      expect(content.equals(expected.subarray(0, content.length))).toBe(true);
    }
  }
  await device.close();
});
