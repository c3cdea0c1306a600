/**
 * Seeded random commands to a disk, and to a naive model of one, which must agree on every result, condition, write
 * pointer, counter and byte, through failed writes, snapshots and reopenings. Stock QEMU is asked at the end of some.
 */
import fs from 'node:fs';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { KiB, qemuCheck, rawContent, testDisks } from '../disk.fixture.ts';
import { randomFrom, seeds } from '../random.fixture.ts';
import type { ZoneGeometryOptions } from '../zones/geometry.ts';
import { DiskModel } from './disk-model.fixture.ts';
import { fileOf } from './model-pair.fixture.ts';
import { gaps, type Tally, tableOf, unexpected } from './model-table.fixture.ts';
import { Trial } from './model-trial.fixture.ts';
import { ZonedDevice } from './zoned-device.ts';

const COMMANDS = 500;

type Disk = Omit<ZoneGeometryOptions, 'size'> & { size: number; clusterSize: number };

const GEOMETRIES: Readonly<Record<string, Disk>> = {
  'zns, capacity of no power of two': {
    ...{ profile: 'zns', size: 448 * KiB, clusterSize: 4 * KiB },
    ...{ zoneSize: 64 * KiB, zoneCapacity: 40 * KiB + 512, maxAppendBytes: 16 * KiB },
    ...{ maxOpenZones: 2, maxActiveZones: 3 },
  },
  'zns, random write areas and extensions': {
    ...{ profile: 'zns', size: 192 * KiB, clusterSize: 8 * KiB, maxAppendBytes: KiB },
    ...{ zoneSize: 24 * KiB, zoneCapacity: 13 * KiB, maxOpenZones: 2, maxActiveZones: 4 },
    ...{ zrwaSize: 4 * KiB, zrwaFlushGranularity: 2 * KiB, zrwaZones: 2 },
    descriptorExtensionSize: 64,
  },
  'zns, 4096-byte blocks, an area for one, no limits': {
    ...{ profile: 'zns', size: 384 * KiB, clusterSize: 4 * KiB, maxAppendBytes: 64 * KiB },
    ...{ zoneSize: 64 * KiB, zoneCapacity: 60 * KiB, logicalBlockSize: 4096 },
    ...{ zrwaSize: 16 * KiB, zrwaFlushGranularity: 8 * KiB, zrwaZones: 1 },
    descriptorExtensionSize: 1024,
  },
  'zns, two active, extensions over many blocks': {
    ...{ profile: 'zns', size: 132 * KiB, clusterSize: 512, maxAppendBytes: 2 * KiB },
    ...{ zoneSize: 4 * KiB, zoneCapacity: 3 * KiB, maxOpenZones: 2, maxActiveZones: 2 },
    descriptorExtensionSize: 192,
  },
  'zbc, conventional zones, short last zone': {
    ...{ profile: 'zbc', size: 270 * KiB, clusterSize: 4 * KiB, maxAppendBytes: 64 * KiB },
    ...{ zoneSize: 32 * KiB, conventionalZones: 2, maxOpenZones: 2, maxActiveZones: 4 },
  },
  'zbc, 4096-byte blocks, zones of no power of two': {
    ...{ profile: 'zbc', size: 216 * KiB, clusterSize: 8 * KiB, maxAppendBytes: 8 * KiB },
    ...{ zoneSize: 24 * KiB, conventionalZones: 1, maxOpenZones: 2, maxActiveZones: 3 },
    logicalBlockSize: 4096,
  },
  'zbc, no limits, no append, small zones': {
    ...{ profile: 'zbc', size: 135 * KiB, clusterSize: KiB, zoneSize: 4 * KiB },
    conventionalZones: 2,
  },
};

const disks = testDisks();
const images = new Map<string, Buffer>();

beforeAll(async () => {
  for (const [name, { size, clusterSize, ...zoned }] of Object.entries(GEOMETRIES))
    images.set(name, fs.readFileSync(await disks.create({ size, clusterSize, zoned })));
});

const tally: Tally = new Map();
const runs = new Map<string, number>();

/** The outside judge: the file is a sound qcow2 image, and holds these bytes. */
function judge({ content, model }: Trial): void {
  const path = disks.path();
  fs.writeFileSync(path, content);
  expect(qemuCheck(path)).toEqual({ corruptions: 0, leaks: 0, errors: 0 });
  const raw = rawContent(path);
  const at = raw.findIndex((byte, i) => byte !== model.content[i]);
  expect({ at, zones: model.report() }).toEqual({ at: -1, zones: model.report() });
}

const NAMES = Object.keys(GEOMETRIES);

it.each(seeds(200, 5000))('does as the model says (seed %i)', async (seed) => {
  const name = NAMES[seed % NAMES.length] as string;
  const random = randomFrom(seed);
  const device = await ZonedDevice.attach(fileOf(images.get(name) as Buffer), { readOnly: true });
  const { geometry } = device;
  if (geometry === undefined) throw new Error('no zones');
  const rules = {
    enforceLimits: random() < 0.85,
    readAcrossZones: random() < 0.7,
    readBeyondWritePointer: geometry.profile === 'zbc' && random() < 0.3 ? 'error' : 'zeroes',
  } as const;
  const model = new DiskModel(geometry, {
    limited: rules.enforceLimits,
    strictReads: rules.readBeyondWritePointer === 'error',
    readsCross: rules.readAcrossZones,
  });
  const trial = new Trial(images.get(name) as Buffer, model, rules, random, tally);
  await trial.open();
  for (let step = 0; step < COMMANDS; step++) await trial.step();
  await trial.compareContent();
  await trial.reopen();
  trial.compare();
  await trial.compareContent();
  await trial.device.close();
  if (seed % 16 < 1) judge(trial);
  runs.set(name, (runs.get(name) ?? 0) + 1);
});

afterAll(() => {
  process.stderr.write(`${tableOf(tally)}\n${JSON.stringify(Object.fromEntries(runs))}\n`);
});

it('has met everything that a disk can answer, and nothing else', () => {
  expect(unexpected(tally)).toEqual([]);
  if (process.env.ZONELAB_SEED === undefined) {
    expect(gaps(tally)).toEqual([]);
    expect(runs.size).toBe(NAMES.length);
  }
});
