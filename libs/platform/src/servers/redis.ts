/** A Redis server for the embedded lab and for tests. */

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PlatformError } from '../errors.ts';
import { SERVER_START_TIMEOUT_MS } from '../limits.ts';
import {
  findProgram,
  keptPassword,
  onFreePort,
  type RunningServer,
  startProcess,
} from './process.ts';

export interface RedisServerOptions {
  /** Folder of the server alone; made if it is not there. Data and password stay in it between starts. */
  dataDir: string;
  /** The redis-server program; the one on PATH if left out. */
  program?: string;
  /** Whether every write is on disk within a second; off for tests. Default true. */
  durable?: boolean;
  /** Key spaces; Redis's own default is 16. */
  databases?: number;
  timeoutMs?: number;
}

/**
 * Starts redis-server on 127.0.0.1, on a free port, with a password of its own. It never evicts: a queue that lost keys
 * would lose jobs.
 * @throws PlatformError `server_not_found`, `server_start_failed`
 */
export async function startRedis(options: RedisServerOptions): Promise<RunningServer> {
  const { dataDir, durable = true, databases = 16, timeoutMs = SERVER_START_TIMEOUT_MS } = options;
  const program = options.program ?? findProgram('redis-server');
  if (!program) {
    throw new PlatformError('server_not_found', 'redis-server: not on PATH; install redis-server');
  }
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const password = await keptPassword(join(dataDir, 'password'));
  return onFreePort(async (port) => {
    const config = [
      'bind 127.0.0.1',
      `port ${port}`,
      `dir ${JSON.stringify(dataDir)}`,
      `requirepass ${password}`,
      'maxmemory-policy noeviction',
      'save ""',
      `databases ${databases}`,
      `appendonly ${durable ? 'yes' : 'no'}`,
      'daemonize no',
    ];
    const { child, exited, stop } = await startProcess({
      program,
      args: ['-'],
      input: config.join('\n'),
      ready: 'Ready to accept connections',
      portTaken: /Address already in use/,
      timeoutMs,
      stopSignal: 'SIGTERM',
    });
    const url = `redis://:${password}@127.0.0.1:${port}`;
    return { url, port, pid: child.pid as number, exited, stop };
  });
}
