/** Changing what an image is, beside `qemu-img amend`. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { expect, it } from '@jest/globals';
import { type AmendOptions, amendImage } from './amend.ts';
import { changeRefcountWidth } from './check/rebuild.ts';
import { CrashFile } from './crash-file.fixture.ts';
import { MiB, qemuCheck, rawContent, run, testDisks } from './disk.fixture.ts';
import { inspectImage } from './info.ts';

const disks = testDisks();

/** The same image twice: with data, zero clusters of both kinds, and holes. */
function twins(options: string, ...more: string[]): [string, string] {
  const file = disks.path();
  run('qemu-img', 'create', '-q', '-f', 'qcow2', '-o', options, ...more, file, '4M');
  const commands = [
    'write -P 1 0 1M',
    'write -P 2 2M 300k',
    'write -z 64k 128k',
    'write -z 3M 64k',
  ];
  if (!options.includes('0.10')) commands.push('write -zu 2M 64k');
  run('qemu-io', '-f', 'qcow2', ...commands.flatMap((command) => ['-c', command]), file);
  const twin = disks.path();
  fs.copyFileSync(file, twin);
  return [file, twin];
}

function described(file: string): unknown {
  const info = JSON.parse(run('qemu-img', 'info', '--output=json', file));
  const { 'actual-size': _space, filename: _name, ...told } = info;
  return told;
}

const QEMU_NAMES: Record<string, string> = {
  version: 'compat',
  lazyRefcounts: 'lazy_refcounts',
  refcountBits: 'refcount_bits',
  size: 'size',
  dataFile: 'data_file',
  dataFileRaw: 'data_file_raw',
};

function qemuAmend(file: string, options: AmendOptions) {
  const text = Object.entries(options).map(([name, value]) => {
    const said = name === 'version' ? { 2: '0.10', 3: '1.1' }[value as 2 | 3] : `${value}`;
    return `${QEMU_NAMES[name]}=${said.replace('true', 'on').replace('false', 'off')}`;
  });
  return spawnSync('qemu-img', ['amend', '-f', 'qcow2', '-o', text.join(','), file]);
}

it.each<[string, AmendOptions]>([
  ['compat=0.10', { version: 3 }],
  ['compat=1.1', { version: 2 }],
  ['compat=1.1', { version: 2, size: 6 * MiB }],
  ['compat=1.1,cluster_size=512', { version: 2 }],
  ['compat=1.1,cluster_size=2M', { version: 2, refcountBits: 16 }],
  ['refcount_bits=64', { version: 2, refcountBits: 16 }],
  ['compat=1.1', { lazyRefcounts: true }],
  ['lazy_refcounts=on', { lazyRefcounts: false, refcountBits: 1 }],
  ['lazy_refcounts=on', { version: 2 }],
  ['compat=1.1', { refcountBits: 64 }],
  ['compat=1.1,cluster_size=512', { refcountBits: 64 }],
  ['refcount_bits=1', { refcountBits: 8, size: 9 * MiB }],
  ['compat=0.10', { version: 3, refcountBits: 4, lazyRefcounts: true }],
  ['compat=1.1', { size: 8 * MiB }],
  ['extended_l2=on', { refcountBits: 8 }],
])('makes of %s with %j what qemu-img makes of it', async (created, options) => {
  const [mine, their] = twins(created);
  const before = rawContent(mine);
  await amendImage(mine, options);
  expect(`${qemuAmend(their, options).stderr}`).toBe('');
  expect(described(mine)).toEqual(described(their));
  expect(qemuCheck(mine)).toEqual({ corruptions: 0, leaks: 0, errors: 0 });
  const after = rawContent(mine);
  expect(after.subarray(0, before.length).equals(before)).toBe(true);
  expect(after.equals(rawContent(their))).toBe(true);
});

it('hides the backing file behind zeroes that version 2 cannot name', async () => {
  const base = disks.path();
  run('qemu-img', 'create', '-q', '-f', 'qcow2', base, '4M');
  run('qemu-io', '-f', 'qcow2', '-c', 'write -P 9 0 4M', base);
  const [mine, their] = twins('compat=1.1', '-b', base, '-F', 'qcow2');
  await amendImage(mine, { version: 2 });
  qemuAmend(their, { version: 2 });
  expect(described(mine)).toEqual(described(their));
  expect(rawContent(mine).equals(rawContent(their))).toBe(true);
  expect(qemuCheck(mine)).toEqual({ corruptions: 0, leaks: 0, errors: 0 });
});

it('takes bitmaps away with all that they occupy when version 2 has no place for them', async () => {
  const [mine] = twins('compat=1.1');
  run('qemu-img', 'bitmap', '--add', mine, 'backup');
  await amendImage(mine, { version: 2 });
  expect(qemuCheck(mine)).toEqual({ corruptions: 0, leaks: 0, errors: 0 });
});

it('counts the references of snapshots in the new width', async () => {
  const [mine] = twins('compat=1.1');
  run('qemu-img', 'snapshot', '-c', 'one', mine);
  run('qemu-img', 'snapshot', '-c', 'two', mine);
  const before = fs.readFileSync(mine);
  await expect(amendImage(mine, { refcountBits: 1 })).rejects.toMatchObject({
    code: 'invalid_option',
    context: { field: 'refcountBits', given: 1 },
  });
  expect(fs.readFileSync(mine).equals(before)).toBe(true);
  await amendImage(mine, { refcountBits: 2 });
  expect(qemuCheck(mine)).toEqual({ corruptions: 0, leaks: 0, errors: 0 });
  expect((await inspectImage(mine)).refcountBits).toBe(2);
});

it('names another data file, and gives up that it is raw', async () => {
  const file = disks.path();
  const options = `data_file=${file}.d,data_file_raw=on`;
  run('qemu-img', 'create', '-q', '-f', 'qcow2', '-o', options, file, '1M');
  fs.copyFileSync(`${file}.d`, `${file}.e`);
  await amendImage(file, { dataFile: `${file}.e`, dataFileRaw: false });
  expect((await inspectImage(file)).dataFile).toEqual({ file: `${file}.e`, raw: false });
  expect(qemuCheck(file)).toEqual({ corruptions: 0, leaks: 0, errors: 0 });
});

it.each<[string, AmendOptions, string]>([
  ['compat=1.1', { refcountBits: 3 }, 'must be a power of two'],
  ['compat=0.10', { refcountBits: 8 }, 'require compatibility level 1.1'],
  ['compat=0.10', { lazyRefcounts: true }, 'only supported with compatibility level 1.1'],
  ['compat=1.1', { version: 2, lazyRefcounts: true }, 'only supported with compatibility'],
  ['refcount_bits=8', { version: 2 }, 'require compatibility level 1.1'],
  ['extended_l2=on', { version: 2 }, 'incompatible features 0x10'],
  ['compression_type=zstd', { version: 2 }, 'incompatible features 0x8'],
  ['compat=1.1', { backing: { file: 'other' } }, 'Cannot amend the backing file'],
  ['compat=1.1', { dataFile: 'x' }, 'data-file can only be set'],
  ['compat=1.1', { dataFileRaw: true }, 'data-file-raw cannot be set'],
])('refuses to make of %s an image with %j, and changes nothing', async (created, options, why) => {
  const file = disks.path();
  run('qemu-img', 'create', '-q', '-f', 'qcow2', '-o', created, file, '1M');
  const before = fs.readFileSync(file);
  await expect(amendImage(file, options)).rejects.toMatchObject({
    code: 'invalid_option',
    message: expect.stringContaining(why),
  });
  expect(fs.readFileSync(file).equals(before)).toBe(true);
});

it('changes the refcount width at one moment, whatever a crash leaves of the rest', async () => {
  const [file] = twins('compat=1.1,cluster_size=4k');
  const crashing = new CrashFile(file);
  changeRefcountWidth(crashing, 64);
  const widths = new Set<number>();
  for (let moment = 0; moment <= crashing.now; moment++)
    for (const every of [1, 2, 3]) {
      let sector = 0;
      const left = disks.path();
      fs.writeFileSync(
        left,
        crashing.stateAt(moment, () => sector++ % every === 0),
      );
      expect(qemuCheck(left)).toMatchObject({ corruptions: 0, errors: 0 });
      widths.add((await inspectImage(left)).refcountBits);
    }
  expect([...widths]).toEqual([16, 64]);
});
