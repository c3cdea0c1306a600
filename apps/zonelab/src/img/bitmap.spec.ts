/** `zonelab img bitmap`, and bitmaps in convert and measure, beside the real qemu-img: each works on a copy of a folder. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { runCli } from '../run-cli.fixture.ts';

let folder: string;
const qemuImg = (...args: string[]) => execFileSync('qemu-img', args, { encoding: 'utf8' });
const SIDES = ['ours', 'theirs'] as const;
const RESULTS = ['a.qcow2', 'two.qcow2', 'new'];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'zonelab-bitmap-'));
  mkdirSync(join(folder, 'made'));
  const at = (name: string) => join(folder, 'made', name);
  const create = (name: string, size: string, options = 'cluster_size=64k') =>
    qemuImg('create', '-q', '-f', 'qcow2', '-o', options, at(name), size);
  create('a.qcow2', '8M');
  create('two.qcow2', '8M', 'cluster_size=4k');
  create('v2.qcow2', '8M', 'compat=0.10');
  create('large.qcow2', '9M');
  for (const name of ['two.qcow2', 'large.qcow2']) {
    qemuImg('bitmap', '--add', '-g', '1k', at(name), 'fine');
    qemuImg('bitmap', '--add', '--disable', at(name), 'still');
    execFileSync('qemu-io', ['-c', 'write -q -P 3 1M 70k', at(name)]);
  }
  // as if a writer had died with it: the second entry of the directory is marked as in use
  const bytes = readFileSync(at('two.qcow2'));
  const extension = bytes.indexOf(Buffer.from([0x23, 0x85, 0x28, 0x75, 0, 0, 0, 24]));
  const directory = Number(bytes.readBigUInt64BE(extension + 24));
  bytes.writeUInt32BE(1, directory + 32 + 12);
  writeFileSync(at('broken.qcow2'), bytes);
  writeFileSync(at('a.raw'), Buffer.alloc(8 * 1024 ** 2, 1));
});

afterAll(() => rmSync(folder, { recursive: true }));

beforeEach(() => {
  for (const side of SIDES) {
    rmSync(join(folder, side), { recursive: true, force: true });
    cpSync(join(folder, 'made'), join(folder, side), { recursive: true });
  }
});

const known = new Map<string, unknown>();

/** What can be seen of the bitmaps of the images that a line may change or make. */
const bitmaps = (side: string) =>
  RESULTS.map((name) => join(folder, side, name))
    .filter((file) => existsSync(file))
    .map((file) => {
      const content = readFileSync(file).toString('base64');
      if (!known.has(content)) known.set(content, lookAt(file));
      return known.get(content);
    });

function lookAt(file: string): unknown {
  if (readFileSync(file).toString('latin1', 0, 4) !== 'QFI\xfb') return 'raw';
  qemuImg('check', '-q', file);
  const info = JSON.parse(qemuImg('info', '--output=json', file));
  return info['format-specific'].data.bitmaps ?? 'none';
}

async function both(line: string) {
  const words = (side: string) =>
    line
      .split(' ')
      .map((word) =>
        word.replace(/\b\w+\.(qcow2|raw)$|\bnew$/, (name) => join(folder, side, name)),
      );
  const theirs = spawnSync('qemu-img', words('theirs'), { encoding: 'utf8' });
  const ours = await runCli('img', ...words('ours'));
  // nodes have names that nobody gave them, and warnings of raw guesses their own words
  const message = (text: string) =>
    text
      .replace(/^WARNING.*\n.*\n.*\n/, '')
      .split('\n')[0]
      ?.replace(/^(qemu-img|zonelab): /, '')
      .replaceAll(/(ours|theirs)\//g, '')
      .replace(/ (in|to) '?#block\d+'?/, '');
  const answer = (side: string, status: number | null, out: string, error: string) => ({
    ...{ status, out, message: message(error) },
    bitmaps: bitmaps(side),
  });
  return {
    ours: answer('ours', ours.exitCode, ours.stdout, ours.stderr),
    theirs: answer('theirs', theirs.status, theirs.stdout, theirs.stderr),
  };
}

it.each([
  'bitmap --add a.qcow2 x',
  'bitmap --add -g 4k a.qcow2 x',
  'bitmap --add -g 0 a.qcow2 x',
  'bitmap --add --disable --image-opts driver=qcow2,file.filename=a.qcow2 x',
  'bitmap --add --remove a.qcow2 x',
  'bitmap --remove two.qcow2 fine',
  'bitmap --clear --disable two.qcow2 fine',
  'bitmap --enable two.qcow2 still',
  'bitmap --merge fine two.qcow2 still',
  'bitmap --add --merge fine -b two.qcow2 -F qcow2 a.qcow2 x',
  'bitmap --remove broken.qcow2 still',
  'convert --bitmaps -O qcow2 two.qcow2 new',
  'convert --bitmaps -n -O qcow2 two.qcow2 a.qcow2',
  'convert --bitmaps -c -O qcow2 two.qcow2 new',
  'convert --bitmaps --skip-broken-bitmaps -O qcow2 broken.qcow2 new',
  'measure -O qcow2 two.qcow2',
  'measure -O qcow2 -o cluster_size=512 large.qcow2',
  'measure -O qcow2 broken.qcow2',
  'measure -O qcow2 v2.qcow2',
  'measure --output=json -O qcow2 a.qcow2',
])('does for "%s" what qemu-img does', async (line) => {
  const { ours, theirs } = await both(line);
  expect(ours).toEqual(theirs);
  expect(theirs.status).toBe(0);
});

it.each([
  'bitmap',
  'bitmap a.qcow2 x',
  'bitmap --add a.qcow2',
  'bitmap --add a.qcow2 x y',
  'bitmap --add --bogus a.qcow2 x',
  'bitmap --add missing.qcow2 x',
  'bitmap --add two.qcow2 fine',
  'bitmap --add --merge none a.qcow2 x',
  'bitmap --add -g 256 a.qcow2 x',
  'bitmap --add -g 3k a.qcow2 x',
  'bitmap --add -g 4G a.qcow2 x',
  'bitmap --add v2.qcow2 x',
  'bitmap --add a.raw x',
  'bitmap --add -f raw a.raw x',
  'bitmap --remove a.qcow2 x',
  'bitmap --enable a.qcow2 x',
  'bitmap --merge none two.qcow2 fine',
  'bitmap --merge fine -b large.qcow2 -F qcow2 two.qcow2 fine',
  'bitmap --merge fine -b a.raw -F raw two.qcow2 fine',
  'bitmap --merge fine -b missing.qcow2 two.qcow2 fine',
  'bitmap -g 4k --clear a.qcow2 x',
  'bitmap -b two.qcow2 --add a.qcow2 x',
  'bitmap -F qcow2 --merge fine two.qcow2 still',
  'bitmap --clear broken.qcow2 still',
  'bitmap --merge still broken.qcow2 fine',
  'convert --bitmaps -O qcow2 broken.qcow2 new',
  'convert --bitmaps -O raw two.qcow2 new',
  'convert --bitmaps -O qcow2 -o compat=0.10 two.qcow2 new',
  'convert --bitmaps -f raw -O qcow2 a.raw new',
  'convert --bitmaps -O qcow2 two.qcow2 two.qcow2 new',
  'convert --bitmaps -O qcow2 v2.qcow2 new',
  'convert --bitmaps -n -O qcow2 two.qcow2 large.qcow2',
  'convert --skip-broken-bitmaps -O qcow2 two.qcow2 new',
])('refuses "%s" as qemu-img does', async (line) => {
  const { ours, theirs } = await both(line);
  // a conversion that QEMU gives up leaves what it had made; ours leaves nothing
  const left = line.startsWith('convert') ? ours.bitmaps.slice(0, 2) : theirs.bitmaps;
  expect(ours).toEqual({ ...theirs, bitmaps: left });
  expect(theirs.status).toBe(1);
});
