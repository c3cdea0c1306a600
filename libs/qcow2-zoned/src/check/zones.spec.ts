/** Zone tables that stock QEMU made wrong, or that are damaged, and their repair. */
import fs from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { ZonedDevice } from '../device/zoned-device.ts';
import { KiB, MiB, qemuCheck, run, testDisks } from '../disk.fixture.ts';
import { inspectImage } from '../info.ts';
import { checkImage } from './check.ts';
import type { ZoneRepair } from './zones.ts';

const disks = testDisks();

/**
 * Eight zones of 1 MiB, the first conventional: 256 KiB in zone 1, zone 2 full, zone 3 reset once and written again,
 * the others empty.
 */
async function usedDisk(options: { clusterSize?: number } = {}): Promise<string> {
  const file = await disks.create({
    size: 8 * MiB,
    zoned: { zoneSize: MiB, conventionalZones: 1 },
    ...options,
  });
  const device = await ZonedDevice.open(file);
  await device.write(0, Buffer.alloc(4 * KiB, 9));
  await device.write(MiB, Buffer.alloc(256 * KiB, 1));
  await device.write(2 * MiB, Buffer.alloc(MiB, 2));
  await device.write(3 * MiB, Buffer.alloc(64 * KiB, 3));
  await device.manage('reset', 3);
  await device.write(3 * MiB, Buffer.alloc(96 * KiB, 4));
  await device.close();
  return file;
}

/** Repairs, and asks whoever can judge the result. Returns the zones that changed. */
async function repair(file: string): Promise<readonly ZoneRepair[]> {
  const { repaired, findings } = await checkImage(file, { repair: 'all' });
  expect(findings).toEqual([]);
  expect(qemuCheck(file)).toEqual({ corruptions: 0, leaks: 0, errors: 0 });
  expect((await inspectImage(file)).zoned?.zoneTable).toMatchObject({
    valid: true,
    unclean: false,
  });
  const again = await checkImage(file, { repair: 'all' });
  expect({ findings: again.findings, zones: again.repaired?.zones }).toEqual({
    findings: [],
    zones: [],
  });
  // software that does not know our bit clears it: opening then holds the table against the data
  run('qemu-io', '-c', 'flush', file);
  const device = await ZonedDevice.open(file);
  await device.close();
  return repaired?.zones ?? [];
}

async function report(file: string): Promise<string[]> {
  const device = await ZonedDevice.open(file, { readOnly: true });
  const count = device.geometry?.zoneCount ?? 0;
  const rows = Array.from({ length: count }, (_, index) => {
    const { condition, start, writePointer, resetCount } = device.zone(index);
    return `${condition} +${(writePointer - start) / KiB}K resets ${resetCount}`;
  });
  await device.close();
  return rows;
}

const SOUND = [
  'not-wp +0K resets 0',
  'closed +256K resets 0',
  'full +1024K resets 0',
  'closed +96K resets 1',
  ...Array.from({ length: 4 }, () => 'empty +0K resets 0'),
];

it('vouches again for a table that holds, and changes no zone', async () => {
  const file = await usedDisk();
  run('qemu-img', 'check', '-r', 'all', file);
  expect(await repair(file)).toEqual([]);
  expect(await report(file)).toEqual(SOUND);
});

describe('a zone that software without zones wrote to', () => {
  it('ends at its last block that is not zero, and keeps its resets', async () => {
    const file = await usedDisk();
    run('qemu-io', '-c', 'write -P 7 3328k 5k', '-c', 'write -P 7 5M 1k', file);
    expect(await repair(file)).toEqual([
      {
        index: 3,
        found: expect.stringContaining('past the write pointer'),
        condition: 'closed',
        writePointer: 3 * MiB + 261 * KiB,
      },
      {
        index: 5,
        found: expect.stringContaining('past the write pointer'),
        condition: 'closed',
        writePointer: 5 * MiB + KiB,
      },
    ]);
    expect((await report(file)).slice(3, 6)).toEqual([
      'closed +261K resets 1',
      'empty +0K resets 0',
      'closed +1K resets 0',
    ]);
    run(
      'qemu-io',
      '-r',
      '-c',
      'read -P 4 3M 96k',
      '-c',
      'read -P 0 3168k 160k',
      '-c',
      'read -P 7 3328k 5k',
      file,
    );
  });

  it('is mapped up to its write pointer, where nothing was stored too', async () => {
    const file = await usedDisk();
    run('qemu-io', '-c', 'write -P 7 6400k 4k', file);
    expect(await repair(file)).toMatchObject([{ index: 6, writePointer: 6404 * KiB }]);
    run('qemu-io', '-r', '-c', 'read -P 0 6M 256k', '-c', 'read -P 7 6400k 4k', file);
  });

  it('does not end with clusters that are allocated and hold zeroes', async () => {
    const file = await usedDisk();
    run('qemu-io', '-c', 'write -P 7 4M 1k', '-c', 'write -P 0 4352k 256k', file);
    expect(await repair(file)).toMatchObject([{ index: 4, writePointer: 4 * MiB + KiB }]);
  });

  it('keeps its write pointer over data that was discarded, which reads as zeroes', async () => {
    const file = await usedDisk();
    run('qemu-io', '-d', 'unmap', '-c', 'discard 1088k 192k', '-c', 'discard 2M 1M', file);
    expect(await repair(file)).toEqual([]);
    expect(await report(file)).toEqual(SOUND);
  });
});

it('makes entries anew from the data where a checksum does not hold, with reset counts of 0', async () => {
  const file = await usedDisk();
  const bytes = fs.readFileSync(file);
  const entry = bytes.indexOf(Buffer.from([0x20, 0, 0, 0, 0, 0x14, 0, 0])); // zone 1: implicit open, 1280 KiB
  expect(entry).toBeGreaterThan(0);
  bytes.writeUInt8(0x21, entry);
  fs.writeFileSync(file, bytes);
  const changed = await repair(file);
  expect(changed).toHaveLength(8);
  expect(changed[1]?.found).toMatch(/zone table block 1: the checksum does not hold/);
  expect(await report(file)).toEqual(SOUND.map((row) => row.replace('resets 1', 'resets 0')));
});

describe('a disk that stock QEMU resized', () => {
  it.each([[65_536], [512]])(
    'has as many zones as it has room for once it grew, clusters of %i',
    async (clusterSize) => {
      const file = await usedDisk({ clusterSize });
      run('qemu-img', 'resize', '-q', file, '16M');
      const changed = await repair(file);
      expect(changed.map(({ index }) => index)).toEqual([8, 9, 10, 11, 12, 13, 14, 15]);
      expect(await report(file)).toEqual([
        ...SOUND,
        ...Array.from({ length: 8 }, () => 'empty +0K resets 0'),
      ]);
      run('qemu-io', '-r', '-c', 'read -P 1 1M 256k', '-c', 'read -P 0 8M 8M', file);
      const device = await ZonedDevice.open(file);
      await device.write(15 * MiB, Buffer.alloc(4 * KiB, 5));
      await device.close();
    },
  );

  it('finds its zones in the data once it shrank, which loses the table', async () => {
    const file = await usedDisk();
    run('qemu-img', 'resize', '-q', '--shrink', file, '3M');
    const changed = await repair(file);
    expect(changed.map(({ writePointer }) => writePointer)).toEqual([0, MiB + 256 * KiB, 3 * MiB]);
    expect(await report(file)).toEqual(SOUND.slice(0, 3));
  });
});

it('leaves a zone read-only or offline, and mends its write pointer', async () => {
  const file = await usedDisk();
  const device = await ZonedDevice.open(file);
  await device.setCondition(1, 'read-only');
  await device.close();
  run('qemu-io', '-c', 'write -P 7 1536k 4k', file);
  expect(await repair(file)).toMatchObject([
    { index: 1, condition: 'read-only', writePointer: MiB + 516 * KiB },
  ]);
});

it('says why where the geometry cannot be of the disk any more', async () => {
  const file = await disks.create({ size: 8 * MiB, zoned: { profile: 'zns', zoneSize: MiB } });
  run('qemu-img', 'resize', '-q', file, '8704k');
  const { findings, zoneFaults } = await checkImage(file, { repair: 'all' });
  expect(zoneFaults).toBeGreaterThan(0);
  expect(findings.at(-1)?.message).toMatch(/zones cannot be repaired: .*multiple of the zone size/);
});

it('finds the zones of an overlay again that stock QEMU committed and emptied', async () => {
  const file = await usedDisk();
  const base = disks.path();
  run('qemu-img', 'create', '-q', '-f', 'qcow2', base, '8M');
  run('qemu-img', 'rebase', '-u', '-F', 'qcow2', '-b', base, '-f', 'qcow2', file);
  run('qemu-img', 'commit', '-q', '-f', 'qcow2', file);
  const before = await checkImage(file);
  expect(new Set(before.findings.map(({ kind }) => kind))).toEqual(new Set(['zone']));
  expect(await repair(file)).toHaveLength(8);
  expect(await report(file)).toEqual(SOUND.map((row) => row.replace('resets 1', 'resets 0')));
  run(
    'qemu-io',
    '-r',
    '-c',
    'read -P 1 1M 256k',
    '-c',
    'read -P 2 2M 1M',
    '-c',
    'read -P 4 3M 96k',
    file,
  );
  run('qemu-io', '-r', '-c', 'read -P 9 0 4k', '-c', 'read -P 0 3168k 4M', file);
});

it('finds no fault in an overlay with snapshots, whose zones lie in a backing file that a check does not open', async () => {
  const base = await usedDisk();
  const overlay = await disks.create({ size: 8 * MiB, backing: { file: base, format: 'qcow2' } });
  const device = await ZonedDevice.open(overlay);
  await device.write(MiB + 256 * KiB, Buffer.alloc(64 * KiB, 5));
  await device.manage('reset', 2);
  await device.close();
  run('qemu-img', 'snapshot', '-c', 'one', overlay);
  const before = await report(overlay);
  for (const options of [{}, { repair: 'all' }, { repair: 'all' }, {}] as const) {
    const { findings, repaired } = await checkImage(overlay, options);
    expect({ findings, zones: repaired?.zones ?? [] }).toEqual({ findings: [], zones: [] });
  }
  expect(await report(overlay)).toEqual(before);
});

it('does not vouch for a table beside snapshots', async () => {
  const file = await usedDisk();
  run('qemu-img', 'snapshot', '-c', 'kept', file);
  run('qemu-io', '-c', 'write -P 7 5M 1k', file);
  const { findings, repaired } = await checkImage(file, { repair: 'all' });
  expect({ findings, zones: repaired?.zones.length }).toEqual({ findings: [], zones: 1 });
  expect((await inspectImage(file)).zoned?.zoneTable?.valid).toBe(false);
  run('qemu-img', 'snapshot', '-a', 'kept', file);
  expect(await report(file)).toEqual(SOUND);
});
