/** Opening disks with the files behind them: which file a name means, what is refused, and who holds which lock. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { KiB, MiB, run } from './disk.fixture.ts';
import { HostFile } from './file.ts';
import { EXTENSION, readHeader } from './format/header.ts';
import { rewriteHeader, withExtension } from './format/header-rewrite.ts';
import { openDisk } from './open.ts';

let top = '';
let count = 0;
let folder = '';
beforeAll(() => {
  top = fs.mkdtempSync(path.join(process.env.TMPDIR ?? '/tmp', 'zonelab-open-'));
});
afterAll(() => fs.rmSync(top, { recursive: true, force: true }));
beforeEach(() => {
  folder = path.join(top, `${count++}`);
  fs.mkdirSync(folder);
});

const at = (name: string): string => path.join(folder, name);

function qemuCreate(name: string, ...words: string[]): string {
  run(
    'qemu-img',
    'create',
    '-q',
    '-f',
    'qcow2',
    ...words.slice(0, -1),
    at(name),
    `${words.at(-1)}`,
  );
  return at(name);
}

/** An image whose header names `backing`, whatever that is. */
function naming(name: string, backing: string, format?: string): string {
  const file = qemuCreate(name, '1M');
  const host = HostFile.open(file, { readOnly: false });
  const header = readHeader(host);
  const data = format === undefined ? undefined : Buffer.from(format);
  const extensions = withExtension(header.extensions, EXTENSION.backingFormat, data);
  rewriteHeader(host, { ...header, backingFile: backing, extensions });
  host.close();
  return file;
}

async function firstByte(file: string, options: Parameters<typeof openDisk>[1] = {}) {
  const disk = await openDisk(file, { readOnly: true, ...options });
  const byte = Buffer.alloc(1);
  disk.read(0, byte);
  await disk.close();
  return byte[0];
}

const openFiles = (): number => fs.readdirSync('/proc/self/fd').length;

async function refusal(file: string, options: Parameters<typeof openDisk>[1] = {}) {
  const before = openFiles();
  const error = await openDisk(file, { readOnly: true, ...options }).then(
    () => undefined,
    (cause) => cause as { code: string; message: string; context: object },
  );
  expect(openFiles()).toBe(before);
  return error;
}

describe('a chain', () => {
  it('reads through qcow2 and raw files, named from the directory of the image above', async () => {
    fs.mkdirSync(at('below'));
    fs.writeFileSync(at('below/base.raw'), Buffer.alloc(64 * KiB, 7));
    naming('below/middle.qcow2', 'base.raw', 'raw');
    const file = naming('top.qcow2', 'below/middle.qcow2', 'qcow2');
    expect(await firstByte(file)).toBe(7);
    const disk = await openDisk(file, { readOnly: true });
    expect([disk.size, disk.backing?.size, disk.backing?.backing?.size]).toEqual([
      MiB,
      MiB,
      64 * KiB,
    ]);
    expect([disk.backing?.format, disk.backing?.backing?.format]).toEqual(['qcow2', 'raw']);
    expect(disk.backing?.backing?.path).toBe(at('below/base.raw'));
    await disk.close();
  });

  it('takes the format that the image gives, whatever the bytes look like', async () => {
    qemuCreate('base.qcow2', '1M');
    expect(await firstByte(naming('as-raw.qcow2', 'base.qcow2', 'raw'))).toBe('Q'.charCodeAt(0));
    expect(await firstByte(naming('as-qcow2.qcow2', 'base.qcow2', 'qcow2'))).toBe(0);
    expect(await firstByte(naming('probed.qcow2', 'base.qcow2'))).toBe(0);
  });

  it('takes file: names from the working directory, as QEMU does', async () => {
    fs.writeFileSync(at('base.raw'), Buffer.alloc(512, 9));
    const relative = path.relative(process.cwd(), at('base.raw'));
    expect(await firstByte(naming('top.qcow2', `file:${relative}`, 'raw'))).toBe(9);
  });

  it('of 64 images opens, and one more is refused', async () => {
    fs.writeFileSync(at('0'), Buffer.alloc(512, 5));
    for (let i = 1; i <= 64; i++) naming(`${i}`, `${i - 1}`, i === 1 ? 'raw' : 'qcow2');
    expect(await firstByte(at('63'))).toBe(5);
    expect(await refusal(at('64'))).toMatchObject({
      code: 'invalid_image',
      message: expect.stringContaining('longer than 64 images'),
    });
  });

  it('that comes back to one of its files is refused, by any name of that file', async () => {
    naming('a.qcow2', 'link.qcow2', 'qcow2');
    naming('b.qcow2', 'a.qcow2', 'qcow2');
    fs.linkSync(at('b.qcow2'), at('link.qcow2'));
    expect(await refusal(at('b.qcow2'))).toMatchObject({
      code: 'invalid_image',
      message: expect.stringContaining('comes back to this file'),
    });
  });

  it('is not opened where the caller does not want it', async () => {
    const disk = await openDisk(naming('top.qcow2', 'nowhere', 'raw'), {
      readOnly: true,
      backing: false,
    });
    expect(() => disk.read(0, Buffer.alloc(1))).toThrow('its backing file nowhere is not open');
    await disk.close();
  });
});

describe('refuses, with everything closed again,', () => {
  it.each(['json:{"driver":"raw"}', 'nbd:localhost:10809', 'http://host/disk', 'ssh://x/y', 'a:b'])(
    'the backing file %s',
    async (name) => {
      const error = await refusal(naming('top.qcow2', name, 'raw'));
      expect(error).toMatchObject({ code: 'unsupported_feature', context: { given: name } });
      expect(error?.message).toContain('allowed is the plain name of a local file');
    },
  );

  it('a backing file that is missing, by both names', async () => {
    const file = naming('top.qcow2', 'gone.raw', 'raw');
    expect(await refusal(file)).toMatchObject({
      code: 'file_not_found',
      message: `${file}: its backing file: ${at('gone.raw')}: no such file`,
    });
  });

  it('a backing format that we do not read', async () => {
    expect(await refusal(naming('top.qcow2', 'base.vmdk', 'vmdk'))).toMatchObject({
      code: 'unsupported_feature',
      context: { field: 'backing_format', given: 'vmdk', allowed: 'qcow2 or raw' },
    });
  });

  it('an image of another format, unless called raw', async () => {
    fs.writeFileSync(at('disk.vmdk'), Buffer.from('KDMV'.padEnd(512)));
    expect(await refusal(at('disk.vmdk'))).toMatchObject({
      code: 'unsupported_feature',
      context: { given: 'vmdk' },
    });
    expect(await firstByte(at('disk.vmdk'), { format: 'raw' })).toBe('K'.charCodeAt(0));
  });

  it('to guess that a disk to be written is raw', async () => {
    fs.writeFileSync(at('disk.raw'), Buffer.alloc(512));
    expect(await refusal(at('disk.raw'), { readOnly: false })).toMatchObject({
      code: 'invalid_option',
      context: { field: 'format' },
    });
    expect(await firstByte(at('disk.raw'))).toBe(0);
  });

  it.each([
    [1, 'aes'],
    [2, 'luks'],
  ])('data of an image encrypted by method %i, %s', async (number, method) => {
    const file = qemuCreate(`${method}.qcow2`, '1M');
    const bytes = fs.readFileSync(file);
    bytes.writeUInt32BE(number, 32);
    fs.writeFileSync(file, bytes);
    expect(await refusal(file)).toMatchObject({
      code: 'unsupported_feature',
      message: expect.stringContaining(`the image is encrypted (${method})`),
    });
  });

  it('to write a corrupt image', async () => {
    const file = qemuCreate('corrupt.qcow2', '1M');
    const bytes = fs.readFileSync(file);
    bytes.writeUInt8(2, 79);
    fs.writeFileSync(file, bytes);
    expect(await refusal(file, { readOnly: false })).toMatchObject({ code: 'image_corrupt' });
  });
});

describe('with allowed directories', () => {
  it('opens what lies in them, and refuses a backing file outside by name', async () => {
    fs.mkdirSync(at('pool'));
    fs.writeFileSync(at('secret.raw'), Buffer.alloc(512, 1));
    fs.writeFileSync(at('pool/base.raw'), Buffer.alloc(512, 2));
    const allowedDirectories = [at('pool')];
    const inside = naming('pool/inside.qcow2', 'base.raw', 'raw');
    expect(await firstByte(inside, { allowedDirectories })).toBe(2);
    for (const name of ['../secret.raw', at('secret.raw')]) {
      const error = await refusal(naming('pool/outside.qcow2', name, 'raw'), {
        allowedDirectories,
      });
      expect(error).toMatchObject({ code: 'path_not_allowed' });
      expect(error?.message).toContain(at('secret.raw'));
      expect(error?.message).toContain(`outside of the allowed directories: ${at('pool')}`);
    }
  });

  it('follows symbolic links before it judges', async () => {
    fs.mkdirSync(at('pool'));
    fs.mkdirSync(at('pool-next-door'));
    fs.writeFileSync(at('pool-next-door/secret.raw'), Buffer.alloc(512, 1));
    fs.symlinkSync(at('pool-next-door/secret.raw'), at('pool/base.raw'));
    fs.symlinkSync(at('pool'), at('door'));
    const file = naming('pool/top.qcow2', 'base.raw', 'raw');
    expect(await refusal(file, { allowedDirectories: [at('pool')] })).toMatchObject({
      code: 'path_not_allowed',
      message: expect.stringContaining('pool-next-door/secret.raw'),
    });
    const both = [at('pool-next-door'), at('door')];
    expect(await firstByte(file, { allowedDirectories: both })).toBe(1);
  });
});

describe('locks', () => {
  it('let qemu share a backing file for reading, and keep it from writing', async () => {
    qemuCreate('base.qcow2', '1M');
    const disk = await openDisk(naming('top.qcow2', 'base.qcow2', 'qcow2'), { readOnly: true });
    expect(run('qemu-io', '-r', '-f', 'qcow2', '-c', 'read 0 512', at('base.qcow2'))).toContain(
      'read 512',
    );
    const write = spawnSync('qemu-io', ['-f', 'qcow2', '-c', 'write 0 512', at('base.qcow2')]);
    expect(`${write.stderr}`).toContain('Failed to get');
    await disk.close();
    run('qemu-io', '-f', 'qcow2', '-c', 'write 0 512', at('base.qcow2'));
  });

  it('keep a second writer out of the image', async () => {
    const file = qemuCreate('disk.qcow2', '1M');
    const disk = await openDisk(file);
    expect(await refusal(file, { readOnly: false })).toMatchObject({ code: 'image_in_use' });
    await disk.close();
  });
});

it('writes raw disks, and gives the space of zeroes back', async () => {
  fs.writeFileSync(at('disk.raw'), Buffer.alloc(2 * MiB, 3));
  const disk = await openDisk(at('disk.raw'), { format: 'raw' });
  disk.write(4 * KiB, Buffer.alloc(4 * KiB, 4));
  disk.writeZeroes(MiB, MiB);
  expect(() => disk.write(2 * MiB - 1, Buffer.alloc(2))).toThrow('end past the disk');
  await disk.close();
  const expected = Buffer.alloc(2 * MiB, 3)
    .fill(4, 4 * KiB, 8 * KiB)
    .fill(0, MiB);
  expect(fs.readFileSync(at('disk.raw')).equals(expected)).toBe(true);
  const again = await openDisk(at('disk.raw'), { readOnly: true });
  expect(again.extents(0, 2 * MiB).map(({ length, zero }) => [length, zero])).toEqual([
    [MiB, false],
    [MiB, true],
  ]);
  await again.close();
});

it('clears the bit of bitmaps before the first write, and not before', async () => {
  const file = qemuCreate('disk.qcow2', '1M');
  run('qemu-img', 'bitmap', '--add', file, 'backup');
  const disk = await openDisk(file);
  expect(run('qemu-img', 'info', '-U', file)).toContain('name: backup');
  disk.write(0, Buffer.alloc(512, 1));
  await disk.close();
  expect(run('qemu-img', 'info', file)).not.toContain('name: backup');
});

it('repairs the refcounts of an image that was not closed cleanly before it writes', async () => {
  const file = qemuCreate('lazy.qcow2', '-o', 'lazy_refcounts=on', '4M');
  const crash = ['-f', 'qcow2', '-c', 'write -P 6 0 1M', '-c', 'flush', '-c', 'abort', file];
  spawnSync('qemu-io', crash);
  expect(run('qemu-img', 'info', '-U', file)).toContain('cleanly shut down: no');
  const reader = await openDisk(file, { readOnly: true });
  await reader.close();
  expect(run('qemu-img', 'info', '-U', file)).toContain('cleanly shut down: no');
  const disk = await openDisk(file);
  disk.write(2 * MiB, Buffer.alloc(512, 7));
  await disk.close();
  expect(run('qemu-img', 'check', file)).toContain('No errors were found');
  expect(run('qemu-io', '-r', '-f', 'qcow2', '-c', 'read -P 6 0 1M', file)).not.toContain('failed');
});

it('leaves the clusters of bitmaps that it made stale to a repair', async () => {
  const file = qemuCreate('disk.qcow2', '1M');
  run('qemu-img', 'bitmap', '--add', file, 'backup');
  run('qemu-io', '-f', 'qcow2', '-c', 'write 0 64k', file);
  const disk = await openDisk(file);
  disk.write(0, Buffer.alloc(512, 1));
  await disk.close();
  const check = spawnSync('qemu-img', ['check', '--output=json', file]);
  expect(JSON.parse(`${check.stdout}`)).toMatchObject({ leaks: expect.any(Number) });
  run('qemu-img', 'check', '-q', '-r', 'leaks', file);
  expect(run('qemu-img', 'check', file)).toContain('No errors were found');
});
