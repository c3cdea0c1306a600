/** Fields that several resources share: ids, names, labels, times, and pages of a list. */

import { z } from 'zod';
import {
  DEFAULT_PAGE_ITEMS,
  MAX_LABEL_KEY_LENGTH,
  MAX_LABEL_VALUE_LENGTH,
  MAX_LABELS,
  MAX_NAME_LENGTH,
  MAX_PAGE_ITEMS,
} from './limits.ts';

export const idField = z.uuid().describe('UUID version 7');
export const timeField = z.iso.datetime();

/** Postgres stores no NUL and no half of a surrogate pair. */
export const textField = z
  .string()
  .refine((text) => !/[\0\p{Surrogate}]/u.test(text), 'text without U+0000 and lone surrogates');

/** Starts with a letter or digit; no slash or white space, so that it fits in URIs, paths and shells. */
export const nameField = z
  .string()
  .min(1)
  .max(MAX_NAME_LENGTH)
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]*$/,
    'a letter (a to z, A to Z) or digit, then letters, digits, dots, underscores and hyphens',
  );

export const labelsField = z
  .record(textField.min(1).max(MAX_LABEL_KEY_LENGTH), textField.max(MAX_LABEL_VALUE_LENGTH))
  .refine((labels) => Object.keys(labels).length <= MAX_LABELS, `at most ${MAX_LABELS} labels`);

/** One `key=value`, or several of which all must hold. */
export const labelFilterField = z
  .union([z.string(), z.array(z.string())])
  .transform((given, context): Record<string, string> => {
    const pairs = [given].flat().map((text) => /^([^=]+)=(.*)$/s.exec(text)?.slice(1));
    const labels = labelsField.safeParse(Object.fromEntries(pairs.map((pair) => pair ?? [])));
    if (labels.success && !pairs.includes(undefined)) return labels.data;
    context.addIssue({ code: 'custom', message: 'key=value, with a label that an image can have' });
    return z.NEVER;
  })
  .describe('key=value; given several times, all must hold');

export const idParamsSchema = z.strictObject({ id: idField });
export type IdParams = z.infer<typeof idParamsSchema>;

export const pageQuerySchema = z.strictObject({
  limit: z.coerce.number().int().min(1).max(MAX_PAGE_ITEMS).default(DEFAULT_PAGE_ITEMS),
  cursor: idField.optional().describe('nextCursor of the page before'),
});
export type PageQuery = z.infer<typeof pageQuerySchema>;

/** A page of a list; `nextCursor` is null on the last one. */
export function pageOf<T extends z.ZodType>(item: T, id: string) {
  return z.object({ items: z.array(item), nextCursor: z.string().nullable() }).meta({ id });
}

export interface Page<T> {
  items: T[];
  nextCursor: string | null;
}
