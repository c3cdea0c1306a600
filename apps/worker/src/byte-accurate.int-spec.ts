import { execFileSync } from 'node:child_process';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { ZonedDevice } from '@zonelab/qcow2-zoned';
import { runExperiment } from '@zonelab/zone-workload';
import { type Lab, LabServers, mixed } from './worker.fixture.ts';

const SHORT = mixed(600, { resetFrequency: 0.02 });
const ENDLESS = mixed(50_000_000, { resetFrequency: 0.02 });

let servers: LabServers;
let lab: Lab;
beforeAll(async () => {
  servers = await LabServers.start();
});
afterAll(() => servers?.stop());
beforeEach(async () => {
  lab = await servers.newLab();
});
afterEach(() => lab.close());

it('has a resting image carry a run out, and leaves it sound, as the report says', async () => {
  const { imageId, path } = await lab.createImage(SHORT);
  await lab.startWorker();
  const id = await lab.enqueue(SHORT, { imageId });
  const { status, error, verifiedBytes } = await lab.ended(id);
  expect([status, error]).toEqual(['succeeded', null]);
  const report = await runExperiment(SHORT);
  expect(await lab.reports([id])).toEqual([JSON.stringify(report)]);
  const written = report.zones.reduce((sum, zone) => sum + (zone.writePointer % (1024 * 1024)), 0);
  expect(verifiedBytes).toBeGreaterThanOrEqual(written);
  const device = await ZonedDevice.open(path, { readOnly: true });
  expect(device.report(0, 64)).toEqual(
    expect.arrayContaining(
      report.zones.map(({ index, writePointer }) =>
        expect.objectContaining({ index, writePointer }),
      ),
    ),
  );
  await device.close();
  execFileSync('qemu-img', ['check', '-q', path]);
});

it('leaves the image to others within a second of being cancelled', async () => {
  const { imageId, path } = await lab.createImage(ENDLESS);
  await lab.startWorker();
  const id = await lab.enqueue(ENDLESS, { imageId });
  await lab.progressed(id);
  const cancelledAt = performance.now();
  await lab.catalog.experiments.cancel(id);
  await lab.left(id);
  expect(performance.now() - cancelledAt).toBeLessThan(1000);
  await lab.catalog.leases.release(
    imageId,
    await lab.catalog.leases.take(imageId, 'somebody else', 1000),
  );
  execFileSync('qemu-img', ['check', '-q', '-r', 'all', path]);
  await (await ZonedDevice.open(path)).close();
});

it('fails where the image holds something, or is gone, and says so', async () => {
  const { imageId, path } = await lab.createImage(SHORT);
  const device = await ZonedDevice.open(path);
  await device.write(0, Buffer.alloc(4096, 1));
  await device.close();
  await lab.startWorker();
  const used = await lab.ended(await lab.enqueue(SHORT, { imageId }));
  expect(used.error).toContain('the condition of zone 0 at the start');
  const nowhere = { imageId: '00000000-0000-7000-8000-000000000000' };
  const gone = await lab.ended(await lab.enqueue(SHORT, nowhere));
  expect(gone.error).toContain('there is none');
});

it('does not empty an image that somebody else has held since the run was interrupted', async () => {
  const { imageId } = await lab.createImage(ENDLESS);
  await lab.startWorker();
  const id = await lab.enqueue(ENDLESS, { imageId });
  await lab.progressed(id);
  await lab.stopWorkers();
  await lab.catalog.leases.release(
    imageId,
    await lab.catalog.leases.take(imageId, 'somebody else', 1000),
  );
  await lab.startWorker();
  expect((await lab.ended(id)).error).toContain('somebody else has held it');
});
