/** Fault plans: how an image is made to fail the way drives do. docs/faults.md tells what the fields mean. */

import type { FaultPlan as DeviceFaultPlan } from '@zonelab/qcow2-zoned';
import { z } from 'zod';

const integer = z.int().min(0);
const rule = z.strictObject({
  on: z
    .enum([
      ...(['read', 'write', 'append', 'flush', 'reset', 'open', 'close', 'finish'] as const),
      ...(['file-read', 'file-write', 'file-sync'] as const),
    ])
    .describe('The command to the disk, or the access to its file'),
  zone: integer.optional(),
  zones: z.strictObject({ from: integer, count: integer.min(1) }).optional(),
  range: z.strictObject({ offset: integer, length: integer.min(1) }).optional(),
  nth: integer.min(1).optional().describe('Acts on the nth alone'),
  every: integer.min(1).optional().describe('Acts on every kth'),
  probability: z.number().gt(0).max(1).optional(),
  resets: integer.min(1).optional().describe('Acts once a zone was reset so often'),
  spread: integer.max(0xffff_ffff).optional(),
  times: integer.min(1).optional().describe('At most so often'),
  fail: z
    .enum([
      'io_error',
      'no_space',
      'invalid_field',
      'lba_out_of_range',
      'zone_boundary_error',
      'zone_full',
      'zone_read_only',
      'zone_offline',
      'zone_invalid_write',
      'too_many_active_zones',
      'too_many_open_zones',
      'invalid_zone_operation',
      'invalid_zone_transition',
    ])
    .optional(),
  torn: z
    .union([integer, z.literal('random')])
    .optional()
    .describe('Sectors of a write that reach the file before it fails'),
  delayMs: integer.min(1).optional(),
  becomes: z.enum(['read-only', 'offline']).optional().describe('What the zone is afterwards'),
});

/** What fits together is checked by the device's own parser. */
export const faultPlanSchema = z
  .strictObject({
    seed: integer
      .max(0xffff_ffff)
      .optional()
      .describe('Of all that happens by chance; 0 if left out'),
    rules: z.array(rule),
  })
  .meta({ id: 'FaultPlan' }) satisfies z.ZodType<DeviceFaultPlan>;
export type FaultPlan = z.infer<typeof faultPlanSchema>;

/** The plan of an image, and what it has done since the image was opened. */
export const imageFaultsSchema = z
  .object({
    plan: faultPlanSchema.nullable().describe('Null: the image has none'),
    status: z
      .array(
        z.object({
          rule,
          seen: integer.describe('Operations that the rule is meant for'),
          fired: integer.describe('Those on which it acted'),
        }),
      )
      .nullable()
      .describe('Null while nobody has the image open'),
  })
  .meta({ id: 'ImageFaults' });
export type ImageFaults = z.infer<typeof imageFaultsSchema>;
