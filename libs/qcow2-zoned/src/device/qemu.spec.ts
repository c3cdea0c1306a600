/** Any sequence of operations leaves an image that stock QEMU finds healthy and reads byte for byte. */
import { expect, it } from '@jest/globals';
import type { CreateOptions } from '../create.ts';
import { KiB, MiB, rawContent, run, testDisks } from '../disk.fixture.ts';
import { randomFrom, seeds } from '../random.fixture.ts';
import { ZonedDevice } from './zoned-device.ts';

const disks = testDisks();

function randomDisk(random: () => number): CreateOptions {
  const pick = <T>(...choices: T[]): T => choices[Math.floor(random() * choices.length)] as T;
  const clusterSize = pick(512, 4 * KiB, 64 * KiB);
  const logicalBlockSize = pick(512, 4096) as 512 | 4096;
  const zoneSize = 256 * KiB;
  const limits = { maxOpenZones: pick(0, 2), maxActiveZones: pick(0, 4) };
  const common = { zoneSize, logicalBlockSize, maxAppendBytes: 64 * KiB, ...limits };
  const zoned = pick(
    { ...common, profile: 'zbc' as const, conventionalZones: 2 },
    { ...common, profile: 'zns' as const, zoneCapacity: 192 * KiB },
  );
  return { size: 3 * MiB, clusterSize, zoned };
}

/** The disk as it must read, kept beside the device by the plainest means. */
class Shadow {
  readonly content: Buffer;

  constructor(
    readonly device: ZonedDevice,
    readonly random: () => number,
  ) {
    this.content = Buffer.alloc(device.size);
  }

  /** One random operation. One that the device refuses must have changed nothing, so the shadow skips it. */
  async step(): Promise<void> {
    try {
      await this.#operation();
    } catch (error) {
      if (
        !/full|too_many|active|open|transition|boundary|out_of_range/.test(
          (error as { code: string }).code,
        )
      )
        throw error;
    }
  }

  #pick(count: number): number {
    return Math.floor(this.random() * count);
  }

  async #operation(): Promise<void> {
    const { device } = this;
    const block = device.logicalBlockSize;
    const zone = device.zone(this.#pick(device.geometry?.zoneCount ?? 0));
    const length = block * (1 + this.#pick((this.random() < 0.2 ? 160 : 24) * (512 / block)));
    const data = Buffer.alloc(length, 1 + this.#pick(255));
    const conventional = zone.type === 'conventional';
    const inZone = block * this.#pick((zone.size - length) / block);
    const at = conventional ? zone.start + inZone : device.writtenEnd(zone.index);
    if (at === zone.start + zone.size) {
      await device.manage('reset', zone.index);
      this.content.fill(0, zone.start, at);
      return;
    }
    switch (this.#pick(9)) {
      case 0:
      case 1:
      case 2:
        await device.write(at, data);
        data.copy(this.content, at);
        break;
      case 3: {
        if (conventional) return;
        const piece = data.subarray(0, 64 * KiB);
        expect(await device.append(zone.start, piece)).toBe(at);
        piece.copy(this.content, at);
        break;
      }
      case 4:
        await device.writeZeroes(at, length);
        this.content.fill(0, at, at + length);
        break;
      case 5:
        if (conventional) return this.#discard(at, length);
        await device.manage('reset', zone.index);
        this.content.fill(0, zone.start, zone.start + zone.size);
        break;
      case 6:
        if (!conventional) await device.manage('finish', zone.index);
        break;
      case 7:
        if (!conventional) await device.manage(this.random() < 0.5 ? 'open' : 'close', zone.index);
        break;
      default:
        await device.flush();
    }
  }

  /** A discard may keep the bytes of clusters that it covers in part. */
  async #discard(at: number, length: number): Promise<void> {
    await this.device.discard(at, length);
    await this.device.read(at, this.content.subarray(at, at + length));
  }
}

it.each(seeds(12, 400))('stays healthy and readable for stock QEMU (seed %i)', async (seed) => {
  const random = randomFrom(seed);
  const file = await disks.create(randomDisk(random));
  let device = await ZonedDevice.open(file);
  const shadow = new Shadow(device, random);
  for (let step = 0; step < 250; step++) await shadow.step();
  const zones = device.report(0, 100);
  const content = Buffer.alloc(device.size);
  await device.read(0, content);
  expect(content.equals(shadow.content)).toBe(true);
  await device.close();

  expect(run('qemu-img', 'check', file)).toContain('No errors were found on the image.');
  expect(rawContent(file).equals(shadow.content)).toBe(true);

  device = await ZonedDevice.open(file);
  for (const [index, zone] of device.report(0, 100).entries()) {
    const before = zones[index];
    expect(zone.writePointer).toBe(before?.writePointer);
    expect(zone.resetCount).toBe(before?.resetCount);
  }
  await device.close();
});
