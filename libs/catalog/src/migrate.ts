/**
 * Applies prisma/migrations, as `prisma migrate deploy` does: same table, same checksums, same advisory lock, so that
 * each takes over from the other. It needs no native engine, which Prisma would download.
 */

import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { CatalogError } from './errors.ts';

export const MIGRATIONS_FOLDER = join(import.meta.dirname, '../../../prisma/migrations');

/** The advisory lock that Prisma itself takes. */
const LOCK_ID = 72_707_369;

const HISTORY_TABLE = `CREATE TABLE IF NOT EXISTS _prisma_migrations (
  id VARCHAR(36) PRIMARY KEY NOT NULL, checksum VARCHAR(64) NOT NULL, finished_at TIMESTAMPTZ,
  migration_name VARCHAR(255) NOT NULL, logs TEXT, rolled_back_at TIMESTAMPTZ,
  started_at TIMESTAMPTZ NOT NULL DEFAULT now(), applied_steps_count INTEGER NOT NULL DEFAULT 0)`;

interface Migration {
  name: string;
  sql: string;
  checksum: string;
}

/**
 * Brings the database to the newest migration, and answers the names of those applied. Several processes may start at
 * once: one applies, the others wait for it.
 * Errors: `migration_failed`
 */
export async function migrate(
  databaseUrl: string,
  folder: string = MIGRATIONS_FOLDER,
): Promise<string[]> {
  const migrations = await readMigrations(folder);
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [LOCK_ID]);
    await client.query(HISTORY_TABLE);
    const applied = await readHistory(client);
    const missing = migrations.filter((migration) => !isApplied(migration, applied));
    for (const migration of missing) await apply(client, migration);
    return missing.map(({ name }) => name);
  } finally {
    await client.end(); // ends the session, and so frees the lock
  }
}

async function readMigrations(folder: string): Promise<Migration[]> {
  const names = (await readdir(folder)).filter((name) =>
    existsSync(join(folder, name, 'migration.sql')),
  );
  return Promise.all(
    names.sort().map(async (name) => {
      const sql = await readFile(join(folder, name, 'migration.sql'), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

/** Checksums of the migrations in the database, by name. */
async function readHistory(client: pg.Client): Promise<Map<string, string>> {
  const { rows } = await client.query<{ name: string; checksum: string; finished: boolean }>(
    `SELECT migration_name AS name, checksum, finished_at IS NOT NULL AS finished
     FROM _prisma_migrations WHERE rolled_back_at IS NULL`,
  );
  const stuck = rows.find((row) => !row.finished);
  if (stuck) throw failed(stuck.name, 'failed before; resolve it with `prisma migrate resolve`');
  return new Map(rows.map((row) => [row.name, row.checksum]));
}

function isApplied({ name, checksum }: Migration, applied: Map<string, string>): boolean {
  const before = applied.get(name);
  if (before !== undefined && before !== checksum)
    throw failed(name, 'was edited after it was applied');
  return before !== undefined;
}

/** The row is written first and finished last: a crash between leaves a trace that stops the next run. */
async function apply(client: pg.Client, { name, sql, checksum }: Migration): Promise<void> {
  const id = randomUUID();
  await client.query(
    'INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES ($1, $2, $3)',
    [id, checksum, name],
  );
  try {
    await client.query(sql);
  } catch (cause) {
    await client.query('ROLLBACK');
    const logs = String(cause);
    await client.query('UPDATE _prisma_migrations SET logs = $2 WHERE id = $1', [id, logs]);
    throw failed(name, logs, cause);
  }
  await client.query(
    'UPDATE _prisma_migrations SET finished_at = now(), applied_steps_count = 1 WHERE id = $1',
    [id],
  );
}

function failed(name: string, why: string, cause?: unknown): CatalogError {
  return new CatalogError('migration_failed', `migration ${name}: ${why}`, { name }, { cause });
}
