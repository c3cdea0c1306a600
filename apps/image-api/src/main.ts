/** Starts the API from the environment. */

import 'reflect-metadata';
import { migrate } from '@zonelab/catalog';
import { type Pool, runService } from '@zonelab/platform';
import { createApp } from './app.ts';

await runService('image-api', async (config, logger) => {
  const { databaseUrl, redisUrl, adminKey } = config;
  const applied = await migrate(databaseUrl);
  if (applied.length > 0) logger.info({ applied }, 'migrated');
  const pools = config.pools as [Pool, ...Pool[]];
  const app = await createApp({ databaseUrl, redisUrl, adminKey, pools, logger });
  await app.listen(config.port, config.bind);
  logger.info({ url: await app.getUrl() }, 'listening');
  return () => app.close();
});
