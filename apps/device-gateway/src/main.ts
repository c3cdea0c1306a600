/** The device gateway as a process of its own, configured by its environment. */

import { createLogger, readConfig, stopOnSignal } from '@zonelab/platform';
import { startGateway } from './gateway.module.ts';

const config = readConfig();
const logger = createLogger('device-gateway', config.logLevel);
const app = await startGateway(config, logger);
stopOnSignal(() => app.close(), logger);
