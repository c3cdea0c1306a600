/** Repairs of tables that cannot be read as a whole, judged by stock QEMU: what still holds is kept. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { KiB, qemuCheck, rawContent, run } from '../disk.fixture.ts';
import { checkImage } from './check.ts';

let folder: string;
const at = (name: string) => path.join(folder, name);
const SOUND = { corruptions: 0, leaks: 0, errors: 0 };

beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'zonelab-salvage-'));
  const create = (name: string, options = '') => {
    run(
      'qemu-img',
      'create',
      '-q',
      '-f',
      'qcow2',
      '-o',
      `cluster_size=4k${options}`,
      at(name),
      '2M',
    );
    run('qemu-io', '-c', 'write -q -P 1 0 300k', at(name));
  };
  create('plain');
  create('narrow', ',refcount_bits=1');
  create('snapshots');
  for (const name of ['one', 'two']) run('qemu-img', 'snapshot', '-c', name, at('snapshots'));
  create('bitmaps');
  for (const name of ['a', 'b'])
    run('qemu-img', 'bitmap', '--add', '-g', '4k', at('bitmaps'), name);
  for (const name of ['snapshots', 'bitmaps'])
    run('qemu-io', '-c', 'write -q -P 2 0 100k', at(name));
});
afterAll(() => fs.rmSync(folder, { recursive: true }));

const snapshotTable = (image: Buffer) => Number(image.readBigUInt64BE(64));
const bitmapExtension = (image: Buffer) =>
  image.indexOf(Buffer.from([0x23, 0x85, 0x28, 0x75, 0, 0, 0, 24])) + 8;
const bitmapEntry = (image: Buffer) => Number(image.readBigUInt64BE(bitmapExtension(image) + 16));

/** Repairs a copy twice; the second time there is nothing left to do. Returns the copy's name. */
async function repaired(image: string, damage: (bytes: Buffer) => void): Promise<string> {
  const bytes = fs.readFileSync(at(image));
  damage(bytes);
  const file = at('damaged');
  fs.writeFileSync(file, bytes);
  expect((await checkImage(file, { repair: 'all' })).findings).toEqual([]);
  expect(qemuCheck(file)).toEqual(SOUND);
  const after = fs.readFileSync(file);
  expect((await checkImage(file, { repair: 'all' })).repaired).toMatchObject({
    corruptions: 0,
    leaks: 0,
  });
  expect(fs.readFileSync(file).equals(after)).toBe(true);
  return file;
}

const snapshotsOf = (file: string): string[] =>
  (JSON.parse(run('qemu-img', 'info', '--output=json', file)).snapshots ?? []).map(
    ({ name }: { name: string }) => name,
  );

it.each<[string, (image: Buffer) => void, string[]]>([
  ['past the end of the file', (image) => image.writeBigUInt64BE(2n ** 40n, 64), []],
  ['with more entries than it has', (image) => image.writeUInt32BE(300, 60), ['one', 'two']],
  [
    'with extra data without end',
    (image) => image.writeUInt32BE(5000, snapshotTable(image) + 36),
    [],
  ],
  [
    'with an offset past 2^53',
    (image) => image.writeBigUInt64BE(2n ** 54n, snapshotTable(image)),
    ['two'],
  ],
])('drops of a snapshot table %s what cannot be read', async (_what, damage, left) => {
  const file = await repaired('snapshots', damage);
  expect(snapshotsOf(file)).toEqual(left);
  expect(rawContent(file).equals(rawContent(at('snapshots')))).toBe(true);
  for (const name of left)
    expect(run('qemu-img', 'convert', '-l', name, '-O', 'raw', file, at('then'))).toBe('');
});

it.each<[string, (image: Buffer, entry: number) => void]>([
  ['a table past the end of the file', (image, entry) => image.writeBigUInt64BE(2n ** 30n, entry)],
  ['a table at no cluster', (image, entry) => image.writeBigUInt64BE(513n, entry)],
  ['unknown flags', (image, entry) => image.writeUInt32BE(0x80, entry + 12)],
  ['an unknown type', (image, entry) => image.writeUInt8(7, entry + 16)],
  ['no possible granularity', (image, entry) => image.writeUInt8(64, entry + 17)],
  ['a table too long for the disk', (image, entry) => image.writeUInt32BE(77, entry + 8)],
  ['the name of another', (image, entry) => image.write('b', entry + 24)],
])('keeps the other bitmaps where one has %s', async (what, damage) => {
  const file = await repaired('bitmaps', (image) => damage(image, bitmapEntry(image)));
  const { bitmaps } = JSON.parse(run('qemu-img', 'info', '--output=json', file))['format-specific']
    .data;
  expect(bitmaps.map(({ name }: { name: string }) => name)).toEqual(['b']);
  // of two with one name the first stays
  if (what === 'the name of another') return;
  const kept = ['--', '[', 'qemu-nbd', '-r', '-f', 'qcow2', '-B', 'b', at('exported'), ']'];
  fs.copyFileSync(file, at('exported'));
  run('qemu-img', 'bitmap', '--disable', at('exported'), 'b');
  expect(
    JSON.parse(run('nbdinfo', '--json', '--map=qemu:dirty-bitmap:b', ...kept))[0],
  ).toMatchObject({
    offset: 0,
    length: 100 * KiB,
    type: 1,
  });
});

it('drops all bitmaps where their directory cannot be read', async () => {
  const file = await repaired('bitmaps', (image) => {
    image.writeBigUInt64BE(2n ** 30n, bitmapExtension(image) + 16);
  });
  expect(run('qemu-img', 'info', file)).not.toContain('bitmaps');
});

it('cuts an L1 table that is longer than file and disk', async () => {
  const file = await repaired('plain', (image) => image.writeUInt32BE(60_000, 36));
  expect(rawContent(file).equals(rawContent(at('plain')))).toBe(true);
});

it('makes a new L1 table where the old one lies past the end of the file', async () => {
  const file = await repaired('plain', (image) => image.writeBigUInt64BE(2n ** 30n, 40));
  expect(rawContent(file).every((byte) => byte === 0)).toBe(true);
});

it('widens refcounts that are too narrow for what refers to a cluster', async () => {
  let l2 = 0;
  const file = await repaired('narrow', (image) => {
    l2 = Number(image.readBigUInt64BE(Number(image.readBigUInt64BE(40))) & 0x00ff_ffff_ffff_fe00n);
    for (const entry of [5, 6, 7]) image.copy(image, l2 + 8 * entry, l2 + 8 * 4, l2 + 8 * 5);
  });
  expect(run('qemu-img', 'info', file)).toContain('refcount bits: 4');
  expect(rawContent(file).equals(rawContent(at('narrow')))).toBe(true);
  run(
    'qemu-io',
    '-c',
    'write -q -P 9 20k 4k',
    '-c',
    'read -P 1 16k 4k',
    '-c',
    'read -P 1 24k 4k',
    file,
  );
  expect(qemuCheck(file)).toMatchObject({ corruptions: 0, errors: 0 });
});
