/** `convert`, `dd`, `compare` and `commit` of disks with zones take and compare the zones too. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createImage, ZonedDevice } from '@zonelab/qcow2-zoned';
import { runCli } from '../run-cli.fixture.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
let folder: string;
const at = (name: string) => join(folder, name);

const ZONED = {
  ...{ profile: 'zns' as const, zoneSize: MIB, zoneCapacity: 640 * KIB, maxOpenZones: 4 },
  ...{ zrwaSize: 32 * KIB, zrwaFlushGranularity: 8 * KIB, descriptorExtensionSize: 64 },
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'zonelab-carried-'));
  await createImage(at('source.qcow2'), { size: 8 * MIB, clusterSize: 16 * KIB, zoned: ZONED });
  const device = await ZonedDevice.open(at('source.qcow2'));
  await device.write(0, Buffer.alloc(100 * KIB, 1));
  await device.write(MIB, Buffer.alloc(8 * KIB, 2));
  await device.manage('finish', 1);
  await device.write(2 * MIB, Buffer.alloc(8 * KIB, 3));
  await device.manage('reset', 2);
  await device.write(3 * MIB, Buffer.alloc(4 * KIB, 4));
  await device.setCondition(3, 'read-only');
  await device.setExtension(4, Buffer.alloc(64, 5));
  await device.openWithZrwa(5);
  for (let i = 0; i < 12; i++)
    await device.write(5 * MIB + i * 8 * KIB, Buffer.alloc(8 * KIB, 6 + i));
  await device.write(5 * MIB + 80 * KIB, Buffer.alloc(512, 99));
  await device.setExtension(6, Buffer.alloc(64, 7));
  await device.write(6 * MIB, Buffer.alloc(20 * KIB, 8));
  await device.close();
});

afterAll(() => rmSync(folder, { recursive: true }));

/** Zones with their extensions, and every byte that can be read. */
async function stateOf(file: string) {
  const device = await ZonedDevice.open(file, { readOnly: true });
  const zones = device.report(0, 8).map((zone) => ({
    ...zone,
    end: device.writtenEnd(zone.index),
    extension: device.extension(zone.index),
  }));
  const content = Buffer.alloc(device.size);
  await device.read(0, content);
  await device.close();
  return { zones, content: content.toString('latin1') };
}

it.each([
  ['convert', (target: string) => ['convert', '-O', 'qcow2', at('source.qcow2'), target]],
  ['dd', (target: string) => ['dd', '-O', 'qcow2', `if=${at('source.qcow2')}`, `of=${target}`]],
])('%s takes zones, random write areas and extensions along', async (name, words) => {
  const target = at(`${name}.qcow2`);
  const { stderr, exitCode } = await runCli('img', ...words(target));
  expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
  expect(await stateOf(target)).toEqual(await stateOf(at('source.qcow2')));
  const strict = await runCli('img', 'compare', '-s', at('source.qcow2'), target);
  expect(strict.exitCode).toBe(0);
});

it.each<[string, (device: ZonedDevice) => unknown, string]>([
  ['condition', (device) => device.manage('finish', 7), 'offset 7340032: zone 7, condition'],
  ['write pointer', (device) => device.writeZeroes(512 * 200, 512), 'offset 0: zone 0, write'],
  [
    'extension',
    async (device) => {
      await device.manage('reset', 4);
      await device.setExtension(4, Buffer.alloc(64, 1));
    },
    'offset 4194304: zone 4, descriptor extension',
  ],
])('compare tells zones apart by their %s alone', async (name, change, message) => {
  const other = at(`${name}.qcow2`);
  await runCli('img', 'convert', '-O', 'qcow2', at('source.qcow2'), other);
  const device = await ZonedDevice.open(other);
  await change(device);
  await device.close();
  const { stdout, exitCode } = await runCli('img', 'compare', at('source.qcow2'), other);
  expect([exitCode, stdout]).toEqual([1, expect.stringContaining(`Zone mismatch at ${message}`)]);
});

it('compare counts resets in strict mode alone', async () => {
  const other = at('resets.qcow2');
  await runCli('img', 'convert', '-O', 'qcow2', at('source.qcow2'), other);
  const device = await ZonedDevice.open(other);
  await device.write(7 * MIB, Buffer.alloc(512));
  await device.manage('reset', 7);
  await device.close();
  const compare = async (...flags: string[]) =>
    (await runCli('img', 'compare', ...flags, at('source.qcow2'), other)).exitCode;
  expect([await compare(), await compare('-s')]).toEqual([0, 1]);
});

it.each([
  [['-O', 'qcow2', 'count=100'], 'a part of a disk has none'],
  [['-O', 'raw'], 'a raw image has no place for them'],
])('dd says that it leaves the zones behind: %j', async (words, reason) => {
  const operands = [`if=${at('source.qcow2')}`, `of=${at('lost')}`];
  const { stderr, exitCode } = await runCli('img', 'dd', ...words, ...operands);
  expect([exitCode, stderr]).toEqual([0, expect.stringContaining(reason)]);
});

it('commit takes zones two files down', async () => {
  const chain = ['base', 'middle', 'top'].map((name) => at(`${name}.qcow2`)) as [
    string,
    string,
    string,
  ];
  const [base, middle, top] = chain;
  await createImage(base, { size: 8 * MIB, zoned: { zoneSize: MIB } });
  const grow = async (file: string, zone: number) => {
    const device = await ZonedDevice.open(file);
    for (const index of [0, zone]) {
      const { writePointer } = device.zone(index);
      await device.write(writePointer, Buffer.alloc(12 * KIB, zone));
    }
    await device.close();
  };
  await grow(base, 1);
  await createImage(middle, { backing: { file: base, format: 'qcow2' } });
  await grow(middle, 2);
  await createImage(top, { backing: { file: middle, format: 'qcow2' } });
  await grow(top, 3);
  const device = await ZonedDevice.open(top);
  await device.manage('reset', 1);
  await device.manage('finish', 4);
  await device.close();
  const wanted = await stateOf(top);
  const { stderr, exitCode } = await runCli('img', 'commit', '-b', base, top);
  expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
  expect(await stateOf(base)).toEqual(wanted);
  const writable = await ZonedDevice.open(base);
  await writable.close();
});
