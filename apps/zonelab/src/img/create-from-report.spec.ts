/** Images with the zones of a drive, made from what `blkzone report` printed. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { runCli } from '../run-cli.fixture.ts';

let folder: string;
let image: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zonelab-report-'));
  image = join(folder, 'image.qcow2');
});

afterEach(() => rmSync(folder, { recursive: true }));

const MIB = 1024 ** 2;

/** As util-linux 2.38 prints it of an NVMe drive: zones of 2 MiB, 1077 sectors of capacity. */
const ZNS = `  start: 0x000000000, len 0x001000, cap 0x000438, wptr 0x000438 reset:0 non-seq:0, zcond:14(fu) [type: 2(SEQ_WRITE_REQUIRED)]
  start: 0x000001000, len 0x001000, cap 0x000438, wptr 0x000018 reset:0 non-seq:0, zcond: 2(oi) [type: 2(SEQ_WRITE_REQUIRED)]
  start: 0x000002000, len 0x001000, cap 0x000438, wptr 0x000008 reset:0 non-seq:0, zcond: 4(cl) [type: 2(SEQ_WRITE_REQUIRED)]
  start: 0x000003000, len 0x001000, cap 0x000438, wptr 0x000000 reset:0 non-seq:0, zcond: 1(em) [type: 2(SEQ_WRITE_REQUIRED)]
  start: 0x000004000, len 0x001000, cap 0x000438, wptr 0x000010 reset:0 non-seq:0, zcond:13(ro) [type: 2(SEQ_WRITE_REQUIRED)]
  start: 0x000005000, len 0x001000, cap 0x000438, wptr 0xffffffffffffffff reset:0 non-seq:0, zcond:15(of) [type: 2(SEQ_WRITE_REQUIRED)]
`;

/** As older versions print it of an SMR drive, with a short last zone. */
const ZBC = `  start: 0x000000000, len 0x080000, wptr 0x000000 reset:0 non-seq:0, zcond: 0(nw) [type: 1(CONVENTIONAL)]
  start: 0x000080000, len 0x080000, wptr 0x000800 reset:0 non-seq:0, zcond: 3(oe) [type: 2(SEQ_WRITE_REQUIRED)]
  start: 0x000100000, len 0x020000, wptr 0x000000 reset:1 non-seq:0, zcond: 1(em) [type: 2(SEQ_WRITE_REQUIRED)]
`;

function saved(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

async function zonesOf(file: string): Promise<{ condition: string; written: number }[]> {
  const { stdout } = await runCli('zones', file, '--output', 'json');
  return JSON.parse(stdout).map(
    (zone: { condition: string; writePointer: number; start: number }) => ({
      condition: zone.condition,
      written: zone.writePointer - zone.start,
    }),
  );
}

it('has the zones of an NVMe drive; those that were open are closed', async () => {
  const args = ['--from-report', saved('r', ZNS), '-o', 'max_open_zones=3,cluster_size=4k'];
  const { stdout, stderr, exitCode } = await runCli('img', 'create', image, ...args);
  expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
  expect(stdout).toBe(`Formatting '${image}', fmt=qcow2, 6 zones of ${join(folder, 'r')}\n`);
  expect(await zonesOf(image)).toEqual([
    { condition: 'full', written: 2 * MIB },
    { condition: 'closed', written: 0x18 * 512 },
    { condition: 'closed', written: 8 * 512 },
    { condition: 'empty', written: 0 },
    { condition: 'read-only', written: 0x10 * 512 },
    { condition: 'offline', written: 0x438 * 512 },
  ]);
  const first = JSON.parse(
    (await runCli('zones', image, '--count', '1', '--output', 'json')).stdout,
  );
  expect(first).toMatchObject([{ capacity: 0x438 * 512, size: 2 * MIB }]);
  expect(spawnSync('qemu-img', ['check', image]).status).toBe(0);
});

it('has the data of a drive, from a raw copy of it', async () => {
  const drive = Buffer.alloc(0x120000 * 512);
  drive.fill(1, 0, 4096);
  drive.fill(2, 0x80000 * 512, 0x80800 * 512);
  drive.fill(3, 0x100000 * 512);
  const args = ['--from-report', saved('r', ZBC), '--data', saved('drive', drive)];
  const { stderr, exitCode } = await runCli('img', 'create', '-q', image, ...args);
  expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
  expect(await zonesOf(image)).toEqual([
    { condition: 'not-wp', written: 0 },
    { condition: 'closed', written: MIB },
    { condition: 'empty', written: 0 },
  ]);
  drive.fill(0, 0x100000 * 512); // past a write pointer
  const compared = spawnSync('qemu-img', ['compare', '-F', 'raw', image, saved('drive', drive)]);
  expect(compared.stdout.toString()).toBe('Images are identical.\n');
});

it('takes the reports that zonelab prints itself', async () => {
  await runCli('img', 'create', '-q', image, '--from-report', saved('r', ZNS));
  const report = await runCli('zones', image);
  const other = join(folder, 'other.qcow2');
  const again = ['--from-report', saved('again', report.stdout)];
  expect((await runCli('img', 'create', '-q', other, ...again)).exitCode).toBe(0);
  expect((await runCli('zones', other)).stdout).toBe(report.stdout);
});

it.each([
  ['line 1: got', 'no report\n'],
  ['type 3 (SEQ_WRITE_PREFERRED)', ZBC.replace('2(SEQ_WRITE_REQUIRED)', '3(SEQ_WRITE_PREFERRED)')],
  [
    'zone 1 capacity: got 552960',
    ZNS.replace('cap 0x000438', 'cap 0x000439').replace('wptr 0x000438', 'wptr 0x000439'),
  ],
  ['zone 1 start: got 2097664', ZNS.replace('0x000001000', '0x000001001')],
  [
    'zone 2 type: got conventional',
    ZBC.replace(
      'wptr 0x000000 reset:1 non-seq:0, zcond: 1(em) [type: 2(SEQ_WRITE_REQUIRED)',
      'wptr 0x000000 reset:1 non-seq:0, zcond: 0(nw) [type: 1(CONVENTIONAL)',
    ),
  ],
  ['zone 1 writePointer', ZNS.replace('wptr 0x000018', 'wptr 0x000800')],
  ['no zones', '\n'],
])('refuses a report that no image can have, and leaves no file: %s', async (message, report) => {
  const { stderr, exitCode } = await runCli(
    'img',
    'create',
    image,
    '--from-report',
    saved('r', report),
  );
  expect({ stderr, exitCode }).toEqual({ stderr: expect.stringContaining(message), exitCode: 1 });
  expect(existsSync(image)).toBe(false);
});

it.each([
  [['--data', '/x'], '--data: got /x'],
  [['1G', '--from-report', '/x'], 'size: got 1G'],
  [['--from-report', '/nowhere'], '--from-report: '],
] as const)('refuses %j', async (args, message) => {
  const { stderr, exitCode } = await runCli('img', 'create', image, ...args);
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining(message)]);
});

it('refuses a copy that is too short, and options that contradict the report', async () => {
  const report = ['--from-report', saved('r', ZBC)];
  const short = [...report, '--data', saved('drive', Buffer.alloc(4096))];
  const create = async (...args: string[]) =>
    (await runCli('img', 'create', image, ...args)).stderr;
  expect(await create(...short)).toContain('data: got 4096 bytes');
  expect(await create(...report, '-o', 'zone_size=1M')).toContain('zoneSize: got 1048576');
  expect(await create(...report, '-o', 'preallocation=full')).toContain("'preallocation'");
  expect(existsSync(image)).toBe(false);
});
