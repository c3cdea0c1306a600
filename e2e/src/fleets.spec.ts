/** A fleet from one base image, from its first disk to its last; and one whose gateway dies. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { Catalog } from '@zonelab/catalog';
import type { Export, Fleet, FleetDisk, Gateway, Image } from '@zonelab/contracts';
import { NbdClient } from '@zonelab/nbd';
import { waitUntil } from '@zonelab/testing';
import { TestLab } from './lab.fixture.ts';
import { root } from './workspace.fixture.ts';

const BLOCK = 64 * 1024;
const DISKS = process.env.ZONELAB_LONG ? 100 : 20;
const PATIENCE_MS = 120_000;

let lab: TestLab;
let second: ChildProcess | undefined;
beforeEach(async () => {
  lab = await TestLab.start();
});
afterEach(async () => {
  if (second?.exitCode === null && second.signalCode === null) {
    second.kill('SIGKILL');
    await once(second, 'close');
  }
  second = undefined;
  await lab?.discard();
});

async function list<T>(path: string): Promise<T[]> {
  return (await lab.rest<{ items: T[] }>('GET', path)).body.items;
}

const disksOf = (id: string) => list<FleetDisk>(`/v1/fleets/${id}/disks?limit=1000`);

async function change(method: string, path: string, body?: object): Promise<Fleet> {
  const { status, body: fleet } = await lab.rest<Fleet>(method, path, body);
  expect(status).toBe(202);
  return fleet;
}

/** The fleet in this status; its progress must never go back. */
function became(id: string, status: Fleet['status']): Promise<Fleet> {
  let progress = 0;
  const ask = async () => {
    const { body } = await lab.rest<Fleet>('GET', `/v1/fleets/${id}`);
    expect(body.progress).toBeGreaterThanOrEqual(progress);
    progress = body.progress;
    return body.status === status && body;
  };
  return waitUntil(`fleet is ${status}`, ask, PATIENCE_MS);
}

async function using<T>(uri: string | null, talk: (client: NbdClient) => Promise<T>): Promise<T> {
  const client = await NbdClient.connect(uri ?? '');
  try {
    return await talk(client);
  } finally {
    await client.disconnect();
  }
}

it(`clones a base ${DISKS} times, serves each disk alone, and leaves nothing of them`, async () => {
  const base = await lab.createImage('base');
  const served = await lab.exportImage(base);
  await using(served.uri, (client) => client.write(0, Buffer.alloc(BLOCK, 0xbb)));
  await lab.rest('DELETE', `/v1/exports/${served.id}`);
  const template = { backingImageId: base.id };
  const { id } = await change('POST', '/v1/fleets', { name: 'many', count: DISKS, template });
  await became(id, 'ready');
  const disks = await disksOf(id);
  expect(disks.filter(({ settled }) => settled)).toHaveLength(DISKS);
  for (const { uri, disk } of disks)
    await using(uri, async (client) => {
      expect((await client.read(0, BLOCK)).every((byte) => byte === 0xbb)).toBe(true);
      await client.write(BLOCK, Buffer.alloc(BLOCK, disk));
      expect((await client.read(BLOCK, BLOCK)).every((byte) => byte === disk)).toBe(true);
    });
  await change('PATCH', `/v1/fleets/${id}`, { count: DISKS / 2 });
  await became(id, 'ready');
  expect(await list<Export>('/v1/exports?limit=1000')).toHaveLength(DISKS / 2);
  const [first] = await disksOf(id);
  await using(first?.uri ?? null, async (client) => {
    expect((await client.read(BLOCK, BLOCK)).every((byte) => byte === 0)).toBe(true);
  });
  await change('DELETE', `/v1/fleets/${id}`);
  await waitUntil(
    'the fleet is gone',
    async () => (await lab.rest('GET', `/v1/fleets/${id}`)).status === 404,
    PATIENCE_MS,
  );
  expect((await list<Image>('/v1/images?limit=1000')).map(({ name }) => name)).toEqual(['base']);
  expect(await list<Export>('/v1/exports')).toEqual([]);
  expect(readdirSync(join(lab.home, 'pool'))).toEqual([base.id]);
  await expect(NbdClient.connect(disks[0]?.uri ?? '')).rejects.toThrow();
  const catalog = new Catalog(lab.facts.databaseUrl);
  // a lease's row goes with its image: the base can be had
  await catalog.leases.take(base.id, 'the test', 1);
  await catalog.close();
}, 300_000);

it('moves the disks of a gateway that dies to one that lives, with all that was flushed', async () => {
  await startSecondGateway();
  const { id } = await change('POST', '/v1/fleets', {
    name: 'moved',
    count: 4,
    template: { size: '64M', profile: 'zns', zoneSize: '16M' },
    placement: { gatewayIds: ['embedded', 'second'] },
  });
  await became(id, 'ready');
  const before = await disksOf(id);
  expect(before.map(({ gatewayId }) => gatewayId)).toEqual([
    'embedded',
    'second',
    'embedded',
    'second',
  ]);
  const clients = await Promise.all(before.map(({ uri }) => NbdClient.connect(uri ?? '')));
  for (const client of clients) {
    await client.write(0, Buffer.alloc(BLOCK, 1));
    await client.flush();
  }
  second?.kill('SIGKILL');
  const after = await waitUntil(
    'all disks are at the other gateway',
    async () => {
      const disks = await disksOf(id);
      const moved = disks.every((disk) => disk.gatewayId === 'embedded' && disk.settled);
      return moved && disks;
    },
    PATIENCE_MS,
  );
  for (const [index, { uri }] of after.entries()) {
    const document = await lab.document(`/v1/fleets/${id}/disks/${index}/attach`);
    expect(document).toBe(`${uri}\n`);
    expect(uri === before[index]?.uri).toBe(index % 2 === 0);
    await using(uri, async (client) => {
      expect((await client.read(0, BLOCK)).every((byte) => byte === 1)).toBe(true);
      await client.write(BLOCK, Buffer.alloc(BLOCK, 2));
    });
  }
  for (const client of clients) await client.disconnect().catch(() => undefined);
}, 300_000);

/** Beside the lab's own, on the same pool. */
async function startSecondGateway(): Promise<void> {
  const { databaseUrl, redisUrl } = lab.facts;
  second = spawn(process.execPath, [join(root, 'apps/device-gateway/dist/main.js')], {
    env: {
      ...process.env,
      DATABASE_URL: databaseUrl,
      REDIS_URL: redisUrl,
      ZONELAB_POOLS: `main=${join(lab.home, 'pool')}`,
      ZONELAB_NBD_PORT: '0',
      ZONELAB_GATEWAY_ID: 'second',
      PORT: '0',
      NODE_OPTIONS: '',
      LOG_LEVEL: 'silent',
    },
    stdio: 'ignore',
  });
  await waitUntil('the second gateway lives', async () =>
    (await list<Gateway>('/v1/gateways')).some(({ id, alive }) => id === 'second' && alive),
  );
}
