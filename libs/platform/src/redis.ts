/** Redis connections, all made from one URL. */

import { Redis, type RedisOptions } from 'ioredis';

/** What a URL says of a connection, in the words that ioredis and BullMQ share. */
export interface RedisConnection {
  host: string;
  port: number;
  username?: string;
  password?: string;
  db: number;
  tls?: object;
  maxRetriesPerRequest: null;
}

/**
 * Options of a connection that waits for Redis as long as it takes: BullMQ's workers block on commands, and refuse a
 * connection that gives up on one.
 */
export function redisOptions(url: string): RedisConnection {
  const { protocol, hostname, port, username, password, pathname } = new URL(url);
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port || 6379),
    ...(username && { username: decodeURIComponent(username) }),
    ...(password && { password: decodeURIComponent(password) }),
    db: Number(pathname.slice(1) || 0),
    ...(protocol === 'rediss:' && { tls: {} }),
    maxRetriesPerRequest: null,
  };
}

/** A connection of its own for the caller, who closes it with `quit()`. */
export function connectRedis(url: string, overrides: RedisOptions = {}): Redis {
  return new Redis({ ...redisOptions(url), ...overrides });
}
