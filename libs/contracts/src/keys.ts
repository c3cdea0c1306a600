/** API keys: who may do what, and until when. */

import { z } from 'zod';
import { idField, nameField, pageOf, pageQuerySchema, timeField } from './common.ts';

export const roleField = z
  .enum(['admin', 'operator', 'viewer'])
  .describe('viewer: looks; operator: also changes; admin: also keeps keys and reads the audit');

export const createKeySchema = z
  .strictObject({
    name: nameField,
    role: roleField,
    expiresAt: timeField.optional().describe('Never if left out'),
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
