/** `zonelab img convert` and `dd` beside the real qemu-img. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { runCli } from '../run-cli.fixture.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

let folder: string;
let sources: string;
const at = (name: string) => join(folder, name);
const from = (name: string) => join(sources, name);
const qemuImg = (...args: string[]) => execFileSync('qemu-img', args, { encoding: 'utf8' });
const qemuIo = (file: string, ...commands: string[]) =>
  execFileSync('qemu-io', [file, ...commands.flatMap((command) => ['-c', command])]);
const img = (...args: string[]) => runCli('img', ...args);

async function converted(...args: string[]): Promise<void> {
  expect(await img('convert', ...args)).toEqual({ stdout: '', stderr: '', exitCode: 0 });
}

const sameContent = (one: string, other: string) =>
  expect(qemuImg('compare', one, other)).toContain('Images are identical.');
const sound = (file: string) => expect(qemuImg('check', file)).toContain('No errors were found');
const allocation = (file: string) =>
  JSON.parse(qemuImg('map', '--output=json', file)).map(
    ({ start, length, data, zero }: Record<string, unknown>) => ({ start, length, data, zero }),
  );

/** A qcow2 image of the raw disk, in which the second data cluster points past the end of the file. */
function brokenAtSecondCluster(disk: string): Buffer {
  const file = at('made-to-break');
  qemuImg('convert', '-O', 'qcow2', disk, file);
  const bytes = readFileSync(file);
  rmSync(file);
  const l1 = Number(bytes.readBigUInt64BE(40));
  const l2 = Number(bytes.readBigUInt64BE(l1) & 0x00ff_ffff_ffff_fe00n);
  bytes.writeBigUInt64BE(0x8000_00ff_0000_0000n, l2 + 6 * 8);
  return bytes;
}

beforeAll(() => {
  sources = mkdtempSync(join(tmpdir(), 'zonelab-sources-'));
  folder = mkdtempSync(join(tmpdir(), 'zonelab-convert-'));
  const pattern = Buffer.alloc(4 * MIB);
  pattern.fill('zonelab', 300 * KIB, 1400 * KIB);
  pattern.fill(5, 2 * MIB, 2 * MIB + 4 * KIB);
  writeFileSync(from('disk.raw'), pattern);
  qemuImg('convert', '-O', 'qcow2', from('disk.raw'), from('disk.qcow2'));
  qemuImg(
    'create',
    '-q',
    '-f',
    'qcow2',
    '-b',
    from('disk.qcow2'),
    '-F',
    'qcow2',
    from('top.qcow2'),
    '6M',
  );
  qemuIo(from('top.qcow2'), 'write -q -P 8 1M 64k', 'write -q -z 1200k 64k', 'write -q -P 9 5M 1M');
  writeFileSync(from('odd.raw'), Buffer.alloc(1000, 3));
});

afterAll(() => {
  rmSync(sources, { recursive: true });
  rmSync(folder, { recursive: true });
});

beforeEach(() => {
  rmSync(folder, { recursive: true });
  folder = mkdtempSync(join(tmpdir(), 'zonelab-convert-'));
});

describe('convert', () => {
  it.each([
    ['disk.raw', 'raw', 'qcow2'],
    ['disk.qcow2', 'qcow2', 'raw'],
    ['top.qcow2', 'qcow2', 'qcow2'],
    ['odd.raw', 'raw', 'qcow2'],
    ['odd.raw', 'raw', 'raw'],
  ])('makes of %s (%s) the %s image that qemu-img makes', async (name, format, target) => {
    const common = ['-f', format, '-O', target, from(name)];
    await converted(...common, at('ours'));
    qemuImg('convert', ...common, at('theirs'));
    sameContent(at('ours'), at('theirs'));
    if (target === 'qcow2') {
      expect(allocation(at('ours'))).toEqual(allocation(at('theirs')));
      sound(at('ours'));
    } else {
      expect(readFileSync(at('ours')).equals(readFileSync(at('theirs')))).toBe(true);
      expect(statSync(at('ours')).blocks).toBeLessThanOrEqual(statSync(at('theirs')).blocks);
    }
    expect(readdirSync(folder).sort()).toEqual(['ours', 'theirs']);
  });

  it('puts the data into an external file, one that is there already too', async () => {
    writeFileSync(at('data'), 'old');
    const options = ['-O', 'qcow2', '-o', `data_file=${at('data')}`];
    await converted(...options, from('disk.qcow2'), at('ours'));
    sameContent(at('ours'), from('disk.qcow2'));
    await converted(...options, from('top.qcow2'), at('ours'));
    sameContent(at('ours'), from('top.qcow2'));
    sound(at('ours'));
  });

  it('leaves no data file behind where it fails half way, unless one was there', async () => {
    const options = ['-O', 'qcow2', '-o', `data_file=${at('data')}`];
    writeFileSync(at('broken'), brokenAtSecondCluster(from('disk.raw')));
    expect((await img('convert', ...options, at('broken'), at('ours'))).exitCode).toBe(1);
    expect(readdirSync(folder)).toEqual(['broken']);
  });

  it('concatenates several sources', async () => {
    await converted('-O', 'qcow2', from('odd.raw'), from('disk.raw'), at('ours'));
    qemuImg('convert', '-O', 'qcow2', from('odd.raw'), from('disk.raw'), at('theirs'));
    sameContent(at('ours'), at('theirs'));
  });

  it('takes other cluster sizes', async () => {
    await converted('-O', 'qcow2', '-o', 'cluster_size=512', from('disk.qcow2'), at('ours'));
    sameContent(at('ours'), from('disk.qcow2'));
    sound(at('ours'));
  });

  it('writes every cluster when sparse detection is off', async () => {
    await converted('-S', '0', '-O', 'qcow2', from('disk.qcow2'), at('ours'));
    expect(allocation(at('ours'))).toEqual([
      { start: 0, length: 4 * MIB, data: true, zero: false },
    ]);
  });

  it('takes the space of a raw image at once where full preallocation is asked for', async () => {
    await converted('-O', 'raw', '-o', 'preallocation=full', from('disk.qcow2'), at('ours'));
    sameContent(at('ours'), from('disk.qcow2'));
    expect(statSync(at('ours')).blocks * 512).toBeGreaterThanOrEqual(4 * MIB);
  });

  it('converts an internal snapshot by id, by name and by both', async () => {
    const file = at('snapshots.qcow2');
    qemuImg('convert', '-O', 'qcow2', from('disk.qcow2'), file);
    qemuImg('snapshot', '-c', 'before', file);
    qemuIo(file, 'write -q -P 1 0 4M');
    for (const param of ['before', '1', 'snapshot.id=1,snapshot.name=before']) {
      await converted('-l', param, file, at('ours'));
      sameContent(at('ours'), from('disk.qcow2'));
    }
  });

  it('writes over a larger image that is there already', async () => {
    qemuImg('create', '-q', '-f', 'qcow2', at('target'), '5M');
    qemuIo(at('target'), 'write -q -P 6 0 5M');
    await converted('-n', '-O', 'qcow2', from('disk.raw'), at('target'));
    qemuIo(at('target'), 'read -P 6 4M 1M');
    qemuImg('resize', '-q', '--shrink', at('target'), '4M');
    sameContent(at('target'), from('disk.raw'));
    sound(at('target'));
  });

  it.each(['zlib', 'zstd'])('compresses clusters with %s', async (type) => {
    const options = ['-c', '-O', 'qcow2', '-o', `compression_type=${type}`];
    await converted(...options, from('top.qcow2'), at('ours'));
    sameContent(at('ours'), from('top.qcow2'));
    sound(at('ours'));
    const { 'compressed-clusters': compressed, 'allocated-clusters': allocated } = JSON.parse(
      qemuImg('check', '--output=json', at('ours')),
    );
    expect(compressed).toBe(allocated);
    expect(statSync(at('ours')).size).toBeLessThan(MIB);
  });

  it('leaves to a backing file what the source has from its own', async () => {
    const options = ['-O', 'qcow2', '-B', from('disk.qcow2'), '-F', 'qcow2'];
    await converted(...options, from('top.qcow2'), at('ours'));
    qemuImg('convert', ...options, from('top.qcow2'), at('theirs'));
    expect(allocation(at('ours'))).toEqual(allocation(at('theirs')));
    sameContent(at('ours'), from('top.qcow2'));
    expect(JSON.parse(qemuImg('info', '--output=json', at('ours')))['backing-filename']).toBe(
      from('disk.qcow2'),
    );
  });

  it("shows progress as qemu-img's line does", async () => {
    const { stdout } = await img('convert', '-p', from('disk.raw'), at('ours'));
    expect(stdout).toMatch(/^ {4}\(0\.00\/100%\)\r.* {4}\(100\.00\/100%\)\r\n$/s);
    expect((await img('convert', '-p', '-q', from('disk.raw'), at('ours'))).stdout).toBe('');
  });

  it('replaces a file with its permissions kept', async () => {
    writeFileSync(at('ours'), 'old');
    chmodSync(at('ours'), 0o600);
    await converted('-O', 'qcow2', from('disk.raw'), at('ours'));
    expect(statSync(at('ours')).mode & 0o777).toBe(0o600);
    sameContent(at('ours'), from('disk.raw'));
  });

  it('leaves the old file as it was, and nothing else, where it fails half way', async () => {
    const broken = at('broken.qcow2');
    writeFileSync(broken, brokenAtSecondCluster(from('disk.raw')));
    writeFileSync(at('ours'), 'precious');
    const { exitCode, stderr } = await img('convert', '-O', 'qcow2', broken, at('ours'));
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('past the end of the file')]);
    expect(readFileSync(at('ours'), 'utf8')).toBe('precious');
    expect(readdirSync(folder).sort()).toEqual(['broken.qcow2', 'ours']);
  });

  it.each(['raw', 'qcow2'])(
    'salvages of a damaged image what qemu-img does (%s)',
    async (format) => {
      const bytes = brokenAtSecondCluster(from('disk.raw'));
      const l1 = Number(bytes.readBigUInt64BE(40));
      const l2 = Number(bytes.readBigUInt64BE(l1) & 0x00ff_ffff_ffff_fe00n);
      // off any cluster: QEMU reads zeroes from past the end of the file
      bytes.writeBigUInt64BE(0x8000_0000_0005_0200n, l2 + 6 * 8);
      const answers: unknown[] = [];
      for (const side of ['ours', 'theirs']) {
        writeFileSync(at('broken'), bytes);
        const args = ['convert', '--salvage', '-f', 'qcow2', '-O', format, at('broken'), at(side)];
        const { status, stdout, stderr } =
          side === 'theirs'
            ? spawnSync('qemu-img', args, { encoding: 'utf8' })
            : await img(...args).then((ours) => ({ ...ours, status: ours.exitCode }));
        const lost =
          stderr.match(/error while reading (block status at )?offset \d+: [\w/ ]+/g) ?? [];
        answers.push({ status, stdout, lost: [...new Set(lost)].sort() });
      }
      expect(answers[0]).toEqual(answers[1]);
      expect(answers[0]).toMatchObject({ status: 0, lost: { length: 256 } });
      sameContent(at('ours'), at('theirs'));
      const quiet = ['-q', '--salvage', '-f', 'qcow2', '-O', format, at('broken'), at('ours')];
      writeFileSync(at('broken'), bytes);
      await converted(...quiet);
    },
  );

  it.each([
    [['IN']],
    [['-O', 'bogus', 'IN', 'OUT']],
    [['-c', 'IN', 'OUT']],
    [['-S', '1000', 'IN', 'OUT']],
    [['-m', '17', 'IN', 'OUT']],
    [['-B', 'IN', '-O', 'qcow2', 'IN', 'OUT']],
    [['-B', 'IN', '-F', 'raw', 'IN', 'OUT']],
    [['-B', 'IN', '-F', 'raw', '-O', 'qcow2', 'IN', 'IN', 'OUT']],
    [['-l', 'none', 'IN', 'OUT']],
    [['-l', 'none', 'IN', 'IN', 'OUT']],
    [['-n', '-o', 'size=1M', 'IN', 'OUT']],
    [['--target-is-zero', 'IN', 'OUT']],
    [['--target-image-opts', 'IN', 'OUT']],
    [['-C', '-S', '4k', 'IN', 'OUT']],
    [['-n', 'IN', 'OUT']],
    [['--bitmaps', '-O', 'qcow2', 'IN', 'OUT']],
    [['-t', 'bogus', 'IN', 'OUT']],
    [['IN', '/none/OUT']],
    [['/none', 'OUT']],
  ])('refuses %j with the message of qemu-img', async (args) => {
    const line = args.map((arg) =>
      arg
        .replace('/none/OUT', '/none/x')
        .replace(/^IN$/, from('disk.raw'))
        .replace(/^OUT$/, at('out')),
    );
    const theirs = spawnSync('qemu-img', ['convert', ...line], { encoding: 'utf8' });
    rmSync(at('out'), { force: true });
    const ours = await img('convert', ...line);
    const firstLine = (text: string) => text.split('\n')[0]?.replace(/^(qemu-img|zonelab): /, '');
    expect(firstLine(ours.stderr)).toBe(firstLine(theirs.stderr));
    expect([ours.exitCode, readdirSync(folder)]).toEqual([theirs.status, []]);
  });

  it('refuses to write over its own source, or what another process has open', async () => {
    const { exitCode, stderr } = await img('convert', from('disk.raw'), from('disk.raw'));
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('Failed to get "write" lock')]);
    sameContent(from('disk.raw'), from('disk.qcow2'));
  });
});

describe('convert of a disk with zones', () => {
  const ZONED = 'size=4M,zone_size=1M,zone_nr_conv=1,max_append_sectors=64,max_open_zones=2';
  const zones = async (file: string) => (await runCli('zones', file)).stdout;

  beforeEach(async () => {
    await img('create', '-q', '-o', ZONED, at('zoned'));
    const commands = ['write -q -P 1 0 64k', 'write -q -P 2 1M 12k', 'write -q -P 3 2M 1M'];
    await runCli('io', at('zoned'), ...commands.flatMap((command) => ['-c', command]));
  });

  it('keeps data and zones in a qcow2 image with other clusters', async () => {
    await converted(
      '-O',
      'qcow2',
      '-o',
      'cluster_size=4k,refcount_bits=8',
      at('zoned'),
      at('ours'),
    );
    expect(await zones(at('ours'))).toBe(await zones(at('zoned')));
    sameContent(at('ours'), at('zoned'));
    sound(at('ours'));
  });

  it('takes zones to dialect v9 and back', async () => {
    await converted('-O', 'qcow2', '-o', 'dialect=v9', at('zoned'), at('v9'));
    await converted('-O', 'qcow2', at('v9'), at('ours'));
    expect((await zones(at('ours'))).replaceAll(/ reset_count.*/g, '')).toBe(
      (await zones(at('zoned'))).replaceAll(/ reset_count.*/g, ''),
    );
    sameContent(at('ours'), at('zoned'));
  });

  it('refuses zones of another shape, and leaves no file', async () => {
    const options = ['-O', 'qcow2', '-o', 'zone_size=2M'];
    const { stderr, exitCode } = await img('convert', ...options, at('zoned'), at('ours'));
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('zoneSize: got 2097152')]);
    expect(readdirSync(folder)).toEqual(['zoned']);
  });

  it('warns that zones are lost in a raw image', async () => {
    const { stderr, exitCode } = await img('convert', at('zoned'), at('ours'));
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining('a raw image has no place')]);
    sameContent(at('ours'), at('zoned'));
  });
});

describe('dd', () => {
  it.each([
    'bs=1000 count=3 skip=2',
    'bs=64k',
    'bs=1M count=1',
    'bs=1k skip=1023 count=5',
    'skip=50000',
    'count=0',
    'bs=128k skip=3',
    'bs=1000 count=1',
    'bs=4k count=2',
  ])('copies what qemu-img copies for %s', async (line) => {
    const args = (out: string) => [...line.split(' '), `if=${from('disk.qcow2')}`, `of=${out}`];
    spawnSync('qemu-img', ['dd', ...args(at('theirs'))]);
    const { exitCode } = await img('dd', ...args(at('ours')));
    expect(exitCode).toBe(0);
    sameContent(at('ours'), at('theirs'));
    expect(statSync(at('ours')).size).toBe(statSync(at('theirs')).size);
  });

  it.each(['foo=1', 'bs=0', 'bs=3G', 'bs', 'conv=notrunc', '-O bogus'])(
    'refuses %s as qemu-img does',
    async (line) => {
      const args = [...line.split(' '), `if=${from('disk.raw')}`, `of=${at('out')}`];
      const theirs = spawnSync('qemu-img', ['dd', ...args], { encoding: 'utf8' });
      const ours = await img('dd', ...args);
      expect(ours.stderr.replace('zonelab', 'qemu-img')).toBe(theirs.stderr);
      expect([ours.exitCode, readdirSync(folder)]).toEqual([theirs.status, []]);
    },
  );
});
