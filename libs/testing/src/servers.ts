/** A real Postgres and a real Redis for one test file, with a fresh database and key space for whoever asks. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres, startRedis } from '@zonelab/platform';

export interface TestServers {
  /**
   * URL of a new database, empty or as `prepare` leaves it: mostly the catalog's `migrate`, which is not imported here
   * so that the catalog's own tests can use this library.
   */
  createDatabase(prepare?: (databaseUrl: string) => Promise<unknown>): Promise<string>;
  /** URL of a Redis database that nobody else uses; there are 256 of them. */
  createRedis(): string;
  /** Ends both servers and deletes their data. */
  stop(): Promise<void>;
}

const REDIS_DATABASES = 256;

/** Starts both. Nothing is written durably: a test's data end with it. */
export async function startTestServers(): Promise<TestServers> {
  const folder = await mkdtemp(join(tmpdir(), 'zonelab-test-'));
  const [postgres, redis] = await Promise.all([
    startPostgres({ dataDir: join(folder, 'postgres'), durable: false }),
    startRedis({ dataDir: join(folder, 'redis'), durable: false, databases: REDIS_DATABASES }),
  ]);
  let databases = 0;
  let keySpaces = 0;
  return {
    createDatabase: async (prepare) => {
      const url = await postgres.createDatabase(`test_${databases++}`);
      await prepare?.(url);
      return url;
    },
    createRedis: () => {
      if (keySpaces === REDIS_DATABASES) throw new Error(`Redis has ${REDIS_DATABASES} databases`);
      return `${redis.url}/${keySpaces++}`;
    },
    stop: async () => {
      await Promise.all([postgres.stop(), redis.stop()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
