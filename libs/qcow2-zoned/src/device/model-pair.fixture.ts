/** A disk and its model, side by side: each command is given to both, and everything can be compared. */
import { expect } from '@jest/globals';
import { ImageError } from '../errors.ts';
import { MemoryFile } from '../hostile/memory-file.fixture.ts';
import type { ZoneMachineOptions } from '../zones/admission.ts';
import { type NaiveZone, Refused } from '../zones/naive-commands.fixture.ts';
import { DiskModel } from './disk-model.fixture.ts';
import type { Tally } from './model-table.fixture.ts';
import { ZonedDevice } from './zoned-device.ts';

const SECTOR = 512;

/** Commands that answer otherwise where the zone has a random write area. */
const IN_AREAS = ['write', 'zeroes', 'append', 'open-area', 'commit'];

export function fileOf(image: Buffer): MemoryFile {
  return new MemoryFile(Buffer.from(image), { bytes: Infinity, calls: Infinity, length: Infinity });
}

/** What a command came to. Anything else thrown is a fault. */
async function outcome(command: () => unknown): Promise<string> {
  try {
    const answer = await command();
    return typeof answer === 'number' ? `ok ${answer}` : 'ok';
  } catch (error) {
    if (error instanceof ImageError || error instanceof Refused) return error.code;
    throw error;
  }
}

export class Pair {
  device!: ZonedDevice;
  private file: MemoryFile;
  private tag = 0;

  constructor(
    image: Buffer,
    readonly model: DiskModel,
    readonly options: ZoneMachineOptions,
    readonly random: () => number,
    private readonly tally: Tally,
  ) {
    this.file = fileOf(image);
  }

  async open(): Promise<void> {
    this.device = await ZonedDevice.attach(this.file, this.options);
  }

  get content(): Buffer {
    return this.file.content;
  }

  below(bound: number): number {
    return Math.floor(this.random() * bound);
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }

  async reopen(): Promise<void> {
    await this.device.close();
    this.file = fileOf(this.content);
    await this.open();
    this.model.naive.powerCycle();
  }

  /** Field by field first: jest's own comparison takes longer than all else together. */
  compare(): void {
    const { zones } = this.model.naive;
    if (zones.every((zone) => this.agrees(zone))) return;
    const seen = this.device
      .report(0, zones.length)
      .map((zone) => ({ ...zone, writtenEnd: this.device.writtenEnd(zone.index) }));
    expect(seen).toEqual(this.model.report());
    throw new Error('the zones differ, their reports do not');
  }

  private agrees(zone: NaiveZone): boolean {
    const { begin, condition, conventional, dataLimit, end, index, pointer, resets } = zone;
    const seen = this.device.zone(index);
    return (
      seen.condition === condition &&
      seen.writePointer === (condition === 'full' ? end : pointer) &&
      this.device.writtenEnd(index) === (conventional ? end : pointer) &&
      seen.resetCount === resets &&
      (seen.zrwa ?? false) === zone.area &&
      (seen.extension ?? false) === zone.extension &&
      seen.start === begin &&
      seen.size === end - begin &&
      seen.capacity === dataLimit - begin &&
      seen.type === (conventional ? 'conventional' : 'sequential')
    );
  }

  /** Every byte that can be read. */
  async compareContent(): Promise<void> {
    for (const { index, begin, end, condition } of this.model.naive.zones) {
      const extension = this.device.extension(index);
      const known = this.model.extensions.get(index);
      if (extension !== undefined || known !== undefined)
        expect([index, extension && Buffer.from(extension)]).toEqual([index, known]);
      if (condition === 'offline' || this.options.readBeyondWritePointer === 'error') continue;
      await this.readAndCompare(begin, end - begin);
    }
  }

  protected async readAndCompare(offset: number, length: number): Promise<void> {
    const bytes = Buffer.alloc(length, 0xee);
    await this.device.read(offset, bytes);
    const wanted = this.model.content.subarray(offset, offset + length);
    if (bytes.equals(wanted)) return;
    const at = bytes.findIndex((byte, i) => byte !== wanted[i]);
    expect({ offset: offset + at, byte: bytes[at] }).toEqual({
      offset: offset + at,
      byte: wanted[at],
    });
  }

  /** Gives a command to both, and counts it. */
  protected async both(
    name: string,
    zone: number | undefined,
    onModel: () => unknown,
    onDisk: () => unknown,
  ): Promise<string> {
    const { condition = '-', area = false } = this.model.naive.zones[zone ?? -1] ?? {};
    const inArea = area && IN_AREAS.includes(name) ? ':area' : '';
    const expected = await outcome(onModel);
    const [result] = expected.split(' ');
    const key = `${this.model.geometry.profile}|${name}${inArea}|${condition}|${result}`;
    this.tally.set(key, (this.tally.get(key) ?? 0) + 1);
    const seen = await outcome(onDisk);
    if (seen !== expected) expect({ key, seen }).toEqual({ key, seen: expected });
    return expected;
  }

  protected data(length: number): Buffer {
    const data = Buffer.alloc(length);
    for (let at = 0; at < length; at += SECTOR)
      data.fill(1 + (this.tag++ % 255), at, Math.min(at + SECTOR, length));
    return data;
  }

  /** A length: of a few blocks, or up to the capacity, or past it. */
  protected length(room: number): number {
    const { logicalBlockSize: block } = this.model.geometry;
    const few = (1 + this.below(6)) * block;
    return Math.max(block, this.pick([few, few, few, few, room, room + block]));
  }
}
