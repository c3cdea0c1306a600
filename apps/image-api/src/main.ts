/** Starts the API from the environment. */

import 'reflect-metadata';
import { migrate } from '@zonelab/catalog';
import { type Pool, runService } from '@zonelab/platform';
import { createApp } from './app.ts';
import { builtDashboard } from './dashboard/dashboard.ts';

await runService('image-api', async (config, logger) => {
  const { databaseUrl, redisUrl, adminKey, keepReportsDays } = config;
  const applied = await migrate(databaseUrl);
  if (applied.length > 0) logger.info({ applied }, 'migrated');
  const pools = config.pools as [Pool, ...Pool[]];
  const dashboard = builtDashboard();
  if (!dashboard) logger.warn('the dashboard is not built: it is not served');
  const app = await createApp({
    ...{ databaseUrl, redisUrl, adminKey, keepReportsDays },
    ...{ pools, logger, dashboard },
  });
  await app.listen(config.port, config.bind);
  logger.info({ url: await app.getUrl() }, 'listening');
  return () => app.close();
});
