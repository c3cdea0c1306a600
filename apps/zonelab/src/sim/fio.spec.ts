import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { formatNbdUri, NbdServer } from '@zonelab/nbd';
import { createImage, ZonedDevice } from '@zonelab/qcow2-zoned';
import { runExperiment } from '@zonelab/zone-workload';
import { ZonedExport } from '@zonelab/zoned-export';

const MIB = 1024 ** 2;
const ZONED = {
  profile: 'zns' as const,
  zoneSize: 4 * MIB,
  zoneCapacity: 3 * MIB,
  logicalBlockSize: 4096 as const,
};

let folder: string;
let device: ZonedDevice;
let server: NbdServer;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zonelab-fio-'));
  const image = join(folder, 'image.qcow2');
  await createImage(image, { size: 64 * MIB, zoned: ZONED });
  device = await ZonedDevice.open(image);
  server = new NbdServer();
  server.addExport('disk', new ZonedExport(device));
});
afterEach(async () => {
  await server.close();
  await device.close();
  await rm(folder, { recursive: true });
});

/** Over NBD fio resets zones by trim alone, and finishes none: random writers, which need both, are left out. */
const JOB = `
[global]
zonemode=zbd
zonesize=4M
zonecapacity=3M
bs=64k
ioengine=nbd

[in-order]
rw=write
offset=0
size=4z
io_size=10816k

[deep]
rw=write
bs=32k
offset=6z
size=4z
io_size=12M
iodepth=4

[beside]
stonewall
rw=write
offset=12z
size=1z
io_size=1M

[each-other]
rw=write
offset=14z
size=2z
io_size=4M

[reset]
stonewall
rw=trim
bs=4M
offset=7z
size=2z
`;

it('leaves a real image over NBD in the zones that fio itself leaves it in, from the same job file', async () => {
  const bound = await server.listen({ path: join(folder, 'socket') });
  const uri = formatNbdUri({ ...bound, name: 'disk' });
  const file = join(folder, 'job.fio');
  await writeFile(file, JOB.replace('ioengine=nbd', `ioengine=nbd\nuri=${uri}`));
  const { stdout } = await promisify(execFile)('fio', [file], { timeout: 60_000 });
  expect(stdout).toContain('in-order');
  const report = await runExperiment({
    device: { preset: 'custom', geometry: { size: 64 * MIB, ...ZONED } },
    workload: { fio: JOB },
  });
  const states = (zones: readonly { index: number; condition: string; writePointer: number }[]) =>
    zones
      .filter(({ condition }) => condition !== 'empty')
      .map(({ index, condition, writePointer }) => ({ index, condition, writePointer }));
  expect(states(device.report(0, 16))).toEqual(states(report.zones));
  expect(states(report.zones).length).toBeGreaterThan(6);
});
