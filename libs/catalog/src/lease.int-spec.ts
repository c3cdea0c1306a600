import { afterAll, beforeAll, beforeEach, expect, it, jest } from '@jest/globals';
import { startTestServers, type TestServers, waitUntil } from '@zonelab/testing';
import { Catalog } from './catalog.ts';
import { LEASE_MS, Lease } from './lease.ts';
import { migrate } from './migrate.ts';

let servers: TestServers;
let catalog: Catalog;
let imageId: string;
let images = 0;
beforeAll(async () => {
  servers = await startTestServers();
  catalog = new Catalog(await servers.createDatabase(migrate));
});
afterAll(async () => {
  await catalog?.close();
  await servers?.stop();
});
beforeEach(async () => {
  const image = { pool: 'pool', size: 512, clusterSize: 65_536, logicalBlockSize: 512, labels: {} };
  imageId = (await catalog.images.create({ ...image, name: `image-${images++}` })).id;
});

const take = (owner: string, options = {}) => Lease.take(catalog.leases, imageId, owner, options);
const SHORT = { durationMs: 400 };

it('is given to one of many that ask together', async () => {
  const asked = await Promise.allSettled(['a', 'b', 'c', 'd'].map((owner) => take(owner)));
  const taken = asked.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  expect(taken).toHaveLength(1);
  for (const one of asked)
    if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'image_leased' });
  await taken[0]?.release();
});

it('goes to the next with a higher token when it is released', async () => {
  const first = await take('a');
  await first.release();
  const second = await take('b');
  expect(second.token).toBe(first.token + 1n);
  expect(() => first.assertHeld()).toThrow('released');
  second.assertHeld();
  await second.release();
});

it('lasts beyond its time while it is renewed', async () => {
  const lease = await take('a', SHORT);
  const start = performance.now();
  await waitUntil('three times its length', () => performance.now() - start > 1200);
  lease.assertHeld();
  await expect(take('b')).rejects.toMatchObject({ code: 'image_leased', context: { owner: 'a' } });
  await lease.release();
});

it.each([
  ['monotonic', 'the wall clock stood still'],
  ['wall', 'the machine slept'],
] as const)(
  'is over for its holder before it is for others by the %s clock, though %s',
  async (which, _reason) => {
    const now = { monotonic: 0, wall: 0 };
    const clock = { monotonic: () => now.monotonic, wall: () => now.wall };
    const onLost = jest.fn();
    const lease = await take('a', { clock, onLost });
    now[which] = LEASE_MS * 0.79;
    lease.assertHeld();
    now[which] = LEASE_MS * 0.8;
    expect(() => lease.assertHeld()).toThrow('the lease is lost: not renewed for 12000 ms');
    expect(onLost).toHaveBeenCalledTimes(1);
    await expect(take('b')).rejects.toMatchObject({ code: 'image_leased' });
  },
);

it('is lost where another holds it since, and its release takes nothing from that one', async () => {
  const token = await catalog.leases.take(imageId, 'paused', 1);
  await waitUntil('it ends', async () => !(await catalog.leases.renew(imageId, token, 1)));
  const next = await take('next', { patienceMs: 1000 });
  expect(await catalog.leases.renew(imageId, token, 60_000)).toBe(false);
  await catalog.leases.release(imageId, token);
  await expect(take('third')).rejects.toMatchObject({ context: { owner: 'next' } });
  await next.release();
});

it('waits for a holder that lets go', async () => {
  const first = await take('a');
  const second = take('b', { patienceMs: 5000 });
  await first.release();
  (await second).assertHeld();
  await (await second).release();
});

it('is refused for an image that is none', async () => {
  imageId = '00000000-0000-7000-8000-000000000000';
  await expect(take('a')).rejects.toMatchObject({ code: 'not_found' });
});
