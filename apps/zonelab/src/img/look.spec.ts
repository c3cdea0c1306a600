/** The `img` commands that only look, beside the real qemu-img. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runCli } from '../run-cli.fixture.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

let folder: string;
const at = (name: string) => join(folder, name);
const qemuImg = (...args: string[]) => execFileSync('qemu-img', args, { encoding: 'utf8' });
const qemuIo = (file: string, ...commands: string[]) =>
  execFileSync('qemu-io', [file, ...commands.flatMap((command) => ['-c', command])]);

/** Words of a command line, names of images in them made paths. */
const words = (line: string) =>
  line.split(' ').map((word) => word.replace(/[a-z]+\.(qcow2|raw)/, (name) => at(name)));

/** Both tools' answers to a line. Where they fail, the first line of their messages counts. */
async function both(line: string) {
  const theirs = spawnSync('qemu-img', words(line), { encoding: 'utf8' });
  const ours = await runCli('img', ...words(line));
  const firstLine = (text: string) => text.split('\n')[0]?.replace(/^(qemu-img|zonelab): /, '');
  return {
    ours: { out: ours.stdout, exitCode: ours.exitCode, message: firstLine(ours.stderr) },
    theirs: { out: theirs.stdout, exitCode: theirs.status, message: firstLine(theirs.stderr) },
  };
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'zonelab-look-'));
  qemuImg('create', '-q', '-f', 'qcow2', at('base.qcow2'), '8M');
  qemuIo(at('base.qcow2'), 'write -q -P 1 0 1M', 'write -q -z 1M 64k', 'write -q -P 3 2M 64k');
  qemuImg(
    'create',
    '-q',
    '-f',
    'qcow2',
    '-b',
    at('base.qcow2'),
    '-F',
    'qcow2',
    at('top.qcow2'),
    '10M',
  );
  qemuIo(at('top.qcow2'), 'write -q -P 2 512k 64k', 'write -q -z 3M 64k');
  qemuImg('create', '-q', '-f', 'qcow2', at('empty.qcow2'), '1M');
  writeFileSync(at('data.raw'), Buffer.alloc(MIB, 7));
  writeFileSync(at('other.raw'), Buffer.alloc(MIB, 7).fill(1, 700_001, 700_004));
  writeFileSync(at('longer.raw'), Buffer.alloc(2 * MIB, 7).fill(0, MIB));
  writeFileSync(
    at('tail.raw'),
    Buffer.alloc(2 * MIB, 7)
      .fill(0, MIB)
      .fill(1, 1_700_001, 1_700_004),
  );
  writeFileSync(at('odd.raw'), Buffer.alloc(1000, 7));
  writeFileSync(at('zero.raw'), '');
  truncateSync(at('zero.raw'), MIB);
  writeFileSync(at('sparse.raw'), '');
  truncateSync(at('sparse.raw'), MIB);
  qemuIo(at('sparse.raw'), 'write -q -P 1 12k 8k', 'write -q -P 2 500k 4k');
  qemuImg('convert', '-O', 'qcow2', at('data.raw'), at('data.qcow2'));
});

afterAll(() => rmSync(folder, { recursive: true }));

describe('map', () => {
  it.each([
    'map top.qcow2',
    'map --output=json top.qcow2',
    'map --output=json --start-offset=100 --max-length=70000 top.qcow2',
    'map --start-offset=512k top.qcow2',
    'map --output=json --start-offset=100M top.qcow2',
    'map --output=json -U empty.qcow2',
    'map empty.qcow2',
    'map -f raw --output=json data.raw',
    'map --output=json zero.raw',
    'map --output=json sparse.raw',
    'map sparse.raw',
    'map --image-opts driver=qcow2,file.filename=base.qcow2',
    'map --output=json --image-opts driver=raw,file.driver=file,file.filename=data.raw',
    'map --start-offset=x top.qcow2',
    'map --image-opts -f raw driver=raw,file.filename=data.raw',
    'map -f qcow2 data.raw',
    'map -f bogus data.raw',
    'map missing.raw',
    'map --image-opts driver=qcow2,file.filename=base.qcow2,foo=1',
  ])('answers %s as qemu-img does', async (line) => {
    const { ours, theirs } = await both(line);
    if (theirs.message?.startsWith('Invalid')) expect(ours.message).toContain(theirs.message);
    else expect(ours).toEqual(theirs);
  });
});

describe('compare', () => {
  it.each([
    'data.raw data.qcow2',
    '-s data.raw data.qcow2',
    'data.raw other.raw',
    '-q data.raw other.raw',
    'data.raw longer.raw',
    'longer.raw data.raw',
    'data.raw tail.raw',
    'tail.raw data.raw',
    '-s data.raw longer.raw',
    '-s zero.raw data.raw',
    'empty.qcow2 zero.raw',
    'empty.qcow2 data.raw',
    '-p data.raw other.raw',
    'odd.raw odd.raw',
    '-f raw -F qcow2 data.raw data.qcow2',
    'data.raw missing.raw',
    'missing.raw data.raw',
    '-F bogus data.raw data.raw',
    '-T bogus data.raw data.raw',
    'base.qcow2 top.qcow2',
  ])('answers %s as qemu-img does', async (line) => {
    const { ours, theirs } = await both(`compare ${line}`);
    expect(ours).toEqual(theirs);
  });
});

describe('measure', () => {
  it.each([
    '--size 1G',
    '-O qcow2 --size 1G',
    '-O qcow2 --output=json --size 1G',
    '-O qcow2 --size 1000',
    '-O raw --size 1000',
    '-O qcow2 --size 0',
    '-O qcow2 data.raw',
    '-O qcow2 data.qcow2',
    '-O raw data.qcow2',
    '-O qcow2 top.qcow2',
    '-O qcow2 -o cluster_size=4k top.qcow2',
    '-O qcow2 -o cluster_size=2M top.qcow2',
    '-O qcow2 -o cluster_size=512 --size 300M',
    '-O qcow2 --size 3T',
    '-O qcow2 odd.raw',
    '--size 1G data.raw',
    '-O bogus --size 1G',
    '--size 1G -f raw',
    '-O qcow2 -o cluster_size=512 --size 8T',
    '-O qcow2 -l none data.qcow2',
  ])('answers %s as qemu-img does', async (line) => {
    const { ours, theirs } = await both(`measure ${line}`);
    expect(ours).toEqual(theirs);
  });
});

describe('bench', () => {
  /** Times differ from run to run. */
  const comparable = (text: string) => text.replace(/[\d.]+ seconds/, 'T seconds');

  it.each([
    '-c 10 data.qcow2',
    '-c 10 -w --pattern 0x5a data.qcow2',
    '-c 10 -o 512k -S 128k data.qcow2',
    '-c 4 -d 3 -s 256k -w data.qcow2',
    '-c 10 -d 1 -w --flush-interval 2 data.qcow2',
    '-c 10 -w --flush-interval 2 data.qcow2',
    '-c 10 --flush-interval 2 data.qcow2',
    '-c x data.qcow2',
    '-w --pattern 256 data.qcow2',
    '-i bogus data.qcow2',
    '-c 2 -o 2M data.qcow2',
    '-c 1 -s 3M data.qcow2',
  ])('answers %s as qemu-img does', async (line) => {
    const { ours, theirs } = await both(`bench ${line}`);
    expect({ ...ours, out: comparable(ours.out) }).toEqual({
      ...theirs,
      out: comparable(theirs.out),
    });
  });

  it('writes the pattern it is told, over and over when it reaches the end', async () => {
    await runCli('img', 'bench', '-w', '--pattern', '9', '-c', '20', '-s', '64k', at('data.qcow2'));
    qemuIo(at('data.qcow2'), 'read -P 9 0 1M');
    expect(qemuImg('check', at('data.qcow2'))).toContain('No errors');
  });
});
