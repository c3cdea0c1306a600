/** `zonelab img` beside the real qemu-img. */

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { runCli } from '../run-cli.fixture.ts';

const ZONED = 'size=1G,zone_size=64M,zone_capacity=64M,zone_nr_conv=2,max_append_sectors=512';

let folder: string;
let image: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zonelab-img-'));
  image = join(folder, 'image.qcow2');
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

const qemuImg = (...args: string[]) => execFileSync('qemu-img', args, { encoding: 'utf8' });

it('prints what qemu-img prints while it creates a plain disk', async () => {
  const { stdout } = await runCli('img', 'create', '-f', 'qcow2', image, '64M');
  const other = join(folder, 'other.qcow2');
  expect(stdout).toBe(qemuImg('create', '-f', 'qcow2', other, '64M').replace(other, image));
});

it.each(['human', 'json'])(
  "tells of qemu-img's own disk what qemu-img tells, in %s form",
  async (form) => {
    qemuImg('create', '-q', '-f', 'qcow2', image, '64M');
    const { stdout } = await runCli('img', 'info', '--output', form, image);
    expect(stdout).toBe(qemuImg('info', `--output=${form}`, image));
  },
);

it('lists the options of new images without a file', async () => {
  const { stdout, exitCode } = await runCli('img', 'create', '-f', 'qcow2', '-o', 'help');
  const names = stdout.match(/^ {2}\w+(?==)/gm) ?? [];
  expect(exitCode).toBe(0);
  expect(names).toContain('  cluster_size');
  expect(new Set(names).size).toBe(names.length);
});

it('makes zoned images that qemu-img finds healthy', async () => {
  await runCli('img', 'create', '-q', image, '-o', ZONED);
  expect(qemuImg('check', image)).toContain('No errors were found on the image.');
  expect(JSON.parse(qemuImg('info', '--output=json', image))['virtual-size']).toBe(1024 ** 3);
});

it('resizes zoned images with their zones, over empty ones only', async () => {
  await runCli('img', 'create', '-q', image, '-o', 'size=4M,zone_size=1M');
  await runCli('io', image, '-c', 'write -q 2M 4k');
  expect((await runCli('img', 'resize', image, '8M')).stdout).toBe('Image resized.\n');
  const refused = await runCli('img', 'resize', '--shrink', image, '2M');
  expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('zone 2') });
  await runCli('img', 'resize', '--shrink', image, '3M');
  expect((await runCli('io', image, '-c', 'zrp 2M 2')).stdout).toBe(
    'start: 0x1000, len 0x800, cap 0x800, wptr 0x1008, zcond:4, [type: 2]\n',
  );
  expect(qemuImg('check', image)).toContain('No errors were found on the image.');
});

it('adds every field of the zoned extension to the JSON form', async () => {
  await runCli('img', 'create', '-q', image, '-o', ZONED);
  const { stdout } = await runCli('img', 'info', '--output', 'json', image);
  expect(JSON.parse(stdout)['format-specific'].data.zoned).toMatchObject({
    dialect: 'native',
    'zoned-profile': 'zbc',
    'zone-size': 64 * 1024 ** 2,
    'zone-capacity': 64 * 1024 ** 2,
    'nr-zones': 16,
    'zone-nr-conv': 2,
    'max-active-zones': 0,
    'max-open-zones': 0,
    'max-append-sectors': 512,
    'logical-block-size': 512,
  });
});

it.each(['human', 'json'])('checks as qemu-img does, in %s form', async (form) => {
  qemuImg('create', '-q', '-f', 'qcow2', image, '4M');
  execFileSync('qemu-io', [image, '-c', 'write -q 0 192k']);
  const { stdout, exitCode } = await runCli('img', 'check', '--output', form, image);
  const theirs = qemuImg('check', `--output=${form}`, image);
  // qemu-img leaves the order of keys to chance
  const comparable = (text: string) => (form === 'json' ? JSON.parse(text) : text);
  expect(comparable(stdout)).toEqual(comparable(theirs));
  expect(exitCode).toBe(0);
});

it('ends a check of leaks with 3, as qemu-img does', async () => {
  qemuImg('create', '-q', '-f', 'qcow2', image, '4M');
  execFileSync('qemu-io', [image, '-c', 'write -q 0 192k']);
  // an L1 table of zeroes: everything it named is still counted, and used by nothing
  const l1Offset = 3 * 65_536;
  execFileSync('dd', [
    ...['if=/dev/zero', `of=${image}`, 'bs=8', `seek=${l1Offset / 8}`],
    ...['count=1', 'conv=notrunc', 'status=none'],
  ]);
  const theirs = spawnSync('qemu-img', ['check', image], { encoding: 'utf8' });
  const ours = await runCli('img', 'check', image);
  expect([ours.exitCode, ours.stdout]).toEqual([3, theirs.stdout]);
});

it.each([
  [['create', 'IMAGE', '1G', '-o', 'foo=1'], "Invalid parameter 'foo'"],
  [['create', 'IMAGE', '1G', '-o', 'zone_size=3M,cluster_size=2M'], 'zoneSize: got 3145728'],
  [['create', 'IMAGE'], 'Image creation needs a size parameter'],
  [['create', '-f', 'bogus', 'IMAGE', '1M'], "Unknown file format 'bogus'"],
  [['create', '--bad', 'IMAGE', '1M'], "unrecognized option '--bad'"],
  [['info', 'IMAGE'], 'No such file or directory'],
  [['info', '--output', 'xml', 'IMAGE'], '--output must be used with human or json'],
  [['bogus'], 'Command not found: bogus'],
])('ends img %j with 1 and one line, and leaves no file', async (args, message) => {
  const { stderr, exitCode } = await runCli(
    'img',
    ...args.map((arg) => (arg === 'IMAGE' ? image : arg)),
  );
  expect(exitCode).toBe(1);
  expect(stderr).toContain(message);
  expect(stderr.trimEnd()).not.toContain('\n');
  expect(readdirSync(folder)).toEqual([]);
});

it('replaces a file, but none that somebody has open', async () => {
  writeFileSync(image, 'old');
  expect((await runCli('img', 'create', '-q', image, '1M')).exitCode).toBe(0);
  expect(qemuImg('check', image)).toContain('No errors were found on the image.');
  const user = spawn('qemu-io', [image], { stdio: ['pipe', 'pipe', 'ignore'] });
  await once(user.stdout, 'data');
  const { stderr, exitCode } = await runCli('img', 'create', '-q', image, '2M');
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining('Failed to get "write" lock')]);
  user.stdin.end();
  await once(user, 'close');
});

describe('create', () => {
  const KEPT = /^(x1|xr)$/;

  it.each([
    '-f qcow2 -o compat=0.10 x1 1M',
    '-f qcow2 -o compat=1.1,preallocation=metadata,lazy_refcounts=on x1 1M',
    '-f qcow2 -o data_file=FOLDER/xd,data_file_raw=on x1 1M',
    '-f qcow2 -b base -F qcow2 x1',
    '-f qcow2 -o backing_file=base,backing_fmt=qcow2 x1 4M',
    '-f qcow2 -o extended_l2=on,compression_type=zstd,refcount_bits=1,cluster_size=128k x1 1M',
    '-f qcow2 -u -b none -F raw x1 2M',
    '-f qcow2 -o size=2M x1',
    '-f qcow2 -q x1 1M',
    '-f raw xr 1000',
    '-f raw -o preallocation=full xr 1M',
    '-f qcow2 -b base x1',
    '-f qcow2 -u -b none -F raw x1',
    '-f qcow2 -b none -F raw x1 2M',
    '-f qcow2 x1',
    '-f qcow2 -o foo=1 x1 1M',
    '-f qcow2 -o lazy_refcounts=maybe x1 1M',
    '-f qcow2 -o size=2M x1 1M',
    '-f qcow2 -F raw x1 1M',
    '-f qcow2 -b base -F bogus x1',
    '-f raw -b base -F qcow2 xr 1M',
    '-f bogus xr 1M',
  ])('answers %s as qemu-img does, and makes an image that it describes alike', async (line) => {
    qemuImg('create', '-q', '-f', 'qcow2', join(folder, 'base'), '8M');
    const words = line
      .replace('FOLDER', folder)
      .split(' ')
      .map((word) => (KEPT.test(word) ? join(folder, word) : word));
    const made = join(folder, line.includes('xr') ? 'xr' : 'x1');
    const description = () =>
      existsSync(made)
        ? qemuImg('info', '-U', made).replace(/disk size: .*/, '')
        : 'there is no image';
    const theirs = spawnSync('qemu-img', ['create', ...words], { encoding: 'utf8' });
    const theirImage = theirs.status === 0 && !line.includes('none') ? description() : undefined;
    for (const name of ['x1', 'xr', 'xd']) rmSync(join(folder, name), { force: true });
    const ours = await runCli('img', 'create', ...words);
    const reason = (text: string) => text.split('\n')[0]?.replace(/^(qemu-img|zonelab): /, '');
    // qemu-img announces images that it then fails to make
    expect(ours.stdout).toBe(theirs.status === 0 ? theirs.stdout : '');
    expect(reason(ours.stderr)).toBe(reason(theirs.stderr));
    expect(ours.exitCode).toBe(theirs.status);
    if (theirImage !== undefined) expect(description()).toBe(theirImage);
  });
});

it('refuses a file that is no qcow2 image', async () => {
  writeFileSync(image, 'junk');
  const { stderr, exitCode } = await runCli('img', 'info', '-f', 'qcow2', image);
  expect([exitCode, stderr.includes(image) || stderr.includes('qcow2')]).toEqual([1, true]);
  expect(existsSync(image)).toBe(true);
});
