/** Real NBD clients on real images. */

import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Exported, exportImage, KIB, MIB, succeed } from './exported.fixture.ts';

let exported: Exported;

afterEach(() => exported.stop());

describe('a plain disk', () => {
  beforeEach(async () => {
    exported = await exportImage({ size: 64 * MIB });
  });

  it('verifies under random writes of fio', async () => {
    const job = [
      '--name=v',
      '--ioengine=nbd',
      `--uri=${exported.uri}`,
      '--rw=randwrite',
      '--bs=4k',
    ];
    const verify = [
      '--verify=crc32c',
      '--verify_fatal=1',
      '--verify_state_save=0',
      '--serialize_overlap=1',
    ];
    await succeed('fio', ...job, '--size=32m', '--iodepth=32', ...verify);
  });

  it('copies in and out with nbdcopy, and compares with qemu-img', async () => {
    const [source, target] = [join(exported.folder, 'in'), join(exported.folder, 'out')];
    const data = Buffer.concat([
      randomBytes(20 * MIB),
      Buffer.alloc(30 * MIB),
      randomBytes(14 * MIB),
    ]);
    await writeFile(source, data);
    await succeed('nbdcopy', '--connections=4', '--requests=64', '--flush', source, exported.uri);
    await succeed('qemu-img', 'compare', '-f', 'raw', '-F', 'raw', source, exported.uri);
    await succeed('nbdcopy', '--flush', exported.uri, target);
    expect((await readFile(target)).equals(data)).toBe(true);
  });

  it('zeroes and trims so that nbdkit agrees', async () => {
    const source = join(exported.folder, 'in');
    await writeFile(source, randomBytes(64 * MIB));
    await succeed('nbdcopy', source, exported.uri);
    const copy = `nbdcopy ${source} "$uri"`;
    const upstream = ['nbd', `uri=${exported.uri}`];
    await succeed('nbdkit', '-U', '-', '--filter=checkwrite', ...upstream, '--run', copy);
  });

  it('is a qcow2 file that qemu-img finds sound afterwards', async () => {
    const commands = [
      'write -P 1 0 10M',
      'write -z 1M 1M',
      'discard 4M 1M',
      'write -f -P 2 20M 64k',
      'flush',
    ];
    await succeed('qemu-io', '-f', 'raw', ...commands.flatMap((c) => ['-c', c]), exported.uri);
    await exported.device.close();
    await succeed('qemu-img', 'check', join(exported.folder, 'image.qcow2'));
  });
});

describe('a zoned disk', () => {
  beforeEach(async () => {
    exported = await exportImage({ size: 64 * MIB, zoned: { zoneSize: 8 * MIB } });
  });

  it('verifies under sequential writes of fio', async () => {
    const job = ['--name=v', '--ioengine=nbd', `--uri=${exported.uri}`, '--rw=write', '--bs=64k'];
    const verify = ['--verify=md5', '--verify_fatal=1', '--verify_state_save=0'];
    await succeed('fio', ...job, '--size=64m', '--iodepth=1', ...verify);
    expect(exported.device.report(0, 8).every((zone) => zone.condition === 'full')).toBe(true);
  });

  it('takes a whole image in order from one connection, and gives it back', async () => {
    const [source, target] = [join(exported.folder, 'in'), join(exported.folder, 'out')];
    const data = randomBytes(64 * MIB);
    await writeFile(source, data);
    await succeed(
      'nbdcopy',
      '--connections=1',
      '--requests=1',
      '--request-size=262144',
      source,
      exported.uri,
    );
    await succeed('nbdcopy', exported.uri, target);
    expect((await readFile(target)).equals(data)).toBe(true);
  });

  it('maps written and unwritten parts for nbdinfo', async () => {
    await exported.client.write(8 * MIB, Buffer.alloc(64 * KIB, 1));
    const map = JSON.parse(await succeed('nbdinfo', '--json', '--map', exported.uri));
    expect(map.map((e: object) => [Reflect.get(e, 'offset'), Reflect.get(e, 'type')])).toEqual([
      [0, 3],
      [8 * MIB, 0],
      [8 * MIB + 64 * KIB, 3],
    ]);
  });

  it('shows qemu-io the error of a write off the write pointer', async () => {
    const write = succeed('qemu-io', '-f', 'raw', '-c', 'write 4k 4k', exported.uri);
    await expect(write).rejects.toThrow('write failed: Invalid argument');
  });

  it('is reset by zeroes and discards of qemu-io', async () => {
    const commands = [
      'write 0 1M',
      'write 8M 1M',
      'write -z 0 8M',
      'discard 8M 8M',
      'write 0 4k',
      'write 8M 4k',
    ];
    await succeed('qemu-io', '-f', 'raw', ...commands.flatMap((c) => ['-c', c]), exported.uri);
    expect(exported.device.report(0, 2).map((zone) => zone.resetCount)).toEqual([1, 1]);
  });
});
