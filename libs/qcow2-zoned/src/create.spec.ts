import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type CreateOptions, createImage } from './create.ts';
import { ZonedDevice } from './device/zoned-device.ts';
import { inspectImage } from './info.ts';

const MiB = 2 ** 20;
let directory: string;
beforeAll(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'zonelab-create-'));
});
afterAll(() => fs.rmSync(directory, { recursive: true, force: true }));

const DISKS: [string, CreateOptions][] = [
  ['a plain disk', { size: 10 * MiB }],
  ['clusters of 512 bytes', { size: 4 * MiB, clusterSize: 512, zoned: { zoneSize: MiB } }],
  ['clusters of 2 MiB', { size: 64 * MiB, clusterSize: 2 * MiB, zoned: { zoneSize: 4 * MiB } }],
  ['a short last zone', { size: 9 * MiB + 512, zoned: { zoneSize: 4 * MiB } }],
  ['odd zone sizes', { size: 21 * MiB, zoned: { zoneSize: 3 * MiB, conventionalZones: 2 } }],
  [
    'zns with a capacity that is no power of two',
    {
      size: 64 * MiB,
      zoned: { profile: 'zns', zoneSize: 16 * MiB, zoneCapacity: 10 * MiB + 4096, maxOpenZones: 2 },
    },
  ],
  ['4096-byte blocks', { size: 8 * MiB, zoned: { zoneSize: MiB, logicalBlockSize: 4096 } }],
  ['1 TiB of small zones', { size: 2 ** 40, zoned: { zoneSize: 16 * MiB } }],
  ['conventional zones only', { size: 8 * MiB, zoned: { zoneSize: MiB, conventionalZones: 8 } }],
];

it.each(DISKS)('creates %s that qemu-img finds healthy', async (name, options) => {
  const file = path.join(directory, `${name}.qcow2`);
  await createImage(file, options);
  const check = execFileSync('qemu-img', ['check', file]).toString();
  expect(check).toContain('No errors were found on the image.');
  const info = JSON.parse(execFileSync('qemu-img', ['info', '--output=json', file]).toString());
  expect(info['virtual-size']).toBe(options.size);
  expect(info['cluster-size']).toBe(options.clusterSize ?? 65_536);
});

it.each(DISKS.slice(1))('opens %s with the geometry that was asked for', async (name, options) => {
  const file = path.join(directory, `${name}.geometry.qcow2`);
  await createImage(file, options);
  const { zoned } = await inspectImage(file);
  expect(zoned?.geometry).toMatchObject({ ...options.zoned, size: options.size });
  const device = await ZonedDevice.open(file);
  const zones = device.report(0, device.geometry?.zoneCount ?? 0);
  expect(new Set(zones.map((zone) => zone.condition)).size).toBeLessThanOrEqual(2);
  expect(zones.at(-1)?.start).toBe((zones.length - 1) * (options.zoned?.zoneSize ?? 0));
  await device.close();
});

describe('refuses, without a trace,', () => {
  const zoned = { zoneSize: MiB };
  it.each<[string, CreateOptions, object]>([
    ['a size of 0', { size: 0 }, { field: 'size', given: 0 }],
    ['a size that is no whole sector', { size: 1000 }, { field: 'size', given: 1000 }],
    ['a cluster size of 1000', { size: MiB, clusterSize: 1000 }, { field: 'clusterSize' }],
    ['a cluster size of 4 MiB', { size: MiB, clusterSize: 4 * MiB }, { field: 'clusterSize' }],
    ['zones that share a cluster', { size: MiB, zoned: { zoneSize: 4096 } }, { field: 'zoneSize' }],
    ['zones of 4 GiB', { size: 2 ** 34, zoned: { zoneSize: 2 ** 32 } }, { field: 'zoneSize' }],
    [
      'a capacity above the zone size',
      { size: MiB, zoned: { profile: 'zns', zoneSize: MiB, zoneCapacity: 2 * MiB } },
      { field: 'zoneCapacity', given: 2 * MiB },
    ],
    [
      'more conventional zones than zones',
      { size: MiB, zoned: { ...zoned, conventionalZones: 2 } },
      { field: 'conventionalZones', given: 2 },
    ],
    [
      'more open than active zones',
      { size: MiB, zoned: { ...zoned, maxOpenZones: 3, maxActiveZones: 2 } },
      { field: 'maxOpenZones', given: 3 },
    ],
    [
      'zns with a short last zone',
      { size: MiB + 65_536, zoned: { ...zoned, profile: 'zns' } },
      { field: 'size' },
    ],
    ['a disk past the L1 table', { size: 2 ** 40, clusterSize: 512 }, { field: 'size' }],
  ])('%s', async (_name, options, context) => {
    const file = path.join(directory, 'refused', 'disk.qcow2');
    fs.mkdirSync(path.dirname(file), { recursive: true });
    await expect(createImage(file, options)).rejects.toMatchObject({
      code: 'invalid_option',
      context,
    });
    expect(fs.readdirSync(path.dirname(file))).toEqual([]);
  });

  it('a folder that is not there', async () => {
    const file = path.join(directory, 'nowhere', 'disk.qcow2');
    await expect(createImage(file, { size: MiB })).rejects.toMatchObject({
      code: 'file_not_found',
      message: expect.stringContaining(`there is no folder ${path.dirname(file)}`),
    });
  });

  it('a name that is taken, whose file stays as it was', async () => {
    const file = path.join(directory, 'taken.qcow2');
    fs.writeFileSync(file, 'mine');
    await expect(createImage(file, { size: MiB })).rejects.toMatchObject({ code: 'file_exists' });
    expect(fs.readFileSync(file, 'utf8')).toBe('mine');
  });
});
