/** Orderly end of a service on SIGTERM or SIGINT. */

import { SHUTDOWN_TIMEOUT_MS } from './limits.ts';
import type { Logger } from './logging.ts';

/**
 * Runs `stop` once on the first signal, then ends the process: 0 if all went well, 1 on an error or when the time is
 * over. A second signal ends it at once.
 */
export function stopOnSignal(
  stop: () => Promise<void>,
  logger: Logger,
  timeoutMs: number = SHUTDOWN_TIMEOUT_MS,
): void {
  let stopping = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stopping) process.exit(1);
    stopping = true;
    logger.info({ signal }, 'stopping');
    setTimeout(() => {
      logger.error({ timeoutMs }, 'not stopped in time');
      process.exit(1);
    }, timeoutMs).unref();
    stop().then(
      () => process.exit(0),
      (err: unknown) => {
        logger.error({ err }, 'stopping failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}
