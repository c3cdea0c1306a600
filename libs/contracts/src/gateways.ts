/** Gateways: the processes that serve images over NBD, as they announce themselves. */

import { z } from 'zod';
import { nameField, timeField } from './common.ts';

/** A gateway beats this often, and is taken for dead after this long without a beat. */
export const GATEWAY_HEARTBEAT_MS = 2_000;
export const GATEWAY_DEAD_AFTER_MS = 10_000;

export const gatewaySchema = z
  .object({
    id: nameField,
    host: z.string(),
    port: z.int().nullable(),
    unixSocket: z.string().nullable(),
    pools: z.array(z.string()),
    alive: z.boolean(),
    heartbeatAt: timeField,
  })
  .meta({ id: 'Gateway' });
export type Gateway = z.infer<typeof gatewaySchema>;

/** Gateways are few: one page holds them all, and its nextCursor is always null. */
export const gatewayPageSchema = z
  .object({ items: z.array(gatewaySchema), nextCursor: z.null() })
  .meta({ id: 'GatewayPage' });
export type GatewayPage = z.infer<typeof gatewayPageSchema>;
