/** Redis as BullMQ's types want it: they do not know that ioredis takes a `retryStrategy` of null, which is not used. */
import { redisOptions } from '@zonelab/platform';
import type { ConnectionOptions } from 'bullmq';

export function queueConnection(redisUrl: string): ConnectionOptions {
  const { retryStrategy: _, ...options } = redisOptions(redisUrl);
  return options;
}
