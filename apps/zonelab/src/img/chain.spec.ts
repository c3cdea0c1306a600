/** `zonelab img rebase`, `commit` and `resize` beside the real qemu-img: each does the same to a copy of a chain. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { runCli } from '../run-cli.fixture.ts';

const FILES = ['base.qcow2', 'middle.qcow2', 'top.qcow2', 'other.raw', 'single.qcow2'];

let folder: string;
const qemuImg = (...args: string[]) => execFileSync('qemu-img', args, { encoding: 'utf8' });
const qemuIo = (file: string, ...commands: string[]) =>
  execFileSync('qemu-io', [file, ...commands.flatMap((command) => ['-c', command])]);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'zonelab-chain-'));
  const made = join(folder, 'made');
  execFileSync('mkdir', [made]);
  const at = (name: string) => join(made, name);
  const create = (name: string, size: string, backing?: string) =>
    qemuImg(
      ...['create', '-q', '-f', 'qcow2', ...(backing ? ['-b', backing, '-F', 'qcow2'] : [])],
      ...[at(name), size],
    );
  create('base.qcow2', '4M');
  qemuIo(at('base.qcow2'), 'write -q -P 1 0 2M', 'write -q -P 7 3M 4k');
  create('middle.qcow2', '5M', 'base.qcow2');
  qemuIo(at('middle.qcow2'), 'write -q -P 2 1M 64k', 'write -q -z 1600k 64k');
  create('top.qcow2', '6M', 'middle.qcow2');
  qemuIo(
    at('top.qcow2'),
    'write -q -P 3 64k 64k',
    'write -q -z 256k 64k',
    'write -q -P 4 5500k 100k',
  );
  create('single.qcow2', '4M');
  qemuIo(at('single.qcow2'), 'write -q -P 5 1M 3M');
  qemuImg('convert', '-O', 'raw', at('base.qcow2'), at('other.raw'));
});

afterAll(() => rmSync(folder, { recursive: true }));

beforeEach(() => {
  for (const name of ['ours', 'theirs']) {
    rmSync(join(folder, name), { recursive: true, force: true });
    cpSync(join(folder, 'made'), join(folder, name), { recursive: true });
  }
});

/** Runs a line on both copies. What the tools say is compared, and what each file then is. */
async function both(line: string): Promise<void> {
  const words = (side: string) =>
    line
      .split(' ')
      .map((word) =>
        word === "''"
          ? ''
          : /^(top|single|middle|missing|other)\.\w+$/.test(word)
            ? join(folder, side, word)
            : word,
      );
  const theirs = spawnSync('qemu-img', words('theirs'), { encoding: 'utf8' });
  const ours = await runCli('img', ...words('ours'));
  const comparable = (text: string) =>
    text
      .replaceAll(/(qemu-img|zonelab): /g, '')
      .replaceAll(`${folder}/ours/`, '')
      .replaceAll(`${folder}/theirs/`, '')
      .replaceAll(/^WARNING(.*\n){3}/gm, '');
  expect(comparable(ours.stdout)).toBe(comparable(theirs.stdout));
  const first = (text: string) =>
    comparable(text)
      .split('\n')[0]
      ?.replace(/ Optional.*/, '');
  expect(first(ours.stderr)).toBe(first(theirs.stderr));
  expect(ours.exitCode).toBe(theirs.status);
  expectSameImages();
}

/** Images that neither tool changed need no look; of the others all that can be seen must be the same. */
function expectSameImages(): void {
  for (const name of FILES) {
    const bytes = ['made', 'ours', 'theirs'].map((side) => readFileSync(join(folder, side, name)));
    if (bytes.every((content) => content.equals(bytes[0] as Buffer))) continue;
    expect([name, description('ours', name)]).toEqual([name, description('theirs', name)]);
    const files = ['ours', 'theirs'].map((side) => join(folder, side, name));
    // an image without its backing file cannot be read
    const { stdout, status } = spawnSync('qemu-img', ['compare', ...files], { encoding: 'utf8' });
    if (status !== 2) expect(stdout).toBe('Images are identical.\n');
  }
}

function description(side: string, name: string) {
  const file = join(folder, side, name);
  const info = JSON.parse(qemuImg('info', '--output=json', file));
  const map = spawnSync('qemu-img', ['map', '--output=json', file], { encoding: 'utf8' });
  return {
    size: info['virtual-size'],
    backing: info['backing-filename']?.replace(`${folder}/${side}/`, ''),
    format: info['backing-filename-format'],
    check: name.endsWith('qcow2') ? spawnSync('qemu-img', ['check', '-q', file]).status : 0,
    layers: map.status === 0 ? layersOf(JSON.parse(map.stdout)) : 'cannot be opened',
  };
}

/** Which layer holds what. Where qemu-img writes zeroes as data, zero clusters do as well. */
function layersOf(extents: { start: number; length: number; depth: number; present: boolean }[]) {
  const layers: { start: number; depth: number; present: boolean }[] = [];
  for (const { start, depth, present } of extents) {
    const last = layers.at(-1);
    if (last?.depth !== depth || last.present !== present) layers.push({ start, depth, present });
  }
  return layers;
}

describe('rebase', () => {
  it.each([
    'rebase -b base.qcow2 -F qcow2 top.qcow2',
    'rebase -b other.raw -F raw -u middle.qcow2',
    'rebase -b single.qcow2 -F qcow2 -u top.qcow2',
    "rebase -b '' top.qcow2",
    "rebase -u -b '' top.qcow2",
    'rebase -u -b anything -F qcow2 top.qcow2',
    'rebase -u -b anything top.qcow2',
    'rebase -b middle.qcow2 top.qcow2',
    'rebase -b base.qcow2 -F bogus top.qcow2',
    'rebase -b missing -F qcow2 top.qcow2',
    'rebase top.qcow2',
    'rebase -f raw -b base.qcow2 -F qcow2 other.raw',
    'rebase -u -b middle.qcow2 -F qcow2 missing.qcow2',
  ])('does what qemu-img does for %s', both);

  it.each(['single.qcow2', 'base.qcow2', 'other.raw'])(
    'keeps the content over another backing file, %s',
    async (backing) => {
      const top = join(folder, 'ours', 'top.qcow2');
      const format = backing.endsWith('raw') ? 'raw' : 'qcow2';
      const args = ['-b', backing, '-F', format, top];
      expect(await runCli('img', 'rebase', ...args)).toEqual({
        stdout: '',
        stderr: '',
        exitCode: 0,
      });
      expect(qemuImg('compare', top, join(folder, 'theirs', 'top.qcow2'))).toContain('identical');
      expect(qemuImg('check', top)).toContain('No errors');
      expect(qemuImg('info', top)).toContain(`backing file: ${backing}`);
    },
  );
});

describe('commit', () => {
  it.each([
    'commit top.qcow2',
    'commit -d top.qcow2',
    'commit -q top.qcow2',
    'commit middle.qcow2',
    'commit single.qcow2',
    'commit -b missing.qcow2 top.qcow2',
    'commit -b top.qcow2 top.qcow2',
    'commit -t bogus top.qcow2',
    'commit missing.qcow2',
    'commit -f raw other.raw',
  ])('does what qemu-img does for %s', both);

  it('moves data past the files between into the base that is named, and keeps the overlay', async () => {
    for (const side of ['ours', 'theirs']) {
      const [base, top] = ['base.qcow2', 'top.qcow2'].map((name) => join(folder, side, name));
      const args = ['commit', '-b', base as string, top as string];
      if (side === 'theirs') qemuImg(...args);
      else expect((await runCli('img', ...args)).stdout).toBe('Image committed.\n');
    }
    expectSameImages();
  });
});

describe('resize', () => {
  it.each([
    'resize single.qcow2 5M',
    'resize single.qcow2 +1M',
    'resize single.qcow2 -1M',
    'resize --shrink single.qcow2 -1M',
    'resize -q single.qcow2 8M',
    'resize single.qcow2 4M',
    'resize --shrink single.qcow2 1000001',
    'resize --preallocation=metadata single.qcow2 9M',
    'resize --preallocation=full single.qcow2 +1M',
    'resize --preallocation=bogus single.qcow2 +1M',
    'resize --shrink --preallocation=full single.qcow2 1M',
    'resize --shrink single.qcow2 -100M',
    'resize single.qcow2 x',
    'resize single.qcow2 +x',
    'resize missing.qcow2 1M',
    'resize -f raw other.raw 5M',
    'resize other.raw +1M',
    'resize -f raw --shrink other.raw 1M',
    'resize top.qcow2 +1M',
    'resize --preallocation=metadata top.qcow2 +1M',
  ])('does what qemu-img does for %s', both);
});

describe('amend', () => {
  it.each([
    'amend -o compat=0.10 single.qcow2',
    'amend -o lazy_refcounts=on single.qcow2',
    'amend -o refcount_bits=8 single.qcow2',
    'amend -o size=100M single.qcow2',
    'amend -q -o compat=1.1 single.qcow2',
    'amend single.qcow2',
    'amend -o foo=1 single.qcow2',
    'amend -o lazy_refcounts=maybe single.qcow2',
    'amend -o refcount_bits=3 single.qcow2',
    'amend -f raw -o size=1M other.raw',
    'amend -o compat=0.10 missing.qcow2',
  ])('does what qemu-img does for %s', both);

  it.each(['cluster_size=4k', 'preallocation=full', 'extended_l2=on', 'compression_type=zstd'])(
    'refuses %s, which only new images can have',
    async (option) => {
      const { stderr, exitCode } = await runCli(
        ...['img', 'amend', '-o', option, join(folder, 'ours', 'single.qcow2')],
      );
      expect(stderr).toMatch(
        /Invalid parameter '.*': this option is only supported for image creation/,
      );
      expect(exitCode).toBe(1);
    },
  );
});

describe('a zoned overlay', () => {
  const at = (name: string) => join(folder, 'ours', name);
  const io = (file: string, ...commands: string[]) =>
    runCli('io', file, ...commands.flatMap((command) => ['-c', command]));
  const zones = async (file: string) => (await runCli('zones', file)).stdout;

  beforeEach(async () => {
    const zoned = 'size=4M,zone_size=1M,zone_nr_conv=1,max_append_sectors=64,cluster_size=4k';
    await runCli('img', 'create', '-q', '-f', 'qcow2', '-o', zoned, at('base'));
    await io(at('base'), 'write -q -P 1 1M 64k', 'write -z 1114112 64k', 'write -q -P 2 2M 100k');
    const overlay = ['-b', 'base', '-F', 'qcow2', at('overlay')];
    expect((await runCli('img', 'create', '-q', '-f', 'qcow2', ...overlay)).exitCode).toBe(0);
    const { exitCode } = await io(
      at('overlay'),
      ...['write -q -P 3 1179648 32k', 'zrs 2M 1M', 'write -q -P 4 2M 8k', 'write -q -P 5 0 4k'],
    );
    expect(exitCode).toBe(0);
  });

  const content = ['read -P 5 0 4k', 'read -P 1 1M 64k', 'read -P 0 1114112 64k'].concat(
    ...['read -P 3 1179648 32k', 'read -P 4 2M 8k', 'read -P 0 2105344 1000k'],
  );

  it('commits its data and its zones into its base, and goes on', async () => {
    const before = await zones(at('overlay'));
    const { stdout, stderr } = await runCli('img', 'commit', at('overlay'));
    expect([stdout, stderr]).toEqual(['Image committed.\n', '']);
    for (const name of ['base', 'overlay']) {
      expect(await zones(at(name))).toBe(before);
      expect((await io(at(name), ...content)).exitCode).toBe(0);
      expect(qemuImg('check', at(name))).toContain('No errors');
    }
    expect((await io(at('overlay'), 'write -q -P 6 2105344 4k')).exitCode).toBe(0);
  });

  it('keeps its zones when it is made independent of its base', async () => {
    const before = await zones(at('overlay'));
    const { stderr } = await runCli('img', 'rebase', '-b', '', at('overlay'));
    expect(stderr).toBe('');
    rmSync(at('base'));
    expect(await zones(at('overlay'))).toBe(before);
    expect((await io(at('overlay'), ...content)).exitCode).toBe(0);
    expect((await io(at('overlay'), 'write -q -P 6 2105344 4k')).exitCode).toBe(0);
    expect(qemuImg('check', at('overlay'))).toContain('No errors');
  });

  it('is doubted after an unsafe rebase onto other data, and not onto the same', async () => {
    cpSync(at('base'), at('renamed'));
    writeFileSync(at('noise'), Buffer.alloc(4 * 1024 ** 2, 7));
    const rebase = (file: string, format: string) =>
      runCli('img', 'rebase', '-u', '-b', file, '-F', format, at('overlay'));
    expect((await rebase('renamed', 'qcow2')).exitCode).toBe(0);
    expect((await io(at('overlay'), ...content, 'write -q -P 6 2105344 4k')).exitCode).toBe(0);
    expect((await rebase('noise', 'raw')).exitCode).toBe(0);
    const { exitCode, stderr } = await io(at('overlay'), 'write -q 3M 4k');
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('past the write pointer')]);
  });
});
