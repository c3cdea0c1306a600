/** Snapshots inside an image: its data and its zones as they were. */

import { z } from 'zod';
import { idField, nameField, timeField } from './common.ts';

export const createSnapshotSchema = z
  .strictObject({ name: nameField })
  .meta({ id: 'CreateSnapshot' });
export type CreateSnapshot = z.infer<typeof createSnapshotSchema>;

export const snapshotSchema = z
  .object({
    id: z.string().describe('Of the image; a small number as text'),
    name: z.string(),
    createdAt: timeField,
    size: z.int().describe('Size of the disk then, in bytes'),
  })
  .meta({ id: 'Snapshot' });
export type ImageSnapshot = z.infer<typeof snapshotSchema>;

/** All in one page, in the order of the image's own table. */
export const snapshotPageSchema = z
  .object({ items: z.array(snapshotSchema), nextCursor: z.null() })
  .meta({ id: 'SnapshotPage' });
export type SnapshotPage = z.infer<typeof snapshotPageSchema>;

/** A snapshot is named by its name or its id. */
export const snapshotParamsSchema = z.strictObject({ id: idField, snapshot: z.string().min(1) });
export type SnapshotParams = z.infer<typeof snapshotParamsSchema>;
