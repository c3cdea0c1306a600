import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startTestServers, type TestServers } from '@zonelab/testing';
import { Catalog } from '../catalog.ts';
import { migrate } from '../migrate.ts';
import { generateKey } from './keys.ts';

let servers: TestServers;
let catalog: Catalog;
let now = new Date('2026-03-01T12:00:00Z');
beforeAll(async () => {
  servers = await startTestServers();
  catalog = new Catalog(await servers.createDatabase(migrate), () => now);
});
afterAll(async () => {
  await catalog?.close();
  await servers?.stop();
});

it('knows a key until it expires', async () => {
  const expiresAt = '2026-03-01T13:00:00.000Z';
  const { key, id } = await catalog.keys.create({ name: 'short', role: 'viewer', expiresAt });
  expect(await catalog.keys.find(key)).toMatchObject({ id, name: 'short', role: 'viewer' });
  now = new Date('2026-03-01T13:00:00Z');
  expect(await catalog.keys.find(key)).toBeUndefined();
});

it('knows a key until it is revoked, and keeps its row', async () => {
  const { key, id } = await catalog.keys.create({ name: 'gone', role: 'operator' });
  await catalog.keys.revoke(id);
  await catalog.keys.revoke(id);
  expect(await catalog.keys.find(key)).toBeUndefined();
  const { items } = await catalog.keys.list({ limit: 100 });
  expect(items.find((item) => item.id === id)).toMatchObject({ revokedAt: now.toISOString() });
});

it('keeps the last valid admin key, whoever revokes at the same time', async () => {
  const first = await catalog.keys.create({ name: 'first', role: 'admin' });
  const second = await catalog.keys.create({ name: 'second', role: 'admin' });
  const both = await Promise.allSettled([
    catalog.keys.revoke(first.id),
    catalog.keys.revoke(second.id),
  ]);
  expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  const refused = both.find(({ status }) => status === 'rejected');
  expect(refused).toMatchObject({ reason: { code: 'state_conflict' } });
});

it('notes the last use, once a minute', async () => {
  const { key, id } = await catalog.keys.create({ name: 'used', role: 'viewer' });
  const lastUse = async () => {
    await catalog.keys.find(key);
    const { items } = await catalog.keys.list({ limit: 100 });
    return items.find((item) => item.id === id)?.lastUsedAt;
  };
  const first = now.toISOString();
  expect(await lastUse()).toBe(first);
  now = new Date(now.getTime() + 59_000);
  expect(await lastUse()).toBe(first);
  now = new Date(now.getTime() + 1_000);
  expect(await lastUse()).toBe(now.toISOString());
});

it('knows no key that it did not make', async () => {
  expect(await catalog.keys.find(generateKey())).toBeUndefined();
});
