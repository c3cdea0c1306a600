/** Random faults under random commands: the zones tell the truth after each, and no acknowledged byte is lost. */
import { expect, it } from '@jest/globals';
import { ZonedDevice } from '../device/zoned-device.ts';
import { KiB, MiB, qemuCheck, rawContent, testDisks } from '../disk.fixture.ts';
import { ImageError } from '../errors.ts';
import { randomFrom, seeds } from '../random.fixture.ts';
import type { FaultRule } from './plan.ts';

const disks = testDisks();
const DISK = {
  size: 4 * MiB,
  clusterSize: 4 * KiB,
  zoned: { zoneSize: MiB, conventionalZones: 1, maxAppendBytes: 64 * KiB },
};

async function outcome(command: () => unknown): Promise<string> {
  try {
    await command();
    return 'ok';
  } catch (error) {
    if (error instanceof ImageError) return error.code;
    throw error;
  }
}

/**
 * What the test knows of a zone: the tag of each 4 KiB written, in order, how many a flush has acknowledged, and the
 * tags of each life that a reset has ended.
 */
interface Known {
  tags: number[];
  safe: number;
  readonly ended: number[][];
}

/** A disk under random faults, with a model of what it must hold. */
class Trial {
  readonly known: Known[] = [1, 2, 3].map(() => ({ tags: [], safe: 0, ended: [] }));
  failures = 0;
  #tag = 0;

  constructor(
    readonly file: string,
    public device: ZonedDevice,
    readonly random: () => number,
  ) {}

  async step(): Promise<void> {
    const zone = 1 + Math.floor(this.random() * 3);
    const known = this.known[zone - 1] as Known;
    const choice = this.random();
    if (choice < 0.65) await this.#write(zone, known);
    else if (choice < 0.75) await this.#reset(zone, known);
    else if (choice < 0.85) await this.#read(zone, known);
    else await this.#flush();
    this.#compareReport();
  }

  async #write(zone: number, known: Known): Promise<void> {
    const { condition, writePointer } = this.device.zone(zone);
    if (condition === 'full') return;
    const tag = ++this.#tag % 251;
    const data = Buffer.alloc(4 * KiB, tag);
    const append = this.random() < 0.3;
    const result = await outcome(() =>
      append ? this.device.append(zone * MiB, data) : this.device.write(writePointer, data),
    );
    if (result === 'ok') known.tags.push(tag);
    else await this.#failed();
  }

  async #reset(zone: number, known: Known): Promise<void> {
    if ((await outcome(() => this.device.manage('reset', zone))) !== 'ok') await this.#failed();
    else if (known.tags.length > 0) {
      known.ended.push(known.tags);
      Object.assign(known, { tags: [], safe: 0 });
    }
  }

  async #read(zone: number, known: Known): Promise<void> {
    const content = Buffer.alloc(known.tags.length * 4 * KiB + 4 * KiB);
    if ((await outcome(() => this.device.read(zone * MiB, content))) !== 'ok') this.failures++;
    else
      [...known.tags, 0].forEach((tag, i) => {
        expect([i, content[i * 4 * KiB], content[(i + 1) * 4 * KiB - 1]]).toEqual([i, tag, tag]);
      });
  }

  async #flush(): Promise<void> {
    if ((await outcome(() => this.device.flush())) === 'ok')
      for (const known of this.known) known.safe = known.tags.length;
    else await this.#failed();
  }

  /** Where a flush failed under way, what reached the disk is unknown: the image must be opened again. */
  async #failed(): Promise<void> {
    this.failures++;
    const plan = this.device.faultStatus() as readonly { rule: FaultRule }[];
    this.device.setFaults(undefined);
    const usable = (await outcome(() => this.device.flush())) === 'ok';
    if (usable) for (const known of this.known) known.safe = known.tags.length;
    else await this.#reopen();
    this.device.setFaults({ seed: this.failures, rules: plan.map(({ rule }) => rule) });
  }

  async #reopen(): Promise<void> {
    await outcome(() => this.device.close());
    expect(qemuCheck(this.file).corruptions).toBe(0);
    this.device = await ZonedDevice.open(this.file);
    this.known.forEach((known, i) => {
      const length = (this.device.writtenEnd(i + 1) - (i + 1) * MiB) / (4 * KiB);
      const { resetCount } = this.device.zone(i + 1);
      if (resetCount < known.ended.length) known.tags = known.ended[resetCount] as number[];
      else expect(length).toBeGreaterThanOrEqual(known.safe);
      known.ended.length = resetCount;
      expect(length).toBeLessThanOrEqual(known.tags.length);
      known.tags.length = length;
      known.safe = length;
    });
  }

  #compareReport(): void {
    this.known.forEach(({ tags }, i) => {
      expect(this.device.writtenEnd(i + 1) - (i + 1) * MiB).toBe(tags.length * 4 * KiB);
    });
  }
}

const RANDOM_RULES: readonly FaultRule[] = [
  { on: 'write', probability: 0.1, fail: 'io_error', torn: 'random' },
  { on: 'append', probability: 0.1, fail: 'no_space', torn: 'random' },
  { on: 'read', probability: 0.1, fail: 'io_error' },
  { on: 'flush', probability: 0.1, fail: 'io_error' },
  { on: 'reset', probability: 0.2, fail: 'io_error' },
  { on: 'file-write', probability: 0.01, fail: 'no_space' },
  { on: 'file-write', probability: 0.01, torn: 'random' },
  { on: 'file-read', probability: 0.05, fail: 'io_error' },
  { on: 'file-sync', probability: 0.02, fail: 'io_error' },
];

it.each(seeds(12, 600))('tells the truth after every fault (seed %i)', async (seed) => {
  const random = randomFrom(seed);
  const file = await disks.create(DISK);
  const device = await ZonedDevice.open(file);
  const rules = RANDOM_RULES.filter(() => random() < 0.5);
  device.setFaults({ seed, rules });
  const trial = new Trial(file, device, random);
  for (let step = 0; step < 150; step++) await trial.step();
  trial.device.setFaults(undefined);
  await trial.device.close();
  if (rules.length > 4) expect(trial.failures).toBeGreaterThan(0);
  expect(qemuCheck(file)).toMatchObject({ corruptions: 0, errors: 0 });
  const raw = rawContent(file);
  trial.known.forEach(({ tags }, i) => {
    const zone = raw.subarray((i + 1) * MiB, (i + 2) * MiB);
    const expected = Buffer.concat([
      ...tags.map((tag) => Buffer.alloc(4 * KiB, tag)),
      Buffer.alloc(MiB - tags.length * 4 * KiB),
    ]);
    expect(zone.equals(expected)).toBe(true);
  });
});
