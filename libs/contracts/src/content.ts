/** What an image holds, as a file: out of the pool and into it. */

import { z } from 'zod';
import { labelFilterField, nameField } from './common.ts';
import { SECTOR_BYTES } from './geometry.ts';
import { sizeField } from './sizes.ts';

export const contentQuerySchema = z.strictObject({
  format: z
    .enum(['qcow2', 'raw'])
    .default('qcow2')
    .describe('qcow2: the image as it is; raw: the bytes of the disk, its zones lost'),
});
export type ContentQuery = z.infer<typeof contentQuerySchema>;

export const importQuerySchema = z.strictObject({
  name: nameField,
  format: z.enum(['qcow2', 'raw']).default('qcow2').describe('Of the body, never guessed'),
  size: sizeField({ min: SECTOR_BYTES })
    .optional()
    .describe('Size of the disk; needed for a compressed raw body, whose length does not tell it'),
  label: labelFilterField.optional(),
});
export type ImportQuery = z.infer<typeof importQuerySchema>;
