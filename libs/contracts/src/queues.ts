/** Queues as they are now: what waits, what is worked on, and by whom. */

import { z } from 'zod';

const jobs = z.int().min(0);

export const queueSchema = z
  .object({
    name: z.string().describe('experiments, fleets, pool.<name>, or gateway.<id>'),
    waiting: jobs.describe('Jobs that a worker could take'),
    delayed: jobs.describe('Jobs that are tried again later'),
    active: jobs.describe('Jobs being worked on'),
    failed: jobs.describe('Jobs that failed, as far as they are kept'),
    workers: z.array(
      z.object({
        address: z.string().describe('Of its connection to Redis'),
        connectedSeconds: z.int(),
        idleSeconds: z.int().describe('Since it last spoke to Redis'),
      }),
    ),
  })
  .meta({ id: 'Queue' });
export type QueueState = z.infer<typeof queueSchema>;

/** Queues are few: one page holds them all. */
export const queuePageSchema = z
  .object({ items: z.array(queueSchema), nextCursor: z.null() })
  .meta({ id: 'QueuePage' });
