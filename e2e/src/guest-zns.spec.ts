/** A Linux guest on a host-managed NVMe drive whose zones are the gateway's: QEMU's command line is the API's own. */

import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import type { Image, Zone } from '@zonelab/contracts';
import { ZonedDevice } from '@zonelab/qcow2-zoned';
import { Guest } from './guest.fixture.ts';
import { run, TestLab } from './lab.fixture.ts';

const SECTOR = 512;
const KIB = 1024;
const MIB = 1024 * KIB;
const FOR_QEMU = { zeroes: 'reset', trim: 'ignore', limits: 'off' };
const SMALL = {
  size: 256 * MIB,
  zoneSize: 16 * MIB,
  zoneCapacity: 12 * MIB,
  maxOpenZones: 4,
  maxActiveZones: 6,
  maxAppendSectors: 0,
  logicalBlockSize: 4096,
};
/** QEMU splits a reset of more than 32 MiB. */
const LARGE = { size: 512 * MIB, zoneSize: 128 * MIB, zoneCapacity: 80 * MIB, maxAppendSectors: 0 };

/** Magic number, checksum, and nothing else set: what mkzonefs writes, which Debian does not have. */
const ZONEFS_SUPER_BLOCK =
  "{ printf '\\123\\106\\117\\132\\005\\253\\277\\131'; head -c 4088 /dev/zero; }";

let lab: TestLab;
let guest: Guest | undefined;
beforeAll(async () => {
  lab = await TestLab.start();
});
afterEach(() => guest?.discard());
afterAll(() => lab?.discard());

/** An image, exported for QEMU, and the command line that attaches it. */
async function attachable(name: string, fields: object) {
  const image = await lab.createImage(name, fields);
  const served = await lab.exportImage(image, { options: FOR_QEMU });
  const line = await lab.document(`/v1/exports/${served.id}/attach?format=qemu`);
  return { image, served, line, serial: image.id.replaceAll('-', '').slice(-20) };
}

interface Reported {
  readonly start: number;
  readonly wptr: number;
  readonly condition: string;
}

/** What blkzone says, in bytes. */
async function report(disk: string): Promise<Reported[]> {
  const text = (await guest?.run(`blkzone report /dev/${disk}`)) ?? '';
  const line = /start: (0x\w+), len 0x\w+, cap 0x\w+, wptr (0x\w+) .*zcond: ?\d+\((\w+)\)/g;
  return [...text.matchAll(line)].map(([, start, wptr, condition = '']) => ({
    start: Number(start) * SECTOR,
    wptr: Number(wptr) * SECTOR,
    condition,
  }));
}

/** The guest's write pointers are the gateway's, but for zones that were finished by command, of which QEMU alone knows. */
async function expectSamePointers(disk: string, image: Image, finished: number[] = []) {
  const inGuest = (await report(disk)).map(({ start, wptr }) => start + wptr);
  const atGateway = (await lab.zones(image)).map(({ writePointer }: Zone) => writePointer);
  for (const index of finished) inGuest[index] = atGateway[index] ?? -1;
  expect(inGuest).toEqual(atGateway);
}

it('shows zones as they were created, and keeps the write pointers of a guest through all that it does', async () => {
  const small = await attachable('small', SMALL);
  const large = await attachable('large', LARGE);
  const both = `${small.line.trimEnd()} ${large.line.replace(/^(#.*\n)*qemu-system-x86_64 \\\n/, '')}`;
  const programs = ['blkzone', 'fio', 'nvme'];
  guest = await Guest.boot({ attach: both, programs, modules: ['nvme', 'zonefs'] });
  const a = await guest.diskOfSerial(small.serial);
  const b = await guest.diskOfSerial(large.serial);
  const zone = (index: number, size: number) => `-o ${(index * size) / SECTOR} -c 1`;

  // the drive is as created
  const limits = 'zoned nr_zones chunk_sectors max_open_zones max_active_zones logical_block_size';
  const shown = await guest.run(`cd /sys/block/${a}/queue && cat ${limits}`);
  expect(shown.trim().split('\n')).toEqual(['host-managed', '16', '32768', '4', '6', '4096']);
  const text = await guest.run(`blkzone report -o 0 -c 1 /dev/${a}`);
  expect(text).toMatch(/len 0x008000, cap 0x006000, wptr 0x000000 .*\(em\) .*SEQ_WRITE_REQUIRED/);

  // management: conditions are QEMU's, write pointers the gateway's
  for (const [command, condition] of [
    ['open', 'oe'],
    ['close', 'cl'],
    ['finish', 'fu'],
  ] as const) {
    // a zone that was opened and closed with nothing written holds resources only while it is open
    await guest.run(`blkzone ${command} ${zone(15, SMALL.zoneSize)} /dev/${a}`);
    expect((await report(a))[15]?.condition).toBe(condition);
    await expectSamePointers(a, small.image, [15]);
  }
  await guest.run(`blkzone reset ${zone(15, SMALL.zoneSize)} /dev/${a}`);
  expect((await report(a))[15]?.condition).toBe('em');
  await guest.run(`blkzone open ${zone(14, SMALL.zoneSize)} /dev/${a}`);
  await guest.run(`blkzone reset ${zone(14, SMALL.zoneSize)} /dev/${a}`);
  await expectSamePointers(a, small.image);

  // writes, and a reset after them
  await guest.run('yes zonelab | head -c 65536 >/tmp/pattern');
  const write = (disk: string, atBytes: number) =>
    guest?.run(
      `dd if=/tmp/pattern of=/dev/${disk} bs=65536 seek=${atBytes / 65536} oflag=direct conv=notrunc`,
    );
  await write(a, SMALL.zoneSize);
  await write(a, SMALL.zoneSize + 65536);
  await write(a, 2 * SMALL.zoneSize);
  await expectSamePointers(a, small.image);
  await guest.run(`blkzone reset ${zone(2, SMALL.zoneSize)} /dev/${a}`);
  expect((await lab.zones(small.image))[2]).toMatchObject({ condition: 'empty' });
  await expectSamePointers(a, small.image);

  // fio fills zones, resets them and reads what it wrote
  const job = '--direct=1 --ioengine=psync --bs=256k --zonemode=zbd --max_open_zones=2';
  const fill = `--offset=${3 * SMALL.zoneSize} --size=${2 * SMALL.zoneSize} --rw=write`;
  await guest.run(`fio --name=z --filename=/dev/${a} ${job} ${fill} --verify=crc32c --do_verify=1`);
  await expectSamePointers(a, small.image);
  expect((await report(a)).slice(3, 5).map(({ condition }) => condition)).toEqual(['fu', 'fu']);

  // appends, whose place the drive chooses
  const append = `nvme zns zone-append /dev/${a} -s ${(7 * SMALL.zoneSize) / 4096} -z 65536 -d /tmp/pattern`;
  await guest.run(append);
  expect(await guest.run(append)).toMatch(
    new RegExp(`LBA ${((7 * SMALL.zoneSize + 65536) / 4096).toString(16)}\\b`, 'i'),
  );
  await expectSamePointers(a, small.image);

  // a file system whose files are zones, the end of each a write pointer
  await guest.run(
    `${ZONEFS_SUPER_BLOCK} | dd of=/dev/${a} bs=4096 count=1 iflag=fullblock oflag=direct`,
  );
  await guest.run(`mount -t zonefs /dev/${a} /mnt`);
  const grow = '--rw=write --bs=64k --direct=1 --ioengine=libaio --iodepth=1';
  const inPlace =
    '--create_on_open=1 --allow_file_create=0 --file_append=1 --unlink=0 --fallocate=none';
  await guest.run(
    `fio --name=f --filename=/mnt/seq/7 ${grow} ${inPlace} --size=192k --buffer_pattern=0x5a`,
  );
  expect(await guest.run('stat -c %s /mnt/seq/6 /mnt/seq/7')).toBe('131072\n196608\n');
  await expectSamePointers(a, small.image);
  await guest.run('truncate -s 0 /mnt/seq/6; umount /mnt');
  expect((await lab.zones(small.image))[7]).toMatchObject({ condition: 'empty' });
  await expectSamePointers(a, small.image);

  // zones that QEMU resets in several pieces: never written, written a little, and past the first piece
  await guest.run(`blkzone open ${zone(0, LARGE.zoneSize)} /dev/${b}`);
  await write(b, LARGE.zoneSize);
  const at = (2 * LARGE.zoneSize) / MIB;
  await guest.run(
    `dd if=/dev/zero of=/dev/${b} bs=1M count=40 seek=${at} oflag=direct conv=notrunc`,
  );
  await expectSamePointers(b, large.image);
  expect((await lab.zones(large.image))[2]?.writePointer).toBe(2 * LARGE.zoneSize + 40 * MIB);
  await guest.run(`blkzone reset -o 0 -c 3 /dev/${b}`);
  await expectSamePointers(b, large.image);
  expect((await lab.zones(large.image)).every(({ condition }) => condition === 'empty')).toBe(true);

  // what was written outlives the guest
  await guest.powerOff();
  guest = undefined;
  for (const { served } of [small, large]) await lab.rest('DELETE', `/v1/exports/${served.id}`);
  for (const { image } of [small, large])
    expect(await run('qemu-img', 'check', lab.fileOf(image))).toMatchObject({ exitCode: 0 });
  const device = await ZonedDevice.open(lab.fileOf(small.image), { readOnly: true });
  const pattern = Buffer.from('zonelab\n'.repeat(65536 / 8));
  const written = [
    [SMALL.zoneSize, pattern],
    [SMALL.zoneSize + 65536, pattern],
    [8 * SMALL.zoneSize + 131072, Buffer.alloc(65536, 0x5a)],
    [7 * SMALL.zoneSize, Buffer.alloc(65536)],
  ] as const;
  for (const [offset, expected] of written) {
    const content = Buffer.alloc(expected.length);
    await device.read(offset, content);
    expect(content.equals(expected)).toBe(true);
  }
  await device.close();
});
