/** A service as a process: started from the environment, ended in order by SIGTERM or SIGINT. */

import { type Config, readConfig } from './config.ts';
import { PlatformError } from './errors.ts';
import { SHUTDOWN_TIMEOUT_MS } from './limits.ts';
import { createLogger, type Logger } from './logging.ts';

const FAILED = 1;
const WRONG_USAGE = 2;

/**
 * Reads the configuration, starts the service, and stops it on the first signal. Exit codes: 0 stopped as asked, 1
 * failed, 2 a wrong environment, which is told in one line.
 * @param start answers how to stop
 */
export async function runService(
  name: string,
  start: (config: Config, logger: Logger) => Promise<() => Promise<void>>,
): Promise<void> {
  const config = readConfigOrExit(name);
  const logger = createLogger(name, config.logLevel);
  try {
    stopOnSignal(await start(config, logger), logger);
  } catch (err) {
    logger.fatal({ err }, 'not started');
    process.exit(FAILED);
  }
}

function readConfigOrExit(name: string): Config {
  try {
    return readConfig();
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error;
    console.error(`${name}: ${error.message}`);
    process.exit(WRONG_USAGE);
  }
}

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
    if (stopping) process.exit(FAILED);
    stopping = true;
    logger.info({ signal }, 'stopping');
    setTimeout(() => {
      logger.error({ timeoutMs }, 'not stopped in time');
      process.exit(FAILED);
    }, timeoutMs).unref();
    stop().then(
      () => process.exit(0),
      (err: unknown) => {
        logger.error({ err }, 'stopping failed');
        process.exit(FAILED);
      },
    );
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}
