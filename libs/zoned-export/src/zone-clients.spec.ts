/** Zones as clients meet them that know nothing of zones: written in order, reset, reported, refused. */

import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { type Exported, exportImage, KIB, MIB, succeed } from './exported.fixture.ts';

const ZONE = 8 * MIB;

let exported: Exported;

beforeEach(async () => {
  exported = await exportImage({ size: 64 * MIB, zoned: { zoneSize: ZONE } });
});

afterEach(() => exported.stop());

function resets(count: number): number[] {
  return exported.device.report(0, count).map(({ resetCount }) => resetCount);
}

/** Runs a command with nbdkit between it and the export; `$uri` in it is nbdkit's own. */
function throughNbdkit(command: string): Promise<string> {
  return succeed('nbdkit', '-U', '-', 'nbd', `uri=${exported.uri}`, '--run', command);
}

/** Statements for nbdsh, connected as `h`. The system's own Python has its bindings. */
function nbdsh(...lines: string[]): Promise<string> {
  const script = [
    'h.add_meta_context("x-zonelab:zones")',
    `h.connect_uri("${exported.uri}")`,
    ...lines,
  ];
  const path = `PATH=/usr/bin:${process.env.PATH}`;
  return succeed('/usr/bin/env', path, 'nbdsh', ...script.flatMap((line) => ['-c', line]));
}

it('nbdkit as a proxy writes, reads and resets zones, and passes refusals on', async () => {
  const commands = ['write -P 1 0 1M', 'write -P 2 8M 64k', 'read -P 1 0 1M', 'read -P 0 1M 1M'];
  const io = (list: string[]) => `qemu-io -f raw ${list.map((c) => `-c "${c}"`).join(' ')} "$uri"`;
  expect(await throughNbdkit(io(commands))).not.toContain('failed');
  expect(exported.device.zone(1).writePointer).toBe(ZONE + 64 * KIB);
  await throughNbdkit(io(['write -z 0 8M', 'discard 8M 8M', 'write -P 3 0 4k', 'read -P 3 0 4k']));
  expect(resets(2)).toEqual([1, 1]);
  const ahead = throughNbdkit(io(['write 1M 4k']));
  await expect(ahead).rejects.toThrow('write failed: Invalid argument');
});

it('nbdkit as a proxy carries a whole disk of zones out', async () => {
  await exported.client.write(0, Buffer.alloc(MIB, 7));
  await throughNbdkit(`nbdcopy "$uri" ${exported.folder}/out`);
  const direct = `${exported.folder}/direct`;
  await succeed('nbdcopy', exported.uri, direct);
  await succeed('cmp', `${exported.folder}/out`, direct);
});

it('nbdsh sees each write pointer, resets by zeroes and by a trim, and is told why not', async () => {
  const said = await nbdsh(
    'h.pwrite(b"\\1" * 65536, 0)',
    'h.pwrite(b"\\2" * 4096, 8 << 20)',
    'seen = []',
    'h.block_status(16 << 20, 0, lambda ctx, at, list, err: seen.extend(list) or 0)',
    'print(seen[0] == 65536, (seen[1] >> 8) & 1, (seen[3] >> 8) & 1)',
    'h.zero(8 << 20, 0)',
    'h.trim(8 << 20, 8 << 20)',
    'assert h.pread(65536, 0) == bytearray(65536)',
    ['try: h.pwrite(b"x" * 512, 512)', 'except nbd.Error as e: print(e.errno)'].join('\n'),
  );
  expect(said.split('\n').slice(0, 2)).toEqual(['True 1 0', 'EINVAL']);
  expect(resets(2)).toEqual([1, 1]);
});

it('fio resets every zone by trims', async () => {
  const job = ['--name=j', '--ioengine=nbd', `--uri=${exported.uri}`, '--size=64m'];
  await succeed('fio', ...job, '--rw=write', '--bs=256k', '--iodepth=1');
  expect(exported.device.report(0, 8).every(({ condition }) => condition === 'full')).toBe(true);
  await succeed('fio', ...job, '--rw=trim', '--bs=8m');
  expect(resets(8)).toEqual(Array.from({ length: 8 }, () => 1));
});

it('nbdcopy fills zones again that qemu-io has reset', async () => {
  const source = `${exported.folder}/source`;
  await succeed('qemu-img', 'create', '-f', 'raw', source, '64M');
  await succeed('qemu-io', '-f', 'raw', '-c', 'write -P 9 0 20M', source);
  const copy = ['--connections=1', '--requests=1', '--allocated', source, exported.uri];
  await succeed('nbdcopy', ...copy);
  await succeed('qemu-io', '-f', 'raw', '-c', 'write -z 0 64M', exported.uri);
  expect(resets(4)).toEqual([1, 1, 1, 0]);
  await succeed('nbdcopy', ...copy);
  await succeed('qemu-img', 'compare', '-f', 'raw', '-F', 'raw', source, exported.uri);
});
