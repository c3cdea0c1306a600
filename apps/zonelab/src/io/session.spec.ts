/** `zonelab io` on zoned images, and beside the real qemu-io on a plain disk. */

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { runCli } from '../run-cli.fixture.ts';

let folder: string;
let disk: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zonelab-io-'));
  disk = join(folder, 'disk.qcow2');
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

const io = (...commands: string[]) => runCli('io', disk, ...commands.flatMap((c) => ['-c', c]));

describe('on a zoned image', () => {
  beforeEach(async () => {
    const zoned = 'size=4M,zone_size=1M,zone_nr_conv=1,max_append_sectors=64';
    await runCli('img', 'create', '-q', disk, '-o', zoned);
  });

  it('reports zones in sectors, as qemu-io does', async () => {
    const { stdout, exitCode } = await io('write -q 1M 12k', 'zrp 0 2');
    expect(stdout).toBe(
      'start: 0x0, len 0x800, cap 0x800, wptr 0x0, zcond:0, [type: 1]\n' +
        'start: 0x800, len 0x800, cap 0x800, wptr 0x818, zcond:2, [type: 2]\n',
    );
    expect(exitCode).toBe(0);
  });

  it('appends several lengths as one write and prints where it went', async () => {
    const { stdout } = await io('write -q -P 1 1M 12k', 'zap -p 1M 4k 8k', 'zrp 1M 1');
    expect(stdout).toBe(
      'After zap done, the append sector is 0x818\n' +
        'start: 0x800, len 0x800, cap 0x800, wptr 0x830, zcond:2, [type: 2]\n',
    );
  });

  it('leaves appended data to be read at the write pointer, the data before it untouched', async () => {
    const { exitCode } = await io(
      'write -q -P 1 1M 12k',
      'zap 1M 4k 8k',
      'read -q -P 1 1M 12k',
      'read -q -P 0xcd 1060864 12k',
      'read -q -P 0 1073152 4k',
    );
    expect(exitCode).toBe(0);
  });

  it('opens, closes, finishes and resets the zones of a range', async () => {
    const zones = async (...commands: string[]) => {
      const { stdout } = await io(...commands, 'zrp 1M 3');
      return [...stdout.matchAll(/zcond:(\d+)/g)].map(([, number]) => Number(number));
    };
    expect(await zones('zo 1M 1M', 'zo 2M 1M')).toEqual([3, 3, 1]);
    expect(await zones('write -q 2M 4k', 'zc 2M 1M')).toEqual([1, 4, 1]);
    expect(await zones('zf 3M 1M')).toEqual([1, 4, 14]);
    expect(await zones('zrs 1M 3M')).toEqual([1, 1, 1]);
  });

  it('says on standard error why a command was refused, and goes on with the next', async () => {
    const { stdout, stderr, exitCode } = await io('write 1052672 4k', 'zo 0 1M', 'length');
    expect(stdout).toBe(
      'write failed: Invalid argument\nzone open failed: Invalid argument\n4 MiB\n',
    );
    expect(stderr).toMatch(/^zonelab io: zone 1: .*write pointer.*\n/);
    expect(exitCode).toBe(1);
  });

  it('lets commands fail as a fault plan says, and counts what it did', async () => {
    const plan = { rules: [{ on: 'write', zone: 1, nth: 2, fail: 'io_error' }] };
    const write = ['-c', 'write -q 1M 4k', '-c', 'write -q 1052672 4k', '-c', 'zrp 1M 1'];
    const { stdout, exitCode } = await runCli(
      ...['io', disk, '--faults', JSON.stringify(plan), ...write, '-c', 'faults'],
    );
    expect(stdout).toBe(
      'write failed: Input/output error\n' +
        'start: 0x800, len 0x800, cap 0x800, wptr 0x808, zcond:2, [type: 2]\n' +
        `rule 0: 1 of 2 ${JSON.stringify(plan.rules[0])}\n`,
    );
    expect(exitCode).toBe(1);
    const refused = await runCli('io', disk, '--faults', '{"rules":[{"on":"trim"}]}');
    expect(refused.stderr).toMatch(/--faults: rules\[0\]\.on: got "trim", allowed is read, /);
    expect(refused.exitCode).toBe(2);
  });

  it('reads past write pointers and across zones as it is told to', async () => {
    const reads = ['-c', 'write -q 1M 4k', '-c', 'read -q 1M 8k', '-c', 'read -q 1044480 8k'];
    const lines = async (...flags: string[]) =>
      (await runCli('io', disk, ...flags, ...reads)).stdout.trim().split('\n');
    expect(await lines()).toEqual(['']);
    const failed = 'read failed: ';
    await runCli('io', disk, '-c', 'zrs 1M 1M');
    expect(await lines('--read-beyond-wp', 'error')).toEqual([expect.stringContaining(failed)]);
    await runCli('io', disk, '-c', 'zrs 1M 1M');
    expect(await lines('--read-across-zones', 'off')).toEqual([expect.stringContaining(failed)]);
    const refused = await runCli('io', disk, '--read-beyond-wp', 'maybe');
    expect([refused.exitCode, refused.stderr]).toEqual([
      2,
      'zonelab: --read-beyond-wp: got maybe, allowed is zeroes or error\n',
    ]);
  });

  it('opens, writes and commits zone random write areas, and attaches descriptor extensions', async () => {
    const other = join(folder, 'zns.qcow2');
    const zoned = 'zoned_profile=zns,size=4M,zone_size=1M,zrwa_size=64k,zrwa_flush_granularity=16k';
    await runCli('img', 'create', '-q', other, '-o', `${zoned},descriptor_extension_size=64`);
    const commands = [
      'zoz 1M',
      'write -q 1068k 4k',
      'zcm 1M 32k',
      'zrp 1M 1',
      'zde -P 7 2M',
      'zde 2M',
    ];
    const { stdout, exitCode } = await runCli('io', other, ...commands.flatMap((c) => ['-c', c]));
    expect(stdout).toBe(
      `start: 0x800, len 0x800, cap 0x800, wptr 0x840, zcond:3, [type: 2]\n${'07'.repeat(64)}\n`,
    );
    expect(exitCode).toBe(0);
  });

  it('makes zones read-only and offline', async () => {
    const { stdout } = await io(
      'zone_condition 1M read-only',
      'zone_condition 2M offline',
      'zrp 1M 2',
    );
    expect([...stdout.matchAll(/zcond:(\d+)/g)].map(([, number]) => number)).toEqual(['13', '15']);
  });

  it('refuses to write to an image opened read-only', async () => {
    const { stderr, exitCode } = await runCli('io', '-r', disk, '-c', 'write 1M 4k');
    expect(stderr).toBe('zonelab io: Block node is read-only\n');
    expect(exitCode).toBe(1);
  });
});

describe('on a plain disk', () => {
  /** Rates and times differ from run to run. */
  const comparable = (text: string) => text.replace(/^(.* ops; ).*$/gm, '$1');

  it.each([
    [['write -P 0x5a 0 4k', 'read -P 0x5a 0 4k', 'read -P 1 0 4k', 'read -v 4064 64']],
    [['write -q -P 3 64k 64k', 'map', 'length', 'write -z 0 64k', 'discard 64k 64k', 'flush']],
    [
      [
        'read 4k',
        'bogus',
        'write -P 300 0 512',
        'write x 4k',
        'write -q 0 512',
        'write 1M 512',
        'read -C 0 x',
      ],
    ],
    [
      [
        ...['write -q -P 1 0 4k', 'read -P 1 -s 512 -l 1024 0 4k', 'read -P 2 -s 512 -l 1024 0 4k'],
        ...[
          'read -P 1 -s 4k -l 10 0 4k',
          'read -s 1 0 4k',
          'read -p 0 4k',
          'read 0 1',
          'read 3M 512',
        ],
      ],
    ],
    [['writev -P 5 0 4k 8k', 'readv -P 5 0 4k 8k', 'readv -v 0 8 8', 'write 1 10', 'read -v 0 32']],
    [
      [
        'alloc 0',
        'write -q 0 64k',
        'alloc 0',
        'alloc 0 128k',
        'alloc 64k 1k',
        'truncate 2M',
        'length',
      ],
    ],
    [
      [
        'aio_write -P 3 0 64k',
        'aio_flush',
        'aio_read -P 3 0 64k',
        'aio_flush',
        'aio_read -P 4 0 4k',
      ],
    ],
    [
      [
        'write -z -u 64k 64k',
        'write -u 0 4k',
        'write -n 0 4k',
        'write -c -z 0 64k',
        'write -f 0 4k',
      ],
    ],
    [
      [
        'write -c -P 9 0 64k',
        'read -P 9 0 64k',
        'write -s /none 0 4k',
        'read 0 3G',
        'discard 0 3M',
      ],
    ],
    [['read', 'read -X 0 1', 'sleep', 'sleep 1', 'help bogus', 'quit', 'length']],
  ])('prints what qemu-io prints for %j', async (commands) => {
    const other = join(folder, 'other.qcow2');
    for (const file of [disk, other]) {
      execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', file, '1M']);
    }
    const ours = await io(...commands);
    const theirs = spawnSync('qemu-io', [other, ...commands.flatMap((c) => ['-c', c])], {
      encoding: 'utf8',
    });
    expect(comparable(ours.stdout)).toBe(comparable(theirs.stdout));
    expect(ours.exitCode).toBe(theirs.status);
  });

  it.each([
    ['-c,info,disk.qcow2'],
    ['-f,raw,-c,info,disk.raw'],
    ['-c,close,-c,length,-c,close,disk.qcow2'],
    ['-c,open disk.qcow2,-c,info,-c,close'],
    ['-c,open -r disk.qcow2,-c,write 0 4k'],
    ['-c,open -o driver=raw disk.raw,-c,length'],
    ['-c,open -U disk.qcow2,-c,length'],
    ['-c,open -x disk.qcow2'],
    ['-c,open -t bogus disk.qcow2'],
    ['-c,open -o bogus=1 disk.qcow2'],
    ['-c,open missing,-c,read 0 512'],
    ['-c,open disk.qcow2 disk.raw,-c,open'],
    ['-c,open disk.qcow2,disk.qcow2'],
    ['-c,close,-c,open disk.qcow2,-c,read -q -P 5 0 64k,disk.qcow2'],
    ['-c,reopen -r,-c,write 0 4k,disk.qcow2'],
    ['-c,reopen -w,-c,write -q 0 4k,-c,read -P 0xcd 0 4k,-r,disk.qcow2'],
    ['-c,reopen -r -w,-c,reopen -c bogus,-c,reopen -o bogus=on,-c,reopen x,disk.qcow2'],
    ['-c,reopen -o lazy-refcounts=on,-c,reopen,disk.qcow2'],
    ['-s,-c,write -q -P 6 0 4k,-c,read -P 6 0 4k,-c,map,disk.qcow2'],
    ['-c,open -s disk.qcow2,-c,write -q -P 6 0 4k,-c,read -P 6 0 4k'],
    ['-C,-c,read -q 60k 8k,-c,read -q 500k 1k,-c,read -q 1023k 1k,-c,map,top.qcow2'],
    ['-C,-r,-c,length,top.qcow2'],
    ['-d,bogus,-c,length,disk.qcow2'],
    ['-i,bogus,-c,length,disk.qcow2'],
    ['-U,-c,length,disk.qcow2'],
    ['-c,sleep 1,-c,map,-c,quit'],
  ])('opens and closes files as qemu-io does for %s', async (line) => {
    const cwd = process.cwd();
    const answers: unknown[] = [];
    for (const side of ['ours', 'theirs']) {
      const place = join(folder, side);
      mkdirSync(place);
      process.chdir(place);
      try {
        execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', 'disk.qcow2', '1M']);
        execFileSync('qemu-io', ['-c', 'write -q -P 5 0 64k', 'disk.qcow2']);
        execFileSync('qemu-img', ['create', '-q', '-f', 'raw', 'disk.raw', '1M']);
        const backing = ['-b', 'disk.qcow2', '-F', 'qcow2', 'top.qcow2'];
        execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', ...backing]);
        const args = line.split(',');
        const { stdout, stderr, status } =
          side === 'theirs'
            ? spawnSync('qemu-io', args, { encoding: 'utf8' })
            : await runCli('io', ...args).then((ours) => ({ ...ours, status: ours.exitCode }));
        const message = stderr.replaceAll(/(qemu-io|zonelab io|zonelab): /g, '');
        const maps = ['disk.qcow2', 'top.qcow2'].map((file) => {
          execFileSync('qemu-img', ['check', '-q', file]);
          return execFileSync('qemu-img', ['map', '--output=json', file], { encoding: 'utf8' });
        });
        answers.push({ status, stdout: comparable(stdout), message, maps });
      } finally {
        process.chdir(cwd);
      }
    }
    expect(answers[0]).toEqual(answers[1]);
  });

  it('throws away at the end what a snapshot took, of a disk with zones too', async () => {
    await runCli('img', 'create', '-q', disk, '-o', 'size=4M,zone_size=1M');
    const { stdout, exitCode } = await runCli(
      'io',
      '-s',
      disk,
      '-c',
      'write -q 0 4k',
      '-c',
      'zrp 0 1',
    );
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining('wptr 0x8, zcond:2')]);
    expect((await io('zrp 0 1')).stdout).toContain('wptr 0x0, zcond:1');
  });

  it('works on raw files, overlays and image options, without a format', async () => {
    const [base, overlay] = [join(folder, 'base.raw'), join(folder, 'overlay.qcow2')];
    execFileSync('qemu-img', ['create', '-q', '-f', 'raw', base, '1M']);
    expect((await runCli('io', base, '-c', 'write -q -P 7 0 64k')).exitCode).toBe(0);
    execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', base, '-F', 'raw', overlay]);
    const lines = [
      'read -P 7 0 64k',
      'write -q -P 8 4k 4k',
      'read -P 7 0 4k',
      'read -P 8 4k 4k',
      'map',
    ];
    const commands = lines.flatMap((line) => ['-c', line]);
    const named = `driver=qcow2,file.filename=${overlay}`;
    const ours = await runCli('io', '--image-opts', named, ...commands);
    execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', base, '-F', 'raw', disk]);
    const { stdout } = spawnSync('qemu-io', [disk, ...commands], { encoding: 'utf8' });
    expect(comparable(ours.stdout)).toBe(comparable(stdout));
    expect(ours.exitCode).toBe(0);
    expect(execFileSync('qemu-img', ['check', overlay], { encoding: 'utf8' })).toContain(
      'No errors',
    );
  });
});
