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
    ['zones on a disk of size 0', { size: 0, zoned }, { field: 'size', given: 0 }],
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

describe('with overwrite', () => {
  const sizeOf = async (file: string): Promise<number> => (await inspectImage(file)).virtualSize;

  it('replaces a file, keeping its permissions and the symbolic link that leads to it', async () => {
    const real = path.join(directory, 'real.qcow2');
    const link = path.join(directory, 'link.qcow2');
    fs.writeFileSync(real, 'old', { mode: 0o604 });
    fs.chmodSync(real, 0o604);
    fs.symlinkSync(real, link);
    await createImage(link, { size: 2 * MiB, overwrite: true });
    expect(await sizeOf(real)).toBe(2 * MiB);
    expect(fs.lstatSync(link).isSymbolicLink()).toBe(true);
    expect(fs.statSync(real).mode & 0o777).toBe(0o604);
  });

  it('leaves a file alone that somebody has open', async () => {
    const file = path.join(directory, 'open.qcow2');
    await createImage(file, { size: MiB });
    const device = await ZonedDevice.open(file);
    await expect(createImage(file, { size: 2 * MiB, overwrite: true })).rejects.toMatchObject({
      code: 'image_in_use',
    });
    await device.close();
    expect(await sizeOf(file)).toBe(MiB);
  });

  it('leaves a file alone when the new image is refused', async () => {
    const file = path.join(directory, 'kept.qcow2');
    await createImage(file, { size: MiB });
    const options = { size: MiB, dataFile: { file: path.join(directory, 'none', 'data') } };
    await expect(createImage(file, { ...options, overwrite: true })).rejects.toMatchObject({
      code: 'file_not_found',
    });
    expect(await sizeOf(file)).toBe(MiB);
    expect(fs.readdirSync(directory).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});

describe('an overlay', () => {
  const at = (name: string): string => path.join(directory, name);

  it('is as large as its backing file, unless told otherwise', async () => {
    await createImage(at('base.qcow2'), { size: 3 * MiB });
    const backing = { file: 'base.qcow2', format: 'qcow2' } as const;
    await createImage(at('same.qcow2'), { backing });
    await createImage(at('larger.qcow2'), { backing, size: 5 * MiB });
    const sizes = ['same.qcow2', 'larger.qcow2'].map(
      (name) =>
        JSON.parse(`${execFileSync('qemu-img', ['info', '--output=json', at(name)])}`)[
          'virtual-size'
        ],
    );
    expect(sizes).toEqual([3 * MiB, 5 * MiB]);
  });

  it('of a file that is not there needs a size and the word of the caller', async () => {
    const backing = { file: 'gone.qcow2', format: 'qcow2' } as const;
    await expect(createImage(at('a.qcow2'), { backing, size: MiB })).rejects.toMatchObject({
      code: 'file_not_found',
    });
    const unchecked = { ...backing, unchecked: true };
    await expect(createImage(at('a.qcow2'), { backing: unchecked })).rejects.toMatchObject({
      context: { field: 'size' },
    });
    await createImage(at('a.qcow2'), { backing: unchecked, size: MiB });
    expect((await inspectImage(at('a.qcow2'))).backingFile).toBe('gone.qcow2');
  });

  it('of itself is refused', async () => {
    await createImage(at('self.qcow2'), { size: MiB });
    const backing = { file: './self.qcow2', format: 'qcow2' } as const;
    await expect(createImage(at('self.qcow2'), { backing, overwrite: true })).rejects.toMatchObject(
      { context: { field: 'backing' } },
    );
  });
});

it('makes the refcount table no larger than allowed, and refuses what it could not count', async () => {
  const options = { size: 2 ** 35, clusterSize: 512, refcountBits: 64 };
  const file = path.join(directory, 'sparse.qcow2');
  await createImage(file, options);
  expect(`${execFileSync('qemu-img', ['check', file])}`).toContain('No errors');
  await expect(
    createImage(`${file}.full`, { ...options, preallocation: 'metadata' }),
  ).rejects.toMatchObject({ code: 'invalid_option', context: { field: 'size' } });
});
