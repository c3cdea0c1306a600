/** API keys: who may do what, and until when. */

import { z } from 'zod';
import { idField, nameField, pageOf, pageQuerySchema, timeField } from './common.ts';

export const roleField = z
  .enum(['admin', 'operator', 'viewer'])
  .describe('viewer: looks; operator: also changes; admin: also keeps keys and reads the audit');

const quotaCount = z.int().min(0);

/** What the holder of a key may have at a time, and ask for in a minute. What is left out is not limited. */
export const quotaSchema = z
  .strictObject({
    images: quotaCount.max(0x7fff_ffff).optional().describe('Images that the key made'),
    bytes: quotaCount.optional().describe('Their sizes together, written or not'),
    exports: quotaCount.max(0x7fff_ffff).optional().describe('Exports that the key made'),
    requestsPerMinute: z.int().min(1).max(0x7fff_ffff).optional(),
  })
  .meta({ id: 'Quota' });
export type Quota = z.infer<typeof quotaSchema>;

export const createKeySchema = z
  .strictObject({
    name: nameField,
    role: roleField,
    expiresAt: timeField.optional().describe('Never if left out'),
    quota: quotaSchema.optional(),
  })
  .meta({ id: 'CreateKey' });
export type CreateKey = z.infer<typeof createKeySchema>;

const keyFields = {
  id: idField,
  name: z.string(),
  role: roleField,
  createdAt: timeField,
  expiresAt: timeField.nullable(),
  revokedAt: timeField.nullable(),
  lastUsedAt: timeField.nullable().describe('To the minute'),
  quota: quotaSchema,
};

export const keySchema = z.object(keyFields).meta({ id: 'Key' });
export type Key = z.infer<typeof keySchema>;

/** The only answer that ever holds the key itself. */
export const createdKeySchema = z
  .object({ ...keyFields, key: z.string().describe('Shown once, and stored nowhere') })
  .meta({ id: 'CreatedKey' });
export type CreatedKey = z.infer<typeof createdKeySchema>;

export const keyPageSchema = pageOf(keySchema, 'KeyPage');
export const listKeysSchema = pageQuerySchema;
