import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { GATEWAY_DEAD_AFTER_MS } from '@zonelab/contracts';
import { startTestServers, type TestServers } from '@zonelab/testing';
import pg from 'pg';
import { Catalog } from '../catalog.ts';
import { migrate } from '../migrate.ts';
import type { NewExport } from './exports.ts';

let servers: TestServers;
let catalog: Catalog;
let database: pg.Client;
beforeAll(async () => {
  servers = await startTestServers();
  const url = await servers.createDatabase(migrate);
  catalog = new Catalog(url);
  database = new pg.Client({ connectionString: url });
  await database.connect();
  for (const id of ['a', 'b']) await announce(id, ['p']);
});
afterAll(async () => {
  await database?.end();
  await catalog?.close();
  await servers?.stop();
});

function announce(id: string, pools: string[]): Promise<void> {
  return catalog.gateways.announce({ id, host: 'h', port: 1, unixSocket: null, pools });
}

async function exportOf(name: string, change: Partial<NewExport> = {}): Promise<NewExport> {
  const size = 4096;
  const { id } = await catalog.images.create({
    ...{ name, pool: 'p', size, clusterSize: 65536, logicalBlockSize: 512, labels: {} },
  });
  await catalog.images.markReady(id);
  const options = { zeroes: 'write', trim: 'reset', limits: 'on' } as const;
  return { imageId: id, gatewayId: 'a', name, readOnly: false, options, ...change };
}

it('gives an image one writer, however many ask at once', async () => {
  const wanted = await exportOf('writers');
  const asked = ['w1', 'w2', 'w3'].map((name) => catalog.exports.create({ ...wanted, name }));
  const results = await Promise.allSettled(asked);
  expect(results.map((result) => result.status).sort()).toEqual([
    'fulfilled',
    'rejected',
    'rejected',
  ]);
  const reasons = results.flatMap((result) =>
    result.status === 'rejected' ? [result.reason] : [],
  );
  expect(reasons.map((reason) => reason.code)).toEqual(['image_exported', 'image_exported']);
});

it('lets readers share an image, but not with a writer', async () => {
  const wanted = await exportOf('readers', { readOnly: true });
  await catalog.exports.create(wanted);
  await catalog.exports.create({ ...wanted, gatewayId: 'b' });
  await expect(
    catalog.exports.create({ ...wanted, name: 'w', readOnly: false }),
  ).rejects.toMatchObject({ code: 'image_exported' });
});

it('lets a reader become the writer only while no other export stands', async () => {
  const wanted = await exportOf('turning', { readOnly: true });
  const made = [];
  for (const name of ['t1', 't2']) {
    const { id } = await catalog.exports.create({ ...wanted, name });
    made.push(await catalog.exports.activate(id, 'nbd://h:1/t', 'a'));
  }
  const turn = ({ id }: { id: string }) => catalog.exports.change(id, { readOnly: false });
  for (const result of await Promise.allSettled(made.map(turn)))
    expect(result).toMatchObject({ reason: { code: 'image_exported' } });
  const [first, second] = made as [(typeof made)[0], (typeof made)[0]];
  await catalog.exports.remove(second.id);
  const races = [turn(first), catalog.exports.create({ ...wanted, name: 't3', readOnly: false })];
  const results = await Promise.allSettled(races);
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  await catalog.exports.changeBack(first);
  const third = await catalog.exports.create({ ...wanted, name: 't4' });
  expect(third.readOnly).toBe(true);
});

it('refuses a name that the gateway serves already', async () => {
  await catalog.exports.create(await exportOf('same'));
  const other = await exportOf('other', { name: 'same' });
  await expect(catalog.exports.create(other)).rejects.toMatchObject({ code: 'name_taken' });
});

it('tells a restarted gateway what it has to serve, and where the images lie', async () => {
  await announce('c', ['p']);
  const made = await catalog.exports.create(await exportOf('again', { gatewayId: 'c' }));
  const gone = await catalog.exports.create(await exportOf('gone', { gatewayId: 'c' }));
  await catalog.exports.activate(made.id, 'nbd://h:1/again', 'c');
  await catalog.exports.beginDetach(gone.id);
  expect(await catalog.exports.ofGateway('c')).toMatchObject([
    { id: made.id, pool: 'p', status: 'active', uri: 'nbd://h:1/again' },
  ]);
});

it('never revives an export that is being detached', async () => {
  const { id } = await catalog.exports.create(await exportOf('detaching'));
  await catalog.exports.beginDetach(id);
  await expect(catalog.exports.activate(id, 'nbd://h/x', 'a')).rejects.toMatchObject({
    code: 'not_found',
  });
  await expect(catalog.exports.fail(id, 'too late', 'a')).rejects.toMatchObject({
    code: 'not_found',
  });
  expect((await catalog.exports.get(id)).status).toBe('detaching');
  await catalog.exports.removeDetaching('a');
  await expect(catalog.exports.get(id)).rejects.toMatchObject({ code: 'not_found' });
});

it('places exports on the live gateway with the fewest that reaches the pool', async () => {
  await announce('far', ['q']);
  await announce('busy', ['r']);
  await announce('idle', ['r']);
  await catalog.exports.create(await exportOf('load', { gatewayId: 'busy' }));
  expect((await catalog.gateways.place('r')).id).toBe('idle');
  await expect(catalog.gateways.place('r', 'far')).rejects.toMatchObject({ code: 'no_gateway' });
});

it('places nothing on a gateway that is dead, retired or unknown', async () => {
  await announce('late', ['s']);
  await age('gateways', 'heartbeat_at', GATEWAY_DEAD_AFTER_MS + 1, 'late');
  await expect(catalog.gateways.place('s')).rejects.toMatchObject({ code: 'no_gateway' });
  await announce('late', ['s']);
  expect((await catalog.gateways.place('s')).alive).toBe(true);
  await catalog.gateways.retire('late');
  await expect(catalog.gateways.place('s', 'late')).rejects.toMatchObject({ code: 'no_gateway' });
  await expect(catalog.gateways.place('s', 'never')).rejects.toMatchObject({ code: 'not_found' });
});

it('tries a failed export again, later each time, and at once after it was active', async () => {
  const { id } = await catalog.exports.create(await exportOf('failing'));
  const due = async () => (await catalog.exports.takeDue()).some((one) => one.id === id);
  await catalog.exports.fail(id, 'no luck', 'a');
  expect(await due()).toBe(false);
  await age('exports', 'retry_at', 5_001, id);
  expect([await due(), await due()]).toEqual([true, false]); // the try is the first one's
  await catalog.exports.fail(id, 'again no luck', 'a');
  await age('exports', 'retry_at', 9_000, id);
  expect(await due()).toBe(false);
  await age('exports', 'retry_at', 1_001, id);
  expect(await due()).toBe(true);
  await catalog.exports.activate(id, 'nbd://h/failing', 'a');
  await catalog.exports.fail(id, 'lost', 'a');
  await age('exports', 'retry_at', 5_001, id);
  expect(await due()).toBe(true);
});

/** As if so much time had passed since. */
async function age(table: string, column: string, ms: number, id: string): Promise<void> {
  const earlier = `${column} - $1 * interval '1 ms'`;
  await database.query(`UPDATE ${table} SET ${column} = ${earlier} WHERE id::text = $2`, [ms, id]);
}
