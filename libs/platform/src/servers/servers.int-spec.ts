import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { connectRedis } from '../redis.ts';
import { type PostgresServer, runAsForRoot, startPostgres } from './postgres.ts';
import { commandLine } from './process.ts';
import { startRedis } from './redis.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zonelab servers-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

it('keeps the data of Postgres between starts', async () => {
  const dataDir = join(folder, 'postgres');
  let server: PostgresServer = await startPostgres({ dataDir, durable: false });
  let url = await server.createDatabase('Zone lab');
  await query(url, 'CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)');
  await server.stop();
  server = await startPostgres({ dataDir, durable: false });
  try {
    url = await server.createDatabase('Zone lab');
    expect(await query(url, 'SELECT n FROM kept')).toEqual([{ n: 7 }]);
    expect(await query(url, 'SHOW server_encoding')).toEqual([{ server_encoding: 'UTF8' }]);
  } finally {
    await server.stop();
  }
});

it('refuses a second Postgres on the same data, and shows why', async () => {
  const dataDir = join(folder, 'postgres-twice');
  const server = await startPostgres({ dataDir, durable: false });
  try {
    await expect(startPostgres({ dataDir, durable: false })).rejects.toMatchObject({
      code: 'server_start_failed',
      message: expect.stringContaining('lock file "postmaster.pid" already exists'),
    });
  } finally {
    await server.stop();
  }
});

it('lets nobody into Redis without the password, and evicts nothing', async () => {
  const server = await startRedis({ dataDir: join(folder, 'redis'), durable: false });
  const stranger = connectRedis(`redis://127.0.0.1:${server.port}`, { maxRetriesPerRequest: 0 });
  stranger.on('error', () => undefined); // the refused greeting; what the command says is checked
  const friend = connectRedis(server.url);
  try {
    await expect(stranger.get('a')).rejects.toThrow('NOAUTH');
    expect(await friend.config('GET', 'maxmemory-policy')).toEqual([
      'maxmemory-policy',
      'noeviction',
    ]);
  } finally {
    stranger.disconnect();
    friend.disconnect();
    await server.stop();
  }
});

it('keeps the data of Redis between starts', async () => {
  const dataDir = join(folder, 'redis-kept');
  for (const expected of [null, 'kept']) {
    const server = await startRedis({ dataDir });
    const redis = connectRedis(server.url);
    expect(await redis.get('key')).toBe(expected);
    await redis.set('key', 'kept');
    redis.disconnect();
    await server.stop();
  }
});

it.each([
  ['as the same user', []],
  ['as another user', runAsForRoot()],
])('ends a server that runs %s when its parent is killed', async (_, runAs) => {
  const server = commandLine({
    program: process.execPath,
    args: ['-e', 'console.log(process.pid); setInterval(() => {}, 1000)'],
    runAs,
    stopSignal: 'SIGTERM',
  });
  const script = `const [command, ...args] = ${JSON.stringify(server)};
    require('node:child_process').spawn(command, args, { detached: true, stdio: 'inherit' });
    setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [pid] = (await once(parent.stdout, 'data')) as [Buffer];
  parent.kill('SIGKILL');
  const deadline = Date.now() + 10_000;
  while (isAlive(Number(pid)) && Date.now() < deadline) await delay(10);
  expect(isAlive(Number(pid))).toBe(false);
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
