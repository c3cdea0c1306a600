/** `zonelab img info` beside `qemu-img info`, byte for byte. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runCli } from '../run-cli.fixture.ts';

let folder: string;
const at = (name: string) => join(folder, name);
const qemuImg = (...args: string[]) => execFileSync('qemu-img', args, { encoding: 'utf8' });
const create = (name: string, ...words: string[]) =>
  qemuImg('create', '-q', '-f', 'qcow2', ...words.slice(0, -1), at(name), `${words.at(-1)}`);

function spoil(name: string, change: (bytes: Buffer) => void): void {
  const bytes = readFileSync(at(name));
  change(bytes);
  writeFileSync(at(name), bytes);
}

/** qemu-img measures how fast it stretches keys, and at times finds the time too short to tell. */
function createLuks(name: string): void {
  const options = 'encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10';
  for (let attempt = 1; ; attempt++)
    try {
      create(name, ...SECRET, '-o', options, '1M');
      return;
    } catch (error) {
      if (attempt === 50) throw error;
    }
}

const SECRET = ['--object', 'secret,id=s,data=geheim'];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'zonelab-info-'));
  mkdirSync(at('below'));
  create('plain', '64M');
  create('old', '-o', 'compat=0.10', '1M');
  create(
    'all',
    '-o',
    'lazy_refcounts=on,extended_l2=on,compression_type=zstd,refcount_bits=8',
    '9M',
  );
  create('below/base', '3M');
  create('below/overlay', '-b', 'base', '-F', 'qcow2', '4M');
  create('absolute', '-b', at('below/base'), '-F', 'qcow2', '3M');
  create('protocol', '-u', '-b', 'nbd://localhost:1/x', '-F', 'raw', '3M');
  create('gone', '-u', '-b', 'gone-\u00e4\u20ac', '-F', 'raw', '3M');
  create('data', '-o', `data_file=${at('data.raw')}`, '1M');
  create('data-raw', '-o', `data_file=${at('data2.raw')},data_file_raw=on`, '1M');
  create('snapshots', '1M');
  for (const name of ['one', 'a name with spaces'])
    qemuImg('snapshot', '-c', name, at('snapshots'));
  create('snapshots-old', '-o', 'compat=0.10', '1M');
  qemuImg('snapshot', '-c', 'one', at('snapshots-old'));
  create('bitmaps', '1M');
  qemuImg('bitmap', '--add', at('bitmaps'), 'first');
  qemuImg('bitmap', '--add', '-g', '1M', '--disable', at('bitmaps'), 'second');
  create('stale', '1M');
  qemuImg('bitmap', '--add', at('stale'), 'first');
  spoil('stale', (bytes) => void bytes.writeUInt8(0, 95));
  create('dirty', '1M');
  spoil('dirty', (bytes) => void bytes.writeUInt8(1, 79));
  create('corrupt', '1M');
  spoil('corrupt', (bytes) => void bytes.writeUInt8(2, 79));
  create('aes', ...SECRET, '-o', 'encrypt.format=aes,encrypt.key-secret=s', '1M');
  createLuks('luks');
  writeFileSync(at('raw'), Buffer.alloc(1001, 1));
  create(
    'everything',
    ...SECRET,
    '-o',
    `encrypt.format=aes,encrypt.key-secret=s,data_file=${at('data3.raw')}`,
    '-b',
    'below/base',
    '-F',
    'qcow2',
    '3M',
  );
  const options = `driver=qcow2,encrypt.key-secret=s,file.filename=${at('everything')}`;
  qemuImg('bitmap', ...SECRET, '--add', '--image-opts', options, 'tracked');
});

afterAll(() => rmSync(folder, { recursive: true }));

const IMAGES = [
  ...['plain', 'old', 'all', 'below/base', 'below/overlay', 'absolute', 'protocol', 'gone'],
  ...['data', 'data-raw', 'snapshots', 'snapshots-old', 'bitmaps', 'stale', 'dirty', 'corrupt'],
  ...['aes', 'luks', 'raw', 'everything'],
];

describe.each(['human', 'json'])('in %s form', (form) => {
  it.each(IMAGES)('tells of %s what qemu-img tells', async (name) => {
    const { stdout } = await runCli('img', 'info', '--output', form, at(name));
    const theirs = spawnSync('qemu-img', ['info', `--output=${form}`, at(name)]);
    expect(stdout).toBe(`${theirs.stdout}`);
  });

  it.each(['plain', 'below/overlay', 'absolute', 'raw'])(
    'tells of the chain of %s what qemu-img tells',
    async (name) => {
      const words = ['info', '--backing-chain', '--output', form, at(name)];
      expect((await runCli('img', ...words)).stdout).toBe(qemuImg(...words));
    },
  );

  it('shows a qcow2 file as raw when told to', async () => {
    const words = ['info', '-f', 'raw', '--output', form, at('plain')];
    expect((await runCli('img', ...words)).stdout).toBe(qemuImg(...words));
  });
});

it('fails where qemu-img fails: a chain that is not whole', async () => {
  const { exitCode, stdout } = await runCli('img', 'info', '--backing-chain', at('gone'));
  expect([exitCode, stdout]).toEqual([1, '']);
});

it('refuses a chain that comes back to itself', async () => {
  create('loop', '-u', '-b', 'loop', '-F', 'qcow2', '1M');
  const { exitCode, stderr } = await runCli('img', 'info', '--backing-chain', at('loop'));
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining('comes back to this file')]);
});

it('refuses features that it does not know, by the name that the image gives them', async () => {
  create('future', '1M');
  spoil('future', (bytes) => {
    bytes.writeUInt8(0x80, 72);
    bytes.write('\0\x3ftime travel\0', 120, 'latin1');
  });
  const { exitCode, stderr } = await runCli('img', 'info', at('future'));
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining('feature(s): time travel')]);
});
