/** Traces: files of requests that were recorded once, kept by the lab and played by experiments. */

import { z } from 'zod';
import { idField, nameField, pageOf, pageQuerySchema, timeField } from './common.ts';

export const traceFormatField = z
  .enum(['fio-iolog', 'blkparse', 'msr', 'alibaba', 'tencent', 'systor17'])
  .describe('What the lines of the trace are');
export type TraceFormat = z.infer<typeof traceFormatField>;

export const traceHashField = z
  .string()
  .regex(/^[\da-f]{64}$/, '64 hexadecimal digits')
  .describe('SHA-256 of the file as it was uploaded');

export const uploadTraceSchema = z.strictObject({
  name: nameField.describe('What experiments call it'),
  format: traceFormatField,
});
export type UploadTrace = z.infer<typeof uploadTraceSchema>;

export const traceSchema = z
  .object({
    id: idField,
    name: z.string(),
    format: traceFormatField,
    size: z.int().min(0).describe('Bytes of the file, compressed or not, as it was uploaded'),
    sha256: traceHashField,
    createdAt: timeField,
  })
  .meta({ id: 'Trace' });
export type Trace = z.infer<typeof traceSchema>;

export const tracePageSchema = pageOf(traceSchema, 'TracePage');
export const listTracesSchema = pageQuerySchema.extend({ name: nameField.optional() });
export type ListTraces = z.infer<typeof listTracesSchema>;
