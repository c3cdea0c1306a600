/** Zones of an image: reports and management. All positions and sizes are bytes. */

import type { Zone as DeviceZone } from '@zonelab/qcow2-zoned';
import { z } from 'zod';
import { idField } from './common.ts';
import { DEFAULT_REPORT_ZONES, MAX_REPORT_ZONES } from './limits.ts';

export const zoneConditionField = z.enum([
  'not-wp',
  'empty',
  'implicit-open',
  'explicit-open',
  'closed',
  'read-only',
  'full',
  'offline',
]);

export const zoneActionField = z.enum(['open', 'close', 'finish', 'reset', 'offline']);
export type ZoneAction = z.infer<typeof zoneActionField>;

export const zoneSchema = z
  .object({
    index: z.int(),
    type: z.enum(['conventional', 'sequential']),
    condition: zoneConditionField,
    start: z.int(),
    size: z.int(),
    capacity: z.int(),
    writePointer: z.int().describe('Absolute; start + size where the zone is full'),
    resetCount: z.int(),
  })
  .meta({ id: 'Zone' }) satisfies z.ZodType<DeviceZone>;
export type Zone = z.infer<typeof zoneSchema>;

export const zoneReportQuerySchema = z.strictObject({
  from: z.coerce.number().int().min(0).default(0).describe('Index of the first zone'),
  count: z.coerce
    .number()
    .int()
    .min(1)
    .max(MAX_REPORT_ZONES)
    .default(DEFAULT_REPORT_ZONES)
    .describe('Most zones to answer'),
  state: zoneConditionField.optional(),
});
export type ZoneReportQuery = z.infer<typeof zoneReportQuerySchema>;

/** What the stream of an image's zones tells: zones as they are now, or that all of them are to be read again. */
export type ZoneStreamEvent =
  | { type: 'zones'; data: { items: Zone[] } }
  | { type: 'reset'; data: Record<string, never> };

export const zoneReportSchema = z
  .object({
    items: z.array(zoneSchema),
    nextCursor: z.string().nullable().describe('The next `from`; null when no zone is left'),
  })
  .meta({ id: 'ZoneReport' });
export type ZoneReport = z.infer<typeof zoneReportSchema>;

/** As the API itself writes it: `0x1`, `1e0` and `-0` are numbers too, but whoever sends them means something else. */
const indexField = z.preprocess((given, context) => {
  if (typeof given === 'string' && /^\d+$/.test(given)) return Number(given);
  context.addIssue({ code: 'custom', message: 'a whole number in decimal digits' });
  return z.NEVER;
}, z.int().min(0));

export const zoneParamsSchema = z.strictObject({
  id: idField,
  index: indexField,
  action: zoneActionField,
});
export type ZoneParams = z.infer<typeof zoneParamsSchema>;
