/** Exports: an image served as an NBD block device by one gateway. */

import { z } from 'zod';
import { idField, nameField, pageOf, pageQuerySchema, timeField } from './common.ts';

/** A field of a certificate's subject or alternative names, and its value. */
const CERTIFICATE_NAME = /^(CN|O|OU|C|ST|L|DC|UID|emailAddress|DNS|URI|IP|EMAIL)=./;

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
  allow: z
    .array(
      z
        .string()
        .regex(CERTIFICATE_NAME, 'FIELD=value, such as CN=alice or DNS=vm1.example')
        .max(512),
    )
    .max(64)
    .optional()
    .describe(
      'Names in client certificates, one of which a client must have; everyone if left out',
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
    createdAt: timeField,
    updatedAt: timeField,
  })
  .meta({ id: 'Export' });
export type Export = z.infer<typeof exportSchema>;

export const exportPageSchema = pageOf(exportSchema, 'ExportPage');
export const listExportsSchema = pageQuerySchema.extend({
  imageId: idField.optional(),
  gatewayId: nameField.optional(),
});
export type ListExports = z.infer<typeof listExportsSchema>;
