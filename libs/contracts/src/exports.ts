/** Exports: an image served as an NBD block device by one gateway. */

import { z } from 'zod';
import { idField, nameField, pageOf, pageQuerySchema, timeField } from './common.ts';
import { MAX_EXPORT_IOPS, MAX_REORDER_BYTES, MIN_EXPORT_BYTES_PER_SECOND } from './limits.ts';

/** A field of a certificate's subject or alternative names, or the name of a shared key, and its value. */
const CLIENT_NAME = /^(CN|O|OU|C|ST|L|DC|UID|emailAddress|DNS|URI|IP|EMAIL|PSK)=./;

/** What an export may take from its gateway; what is left out is not limited. */
export const exportRatesSchema = z.strictObject({
  iops: z.int().min(1).max(MAX_EXPORT_IOPS).optional().describe('Requests a second'),
  bytesPerSecond: z.int().min(MIN_EXPORT_BYTES_PER_SECOND).optional().describe('Read and written'),
});
export type ExportRates = z.infer<typeof exportRatesSchema>;

/** How NBD commands that know no zones act on sequential zones. */
export const exportOptionsSchema = z.strictObject({
  zeroes: z
    .enum(['write', 'reset'])
    .default('write')
    .describe('reset: the WRITE_ZEROES pieces that QEMU makes of one zone reset act as that reset'),
  trim: z
    .enum(['reset', 'ignore'])
    .default('reset')
    .describe('reset: a TRIM resets the zones that it covers wholly'),
  limits: z.enum(['on', 'off']).default('on').describe('Whether open and active limits hold'),
  reorder: z
    .int()
    .min(0)
    .max(MAX_REORDER_BYTES)
    .optional()
    .describe('Bytes of writes ahead of a write pointer that wait for those before them; 0: none'),
  rates: exportRatesSchema.optional(),
  allow: z
    .array(
      z.string().regex(CLIENT_NAME, 'FIELD=value, such as CN=alice or DNS=vm1.example').max(512),
    )
    .max(64)
    .optional()
    .describe(
      'Names in client certificates or PSK=name of a shared key, one of which a client must have; everyone if left out',
    ),
});
export type ExportOptions = z.infer<typeof exportOptionsSchema>;

export const exportStatusField = z.enum(['attaching', 'active', 'detaching', 'failed']);
export type ExportStatus = z.infer<typeof exportStatusField>;

export const createExportSchema = z
  .strictObject({
    imageId: idField,
    name: nameField.optional().describe('NBD export name; the name of the image if left out'),
    readOnly: z.boolean().default(false),
    gatewayId: nameField.optional().describe('Any live gateway that reaches the pool if left out'),
    options: exportOptionsSchema.prefault({}),
  })
  .meta({ id: 'CreateExport' });
export type CreateExport = z.infer<typeof createExportSchema>;

/** What can change while clients are connected. */
export const updateExportSchema = z
  .strictObject({
    readOnly: z.boolean().optional(),
    rates: exportRatesSchema.optional().describe('Replaces the rates; {} lifts them'),
  })
  .meta({ id: 'UpdateExport' });
export type UpdateExport = z.infer<typeof updateExportSchema>;

/** What gateways saw of an export's clients, some seconds ago. */
export const clientStatsSchema = z.object({
  connections: z.int().describe('Now'),
  readBytes: z.int(),
  writtenBytes: z.int(),
  firstSeenAt: timeField.nullable(),
  lastSeenAt: timeField.nullable(),
});

export const exportSchema = z
  .object({
    id: idField,
    imageId: idField,
    gatewayId: z.string(),
    name: z.string(),
    readOnly: z.boolean(),
    options: exportOptionsSchema,
    status: exportStatusField,
    uri: z.string().nullable().describe('nbd://host:port/name, once active'),
    error: z.string().nullable(),
    stats: clientStatsSchema.describe('What was seen of its clients, some seconds ago'),
    createdAt: timeField,
    updatedAt: timeField,
  })
  .meta({ id: 'Export' });
export type Export = z.infer<typeof exportSchema>;

const total = z.int().min(0);

/** Counters since the export began on its gateway: two readings make a rate. */
export const exportStatsSchema = z
  .object({
    at: timeField.describe('When the gateway read them'),
    connections: total.describe('Clients connected now'),
    inFlight: total.describe('Requests not answered yet'),
    requests: total.describe('Answered'),
    errors: total.describe('Of them refused or failed'),
    readBytes: total,
    writtenBytes: total,
    latencyBounds: z.array(z.number()).describe('Upper bounds of the buckets, in seconds'),
    latencies: z
      .record(
        z.enum(['read', 'write', 'flush', 'other']),
        z.object({
          buckets: z.array(total).describe('Requests in each bucket, not cumulated'),
          total: total.describe('Also of those slower than the last bound'),
          sumSeconds: z.number(),
        }),
      )
      .describe('Of requests that succeeded, from taking one up to having its answer'),
  })
  .meta({ id: 'ExportStats' });
export type ExportStats = z.infer<typeof exportStatsSchema>;

export const exportPageSchema = pageOf(exportSchema, 'ExportPage');
export const listExportsSchema = pageQuerySchema.extend({
  imageId: idField.optional(),
  gatewayId: nameField.optional(),
});
export type ListExports = z.infer<typeof listExportsSchema>;
