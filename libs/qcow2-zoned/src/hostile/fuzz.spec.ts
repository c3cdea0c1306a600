/**
 * Images with hostile fields, in memory: whatever they hold, every operation ends, within bounds, and either works or
 * throws an `ImageError` of one line. `ZONELAB_SEED=n` repeats one case.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { checkFile, repairFile } from '../check/check.ts';
import { stockImages } from '../check/damage.fixture.ts';
import { createImage } from '../create.ts';
import { ZonedDevice } from '../device/zoned-device.ts';
import { KiB, MiB, run } from '../disk.fixture.ts';
import { ImageError } from '../errors.ts';
import { readHeader } from '../format/header.ts';
import { describeZoned } from '../format/zoned-dialects.ts';
import { randomFrom, seeds } from '../random.fixture.ts';
import { type Field, fieldGroups, sealZoneBlock, spoil, zoneBlocks } from './fields.fixture.ts';
import { MemoryFile, type WorkBounds } from './memory-file.fixture.ts';

/** Far more than any sound image of this size asks for. */
const BOUNDS: WorkBounds = { bytes: 512 * MiB, calls: 400_000, length: 64 * MiB };
/** The largest table that a header can ask for, by QEMU's limits, or a zone table of the most zones. */
const MAX_ALLOCATION = 300 * MiB;

/** Names all of 64 feature bits by their numbers. */
const MAX_MESSAGE = 4096;
/** Failures after which a run ends. */
const MAX_FAILURES = 5;

interface Base {
  readonly kind: string;
  readonly image: Buffer;
  /** Where a case spoils its copy: a new buffer for each would cost more than the case. */
  readonly scratch: Buffer;
  readonly groups: readonly Field[][];
}

let folder: string;
const bases: Base[] = [];

beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'zonelab-fuzz-'));
  for (const [kind, image] of stockImages(folder))
    if (!kind.includes('cluster_size=64k')) addBase(kind, image);
  for (const clusterSize of [512, 4096]) {
    const image = await zonedImage(clusterSize);
    addBase(`zoned, clusters of ${clusterSize}`, image);
  }
});
afterAll(() => fs.rmSync(folder, { recursive: true }));

function addBase(kind: string, image: Buffer): void {
  bases.push({ kind, image, scratch: Buffer.alloc(image.length), groups: fieldGroups(image) });
}

async function zonedImage(clusterSize: number): Promise<Buffer> {
  const file = path.join(folder, `zoned-${clusterSize}.qcow2`);
  await createImage(file, {
    size: 2 * MiB,
    clusterSize,
    zoned: { zoneSize: 256 * KiB, conventionalZones: 1 },
  });
  const device = await ZonedDevice.open(file);
  await device.write(0, Buffer.alloc(8 * KiB, 1));
  await device.write(256 * KiB, Buffer.alloc(20 * KiB, 2));
  await device.write(512 * KiB, Buffer.alloc(32 * KiB, 3));
  await device.close();
  run('qemu-img', 'check', file);
  return fs.readFileSync(file);
}

function hostile(base: Base, random: () => number): { image: Buffer; what: string } {
  const image = base.scratch;
  base.image.copy(image);
  const done: string[] = [];
  for (let count = 1 + Math.floor(random() * 3); count > 0; count--) {
    const group = base.groups[Math.floor(random() * base.groups.length)] as Field[];
    const field = group[Math.floor(random() * group.length)];
    if (field !== undefined) done.push(spoil(image, field, random));
  }
  if (random() < 0.7) for (const block of zoneBlocks(base.image)) sealZoneBlock(image, block);
  const cut = random() < 0.05 ? Math.floor(random() * image.length) : image.length;
  if (cut < image.length) done.push(`cut at ${cut}`);
  return { image: image.subarray(0, cut), what: `${base.kind}; ${done.join('; ')}` };
}

/** Runs `work`; a refusal in one line is as good as success. */
async function refuses(what: string, work: () => unknown): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (
      error instanceof ImageError &&
      !error.message.includes('\n') &&
      error.message.length <= MAX_MESSAGE
    )
      return;
    throw new Error(`${what}: ${(error as Error).stack}`);
  }
}

const toRead = (image: Buffer): MemoryFile => new MemoryFile(image, BOUNDS);
const toWrite = (image: Buffer): MemoryFile => new MemoryFile(Buffer.from(image), BOUNDS);

function tellInfo(image: Buffer): void {
  const header = readHeader(toRead(image));
  describeZoned(header);
}

async function readPieces(image: Buffer, random: () => number): Promise<void> {
  const device = await ZonedDevice.attach(toRead(image), { readOnly: true });
  try {
    const piece = Buffer.alloc(8 * KiB);
    for (const at of [0, 64 * KiB, 256 * KiB, 512 * KiB, Math.floor(random() * 2 * MiB)])
      await refuses('read', () => device.read(at - (at % 512), piece));
    if (device.geometry !== undefined) device.zone(0);
  } finally {
    await device.close();
  }
}

async function writeSome(image: Buffer): Promise<void> {
  const device = await ZonedDevice.attach(toWrite(image), {});
  try {
    const zoned = device.geometry !== undefined;
    await refuses('write', () => device.write(0, Buffer.alloc(4096, 5)));
    if (zoned)
      await refuses('write', () =>
        device.write(device.zone(1).writePointer, Buffer.alloc(4096, 5)),
      );
    if (zoned) await refuses('reset', () => device.manage('reset', 2));
    await refuses('flush', () => device.flush());
  } finally {
    await device.close();
  }
}

/** A second repair finds nothing to do, unless the first said that something is left. */
async function repairTwice(image: Buffer): Promise<void> {
  const file = toWrite(image);
  const first = await repairFile(file, 'all');
  const second = await repairFile(toRead(file.content), 'all');
  const { leaks = 0, corruptions = 0, zones = [] } = second.repaired ?? {};
  if (first.findings.length === 0 && leaks + corruptions + zones.length > 0)
    throw new Error(
      `the second repair mended ${leaks} leaks, ${corruptions} errors, ${zones.length} zones`,
    );
}

async function attempt(seed: number): Promise<void> {
  const random = randomFrom(seed);
  const base = bases[Math.floor(random() * bases.length)] as Base;
  const { image, what } = hostile(base, random);
  const name = `seed ${seed}: ${what}`;
  await refuses(`${name}: info`, () => tellInfo(image));
  await refuses(`${name}: check`, () => checkFile(toRead(image)));
  await refuses(`${name}: read`, () => readPieces(image, random));
  const choice = random();
  if (choice < 0.25) await refuses(`${name}: write`, () => writeSome(image));
  else if (choice < 0.35) await refuses(`${name}: repair`, () => repairTwice(image));
}

/** Runs `work` and returns the longest buffer that it asked for. */
async function largestAllocation(work: () => Promise<void>): Promise<number> {
  const { alloc, allocUnsafe } = Buffer;
  let largest = 0;
  const note = (length: number): number => {
    largest = Math.max(largest, length);
    return length;
  };
  Buffer.alloc = ((length: number, ...rest: []) =>
    alloc.call(Buffer, note(length), ...rest)) as typeof alloc;
  Buffer.allocUnsafe = ((length: number) =>
    allocUnsafe.call(Buffer, note(length))) as typeof allocUnsafe;
  try {
    await work();
  } finally {
    Object.assign(Buffer, { alloc, allocUnsafe });
  }
  return largest;
}

it(
  'survives whatever its tables hold',
  async () => {
    const cases = seeds(20_000, 1_000_000);
    const failures: string[] = [];
    const largest = await largestAllocation(async () => {
      for (const seed of cases) {
        await attempt(seed).catch((error: Error) => failures.push(error.message));
        if (failures.length === MAX_FAILURES) return;
      }
    });
    expect(failures).toEqual([]);
    expect(largest).toBeLessThan(MAX_ALLOCATION);
  },
  6 * 3_600_000,
);
