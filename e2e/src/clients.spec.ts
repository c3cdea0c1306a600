/** Every stock NBD client against an image that a lab exports. */

import { createHash, randomBytes } from 'node:crypto';
import { closeSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Export, Image } from '@zonelab/contracts';
import { qemuIo, run, TestLab, zonelabWith } from './lab.fixture.ts';

const MIB = 1024 ** 2;
const ZONE = 16 * MIB;
const CAPACITY = 12 * MIB;

let lab: TestLab;
let image: Image;
let exported: Export & { uri: string };

beforeAll(async () => {
  lab = await TestLab.start();
  image = await lab.createImage('clients');
  exported = await lab.exportImage(image);
});

afterAll(async () => {
  await lab?.discard();
});

/** Zones are shared by the tests of this file: each takes its own. */
const zoneAfter = async (index: number) => (await lab.zones(image))[index];

it('nbdinfo sees size, block sizes and what the export can do', async () => {
  const { stdout } = await run('nbdinfo', '--json', exported.uri);
  expect(JSON.parse(stdout).exports[0]).toMatchObject({
    'export-name': 'clients',
    'export-size': 256 * MIB,
    is_read_only: false,
    can_flush: true,
    can_fua: true,
    can_multi_conn: true,
    can_trim: true,
    can_zero: true,
    block_size_minimum: 512,
  });
});

it('nbdinfo lists the exports of the gateway', async () => {
  const { host, port } = lab.facts.nbd;
  const { stdout } = await run('nbdinfo', '--list', '--json', `nbd://${host}:${port}`);
  const names = JSON.parse(stdout).exports.map(
    (one: Record<string, unknown>) => one['export-name'],
  );
  expect(names).toContain('clients');
});

it('qemu-img reads size and format', async () => {
  const { stdout } = await run('qemu-img', 'info', '--output=json', '-f', 'raw', exported.uri);
  expect(JSON.parse(stdout)['virtual-size']).toBe(256 * MIB);
});

it('qemu-io writes at the write pointer, reads back, and finds zeroes behind it', async () => {
  const { exitCode, stdout } = await run(
    'qemu-io',
    ...qemuIo(
      exported.uri,
      'write -P 0x5a 0 1M',
      'write -f -P 0xa5 1M 64k',
      'write -z 1114112 64k',
      'read -P 0x5a 0 1M',
      'read -P 0xa5 1M 64k',
      'read -P 0 1114112 2M',
    ),
  );
  expect([exitCode, stdout]).toEqual([0, expect.not.stringContaining('failed')]);
  expect(await zoneAfter(0)).toMatchObject({
    condition: 'implicit-open',
    writePointer: MIB + 128 * 1024,
  });
});

it('qemu-io is refused away from the write pointer, and nothing changes', async () => {
  const before = await lab.zones(image);
  const { exitCode, stdout } = await run(
    'qemu-io',
    ...qemuIo(exported.uri, `write ${ZONE + 4096} 4k`),
  );
  expect(exitCode).toBe(1);
  expect(stdout).toBe('write failed: Invalid argument\n');
  expect(await lab.zones(image)).toEqual(before);
});

it('qemu-io fills a zone to its capacity and not beyond', async () => {
  const at = 2 * ZONE;
  const { stdout } = await run(
    'qemu-io',
    ...qemuIo(exported.uri, `write -q ${at} 12M`, `write ${at + CAPACITY} 4k`),
  );
  expect(stdout).toBe('write failed: No space left on device\n');
  expect(await zoneAfter(2)).toMatchObject({ condition: 'full', writePointer: 3 * ZONE });
});

it('a zone reset by REST reads as zeroes to the client that is attached', async () => {
  await run('qemu-io', ...qemuIo(exported.uri, `write -P 7 ${3 * ZONE} 64k`));
  const { status } = await lab.rest('POST', `/v1/images/${image.id}/zones/3/reset`);
  const { exitCode } = await run('qemu-io', ...qemuIo(exported.uri, `read -P 0 ${3 * ZONE} 64k`));
  expect([status < 300, exitCode]).toEqual([true, 0]);
  expect(await zoneAfter(3)).toMatchObject({ condition: 'empty', resetCount: 1 });
});

it('qemu-io resets a zone by zeroing or discarding all of it', async () => {
  const at = 4 * ZONE;
  for (const reset of [`write -z ${at} 16M`, `discard ${at} 16M`]) {
    await run('qemu-io', ...qemuIo(exported.uri, `write ${at} 64k`, reset));
    expect(await zoneAfter(4)).toMatchObject({ condition: 'empty', writePointer: at });
  }
});

it('nbdcopy copies a file in, in order, and the disk out', async () => {
  const other = await lab.createImage('nbdcopy');
  const { uri } = await lab.exportImage(other);
  const [source, copy] = [join(lab.home, 'in'), join(lab.home, 'out')];
  const data = randomBytes(5 * MIB);
  writeFileSync(source, data);
  const inOrder = ['--synchronous', '--connections=1', '--requests=1', '--flush'];
  const into = await run('nbdcopy', ...inOrder, source, uri);
  const out = await run('nbdcopy', '--destination-is-zero', uri, copy);
  expect([into, out]).toMatchObject([{ exitCode: 0 }, { exitCode: 0 }]);
  const back = Buffer.alloc(data.length);
  const fd = openSync(copy, 'r');
  readSync(fd, back, 0, back.length, 0);
  closeSync(fd);
  const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
  expect(hash(back)).toBe(hash(data));
  expect((await lab.zones(other))[0]).toMatchObject({ writePointer: data.length });
});

it("fio's NBD engine writes a zone in order and verifies it", async () => {
  const result = join(lab.home, 'fio.json');
  const { exitCode, stderr } = await run(
    'fio',
    ...[
      '--name=zone',
      '--ioengine=nbd',
      `--uri=${exported.uri}`,
      '--output-format=json',
      `--output=${result}`,
    ],
    ...['--rw=write', '--bs=64k', '--iodepth=1', `--offset=${8 * ZONE}`, '--size=12M'],
    ...['--verify=crc32c', '--verify_fatal=1', '--do_verify=1', '--verify_state_save=0'],
  );
  expect([exitCode, stderr]).toEqual([0, '']);
  const [job] = JSON.parse(readFileSync(result, 'utf8')).jobs;
  expect([job.error, job.write.io_bytes, job.read.io_bytes]).toEqual([0, CAPACITY, CAPACITY]);
  expect(await zoneAfter(8)).toMatchObject({ condition: 'full' });
});

it('nbdinfo shows data and holes as the zones have them', async () => {
  const { exitCode, stdout } = await run('nbdinfo', '--map', '--json', exported.uri);
  expect(exitCode).toBe(0);
  const extents: { offset: number; length: number; type: number }[] = JSON.parse(stdout);
  const dataAt = (offset: number) =>
    extents.find((one) => offset >= one.offset && offset < one.offset + one.length)?.type === 0;
  expect([dataAt(0), dataAt(2 * ZONE), dataAt(10 * ZONE)]).toEqual([true, true, false]);
});

it('a read-only export takes no write', async () => {
  const other = await lab.createImage('read-only');
  const { uri } = await lab.exportImage(other, { readOnly: true });
  const { exitCode } = await run('qemu-io', ...qemuIo(uri, 'write 0 4k'));
  expect(exitCode).toBe(1);
  expect((await lab.zones(other))[0]).toMatchObject({ condition: 'empty' });
});

it('an image that has been exported is a sound qcow2 file to qemu-img', async () => {
  await lab.rest('DELETE', `/v1/exports/${exported.id}`);
  const { exitCode, stdout } = await run('qemu-img', 'check', lab.fileOf(image));
  expect([exitCode, stdout]).toEqual([0, expect.stringContaining('No errors were found')]);
});

it('the export command says how NBD commands act on zones', async () => {
  const { id } = await lab.createImage('by-command');
  const { apiUrl, token } = lab.facts;
  const made = await zonelabWith(
    { ZONELAB_URL: apiUrl, ZONELAB_TOKEN: token },
    ...['export', 'create', id, '--zeroes', 'reset', '--trim', 'ignore', '--limits', 'off'],
    ...['--output', 'json'],
  );
  expect(JSON.parse(made)).toMatchObject({
    status: 'active',
    options: { zeroes: 'reset', trim: 'ignore', limits: 'off' },
  });
});
