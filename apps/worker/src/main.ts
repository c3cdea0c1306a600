/** The worker as a process: configuration from the environment, an orderly end on SIGTERM. */
import { createLogger, readConfig, stopOnSignal } from '@zonelab/platform';
import { serveHealth } from './health.ts';
import { createWorker } from './worker.module.ts';

const { databaseUrl, redisUrl, pools, bind, port, logLevel } = readConfig();
const logger = createLogger('worker', logLevel);

try {
  const worker = await createWorker({ databaseUrl, redisUrl, pools, logger });
  const health = await serveHealth(worker, bind, port);
  logger.info({ port: health.port }, 'ready');
  stopOnSignal(async () => {
    await health.close();
    await worker.close();
  }, logger);
} catch (err) {
  logger.fatal({ err }, 'not started');
  process.exit(1);
}
