import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startTestServers, type TestServers } from '@zonelab/testing';
import { MIGRATIONS_FOLDER, migrate } from './migrate.ts';

let servers: TestServers;
let folder: string;
beforeAll(async () => {
  servers = await startTestServers();
  folder = await mkdtemp(join(tmpdir(), 'zonelab-migrations-'));
});
afterAll(async () => {
  await servers?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** The real migrations and one more with this SQL. */
async function withOneMore(name: string, sql: string): Promise<string> {
  const copy = join(folder, name);
  const migration = join(copy, '99999999999999_more');
  await cp(MIGRATIONS_FOLDER, copy, { recursive: true });
  await cp(join(MIGRATIONS_FOLDER, (await firstMigration()) as string), migration, {
    recursive: true,
  });
  await writeFile(join(migration, 'migration.sql'), sql);
  return copy;
}

async function firstMigration(): Promise<string | undefined> {
  const [first] = await migrate(await servers.createDatabase());
  return first;
}

it('applies each migration once, even when two processes start together', async () => {
  const url = await servers.createDatabase();
  const both = await Promise.all([migrate(url), migrate(url)]);
  expect(both.map((applied) => applied.length).sort()).toEqual([0, both.flat().length]);
  expect(await migrate(url)).toEqual([]);
});

it('undoes a migration that fails, and refuses to go on until it is resolved', async () => {
  const url = await servers.createDatabase();
  const broken = await withOneMore('broken', 'CREATE TABLE half (n int); SELECT nonsense;');
  await expect(migrate(url, broken)).rejects.toMatchObject({ code: 'migration_failed' });
  await expect(migrate(url, broken)).rejects.toThrow('99999999999999_more: failed before');
});

it('refuses a migration that was edited after it was applied', async () => {
  const url = await servers.createDatabase();
  const copy = await withOneMore('edited', 'CREATE TABLE more (n int);');
  await migrate(url, copy);
  await writeFile(join(copy, '99999999999999_more', 'migration.sql'), 'SELECT 1;');
  await expect(migrate(url, copy)).rejects.toThrow('was edited after it was applied');
});

it('has migrations that make what the schema says', async () => {
  const check = join(MIGRATIONS_FOLDER, '../migration.mjs');
  const DATABASE_URL = await servers.createDatabase();
  const environment = { ...process.env, DATABASE_URL, NODE_OPTIONS: '' };
  const { stdout } = await promisify(execFile)(process.execPath, [check, 'check'], {
    env: environment,
  });
  expect(stdout).toBe('');
});
