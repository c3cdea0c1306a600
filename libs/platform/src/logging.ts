/** Logging: one JSON line per event on standard error, and the face of it that Nest wants. */

import { type DestinationStream, destination, type Logger, pino } from 'pino';
import type { LogLevel } from './config.ts';

export type { Logger } from 'pino';

const STANDARD_ERROR = 2;

/** Written synchronously, so that the last line before a crash is not lost. */
export function createLogger(
  name: string,
  level: LogLevel = 'info',
  stream: DestinationStream = destination({ dest: STANDARD_ERROR, sync: true }),
): Logger {
  return pino({ name, level, base: { name, pid: process.pid } }, stream);
}

/** Nest's LoggerService over `logger`; the last parameter that Nest passes is the context. */
export function nestLogger(logger: Logger) {
  const at =
    (level: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace') =>
    (message: unknown, ...rest: unknown[]): void => {
      const context = rest.at(-1);
      const stack = rest.length > 1 ? rest[0] : undefined;
      const err = message instanceof Error ? message : undefined;
      logger[level]({ context, stack, err }, err ? err.message : String(message));
    };
  return {
    fatal: at('fatal'),
    error: at('error'),
    warn: at('warn'),
    log: at('info'),
    debug: at('debug'),
    verbose: at('trace'),
  };
}
