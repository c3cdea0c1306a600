/** Clients that others wrote, as the judges of this server. */

import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { MemoryExport } from './memory-export.fixture.ts';
import { run, type Serving, serve, type ToolResult } from './serving.fixture.ts';

const MIB = 1 << 20;

let serving: Serving;
let disk: MemoryExport;
let uri: string;

beforeEach(async () => {
  serving = await serve();
  disk = new MemoryExport(32 * MIB, { minimumBlockSize: 512, description: 'a test disk' });
  serving.server.addExport('disk', disk);
  uri = serving.uri('disk');
});

afterEach(() => serving.stop());

/** Runs a tool that must succeed; its standard error is the message where it does not. */
async function succeed(program: string, ...args: string[]): Promise<string> {
  const result = await run(program, ...args);
  expect({ ...result, stdout: '' }).toMatchObject({ code: 0 });
  return result.stdout;
}

/** Statements for nbdsh, which then sends invalid requests too. The system's own Python has its bindings. */
function nbdsh(...lines: string[]): Promise<ToolResult> {
  const script = [
    'h.set_strict_mode(0)',
    'h.add_meta_context("base:allocation")',
    `h.connect_uri("${uri}")`,
  ];
  return run(
    '/usr/bin/env',
    `PATH=/usr/bin:${process.env.PATH}`,
    'nbdsh',
    ...[...script, ...lines].flatMap((line) => ['-c', line]),
  );
}

it('nbdinfo shows size, description and what can be done', async () => {
  const shown = await succeed('nbdinfo', '--json', uri);
  expect(JSON.parse(shown).exports[0]).toMatchObject({
    'export-name': 'disk',
    description: 'a test disk',
    'export-size': 32 * MIB,
    is_read_only: false,
    can_fast_zero: true,
    can_multi_conn: true,
    can_df: true,
    can_fua: true,
    can_trim: true,
    can_zero: true,
    can_cache: true,
    block_size_minimum: 512,
    block_size_maximum: 32 * MIB,
    contexts: ['base:allocation'],
  });
});

it('nbdinfo lists every export', async () => {
  serving.server.addExport('second', new MemoryExport(512));
  const { exports } = JSON.parse(await succeed('nbdinfo', '--json', '--list', serving.uri('')));
  expect(exports.map((e: object) => Reflect.get(e, 'export-name'))).toEqual(['disk', 'second']);
});

it('nbdinfo maps holes and data', async () => {
  await succeed('qemu-io', '-f', 'raw', '-c', 'write 64k 64k', uri);
  const map = JSON.parse(await succeed('nbdinfo', '--json', '--map', uri));
  expect(map).toEqual([
    { offset: 0, length: 65_536, type: 3, description: 'hole,zero' },
    { offset: 65_536, length: 65_536, type: 0, description: 'data' },
    { offset: 131_072, length: 32 * MIB - 131_072, type: 3, description: 'hole,zero' },
  ]);
});

it('nbdcopy copies in and out without a difference, on several connections', async () => {
  const [source, target] = [join(serving.folder, 'in'), join(serving.folder, 'out')];
  const data = Buffer.concat([randomBytes(5 * MIB), Buffer.alloc(20 * MIB), randomBytes(7 * MIB)]);
  await writeFile(source, data);
  await succeed('nbdcopy', '--connections=4', '--requests=64', '--flush', source, uri);
  expect(disk.bytes.equals(data)).toBe(true);
  await succeed('nbdcopy', '--flush', uri, target);
  expect((await readFile(target)).equals(data)).toBe(true);
  await succeed('qemu-img', 'compare', '-f', 'raw', '-F', 'raw', source, uri);
});

it('qemu-io writes, zeroes, discards, flushes and reads back its patterns', async () => {
  const commands = [
    'write -P 3 0 1M',
    'write -z 4k 4k',
    'write -f -P 1 8k 4k',
    'discard 64k 64k',
    'flush',
  ];
  const checks = [
    'read -P 3 0 4k',
    'read -P 0 4k 4k',
    'read -P 1 8k 4k',
    'read -P 0 64k 64k',
    'read -P 3 128k 896k',
  ];
  const output = await succeed(
    'qemu-io',
    '-f',
    'raw',
    ...[...commands, ...checks].flatMap((c) => ['-c', c]),
    uri,
  );
  expect(output).not.toContain('failed');
});

it('qemu-img bench keeps 64 requests in flight, reading and writing', async () => {
  const common = ['-f', 'raw', '-c', '5000', '-d', '64', '-s', '4k'];
  await succeed('qemu-img', 'bench', ...common, uri);
  await succeed('qemu-img', 'bench', '-w', '--flush-interval=1000', ...common, uri);
});

it('fio verifies random writes', async () => {
  const job = [
    '--name=verify',
    '--ioengine=nbd',
    `--uri=${uri}`,
    '--rw=randwrite',
    '--bs=4k',
    '--iodepth=32',
  ];
  await succeed(
    'fio',
    ...job,
    '--size=16m',
    '--verify=crc32c',
    '--serialize_overlap=1',
    '--verify_fatal=1',
    '--verify_state_save=0',
  );
});

it('nbdkit finds that zeroes and trims read back as they should', async () => {
  const source = join(serving.folder, 'in');
  await writeFile(source, randomBytes(32 * MIB));
  await succeed('nbdcopy', source, uri);
  const copy = `nbdcopy ${source} "$uri"`;
  await succeed('nbdkit', '-U', '-', '--filter=checkwrite', 'nbd', `uri=${uri}`, '--run', copy);
});

it('nbd-client lists the exports on a unix socket and on TCP', async () => {
  const address = await serving.server.listen({ host: '127.0.0.1', port: 0 });
  const port = 'port' in address ? String(address.port) : '';
  expect(await succeed('nbd-client', '-l', '-u', serving.path)).toContain('disk');
  expect(await succeed('nbd-client', '-l', '127.0.0.1', port)).toContain('disk');
});

it.each([
  ['a misaligned read', 'h.pread(512, 1)', 'Invalid argument'],
  ['a read past the end', 'h.pread(512, 32 << 20)', 'Invalid argument'],
  ['a write past the end', 'h.pwrite(bytearray(512), 32 << 20)', 'No space left'],
  ['zeroing past the end', 'h.zero(512, 32 << 20)', 'No space left'],
  ['a trim past the end', 'h.trim(512, 32 << 20)', 'Invalid argument'],
  ['a read of 33 MiB', 'h.pread(33 << 20, 0)', 'too large|Invalid'],
  ['an unknown flag of a write', 'h.pwrite(bytearray(512), 0, 0x40)', 'Invalid argument'],
  ['a cache request past the end', 'h.cache(512, 32 << 20)', 'Invalid argument'],
])('nbdsh gets a clean error for %s', async (_what, statement, message) => {
  const { code, stderr } = await nbdsh(statement);
  expect(code).not.toBe(0);
  expect(stderr).toMatch(new RegExp(message));
});

it('nbdsh goes on after errors on the same connection', async () => {
  const refused = ['try: h.pread(512, 1)', 'except nbd.Error: pass'].join('\n');
  const { code, stderr } = await nbdsh(
    refused,
    'assert h.pread(512, 0) == bytearray(512)',
    'h.shutdown()',
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});
