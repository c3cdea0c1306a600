/** Starts the API from the environment. */

import { migrate } from '@zonelab/catalog';
import { createLogger, type Pool, readConfig, stopOnSignal } from '@zonelab/platform';
import { createApp } from './app.ts';

const config = readConfig();
const logger = createLogger('image-api', config.logLevel);
const { databaseUrl, redisUrl, adminKey } = config;
const applied = await migrate(databaseUrl);
if (applied.length > 0) logger.info({ applied }, 'migrated');
const pools = config.pools as [Pool, ...Pool[]];
const app = await createApp({ databaseUrl, redisUrl, adminKey, pools, logger });
stopOnSignal(() => app.close(), logger);
await app.listen(config.port, config.bind);
logger.info({ url: await app.getUrl() }, 'listening');
