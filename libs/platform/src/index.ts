/** What every service would write again: configuration, logging, Redis, shutdown, and servers to run on. */

export { type Config, LOG_LEVELS, type LogLevel, type Pool, readConfig } from './config.ts';
export { PlatformError, type PlatformErrorCode } from './errors.ts';
export { createLogger, type Logger, nestLogger } from './logging.ts';
export { connectRedis, redisOptions } from './redis.ts';
export {
  type PostgresServer,
  type PostgresServerOptions,
  startPostgres,
} from './servers/postgres.ts';
export type { RunningServer } from './servers/process.ts';
export { type RedisServerOptions, startRedis } from './servers/redis.ts';
export { runService, stopOnSignal } from './service.ts';
export { imageFolder, imagePath, poolFolders, traceFolder } from './storage.ts';
