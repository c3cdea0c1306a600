/** One writer for each image, also where a process is paused for longer than its lease lasts. */

import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { Catalog, Lease } from '@zonelab/catalog';
import { NbdClient } from '@zonelab/nbd';
import { ZonedDevice } from '@zonelab/qcow2-zoned';
import { waitUntil } from '@zonelab/testing';
import { TestLab } from './lab.fixture.ts';

const BLOCK = 64 * 1024;
const LONGER_THAN_A_LEASE_MS = 30_000;

let lab: TestLab;
let catalog: Catalog;

beforeEach(async () => {
  lab = await TestLab.start();
  catalog = new Catalog(lab.facts.databaseUrl);
});

afterEach(async () => {
  await catalog?.close();
  await lab?.discard();
});

it('lets a paused gateway write nothing more once its lease has ended', async () => {
  const image = await lab.createImage('paused');
  const { uri } = await lab.exportImage(image);
  const client = await NbdClient.connect(uri);
  await client.write(0, Buffer.alloc(BLOCK, 1));
  await client.flush();
  const gateway = lab.facts.pids['device-gateway'] as number;
  process.kill(gateway, 'SIGSTOP');
  const patienceMs = LONGER_THAN_A_LEASE_MS;
  const lease = await Lease.take(catalog.leases, image.id, 'next owner', { patienceMs });
  const late = client.write(BLOCK, Buffer.alloc(BLOCK, 2)).then(
    () => 'written',
    () => 'refused',
  );
  try {
    const open = () => ZonedDevice.open(lab.fileOf(image), { guard: () => lease.assertHeld() });
    await expect(open()).rejects.toMatchObject({ code: 'image_in_use' }); // the lock of the paused process
    process.kill(gateway, 'SIGCONT');
    expect(await late).toBe('refused');
    const device = await waitUntil('the paused owner lets go', () => open().catch(() => undefined));
    expect(device.zone(0).writePointer).toBe(BLOCK);
    await device.write(BLOCK, Buffer.alloc(BLOCK, 3));
    await device.close();
  } finally {
    process.kill(gateway, 'SIGCONT');
    await lease.release();
  }
  const reopened = await ZonedDevice.open(lab.fileOf(image), { readOnly: true });
  const content = Buffer.alloc(2 * BLOCK);
  await reopened.read(0, content);
  await reopened.close();
  const expected = Buffer.concat([Buffer.alloc(BLOCK, 1), Buffer.alloc(BLOCK, 3)]);
  expect(content.equals(expected)).toBe(true);
});
