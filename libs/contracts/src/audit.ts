/** The audit: every request that could change something, and what came of it. */

import { z } from 'zod';
import { idField, pageOf, pageQuerySchema, timeField } from './common.ts';
import { roleField } from './keys.ts';

export const auditEntrySchema = z
  .object({
    id: idField,
    at: timeField,
    keyId: idField,
    keyName: z.string(),
    role: roleField,
    method: z.string(),
    path: z.string(),
    status: z.int().describe('The HTTP status that was answered'),
    code: z.string().nullable().describe('The code of the problem, where it was refused'),
  })
  .meta({ id: 'AuditEntry' });
export type AuditEntry = z.infer<typeof auditEntrySchema>;

/** Newest first. */
export const auditPageSchema = pageOf(auditEntrySchema, 'AuditPage');
export const listAuditSchema = pageQuerySchema.extend({ keyId: idField.optional() });
export type ListAudit = z.infer<typeof listAuditSchema>;
