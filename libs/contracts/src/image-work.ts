/** Work on whole images: checks, conversions, changes of size. */

import { z } from 'zod';
import { labelsField, nameField, timeField } from './common.ts';
import { countField, limitField, SECTOR_BYTES } from './geometry.ts';
import { MAX_CLUSTER_BYTES, MIN_CLUSTER_BYTES } from './limits.ts';
import { sizeField } from './sizes.ts';

export const imageWorkField = z.enum(['check', 'convert', 'resize']);
export type ImageWorkKind = z.infer<typeof imageWorkField>;

const repairField = z
  .enum(['leaks', 'all'])
  .describe('leaks: frees what nothing uses; all: mends whatever can be, at the price of data');

export const checkImageSchema = z
  .strictObject({ repair: repairField.optional().describe('Nothing is changed if left out') })
  .meta({ id: 'CheckImage' });
export type CheckImage = z.infer<typeof checkImageSchema>;

const count = z.int().min(0);
const faultCounts = {
  leaks: count.describe('Clusters that nothing uses'),
  corruptions: count,
  checkErrors: count.describe('Places that could not be checked'),
  zoneFaults: count.describe('Zones that contradict their data'),
};

/** What the last check of an image found, and its repair mended. */
export const imageCheckSchema = z
  .object({
    at: timeField,
    repair: repairField.nullable(),
    ...faultCounts,
    totalClusters: count,
    allocatedClusters: count,
    findings: z.array(z.string()).describe('The first of those that are left'),
    repaired: z.object(faultCounts).nullable().describe('Null for a check without repair'),
  })
  .meta({ id: 'ImageCheck' });
export type ImageCheck = z.infer<typeof imageCheckSchema>;

/** A new image with the content of another, which stands alone. */
export const convertImageSchema = z
  .strictObject({
    name: nameField,
    labels: labelsField.default({}),
    clusterSize: sizeField({
      min: MIN_CLUSTER_BYTES,
      max: MAX_CLUSTER_BYTES,
      powerOfTwo: true,
    }).optional(),
    compression: z
      .enum(['none', 'zlib', 'zstd'])
      .default('none')
      .describe('Of the clusters; a zoned image takes none'),
    zones: z
      .enum(['keep', 'drop'])
      .default('keep')
      .describe('drop: a plain disk with the bytes of a zoned one'),
    maxOpenZones: limitField.optional(),
    maxActiveZones: limitField.optional(),
    maxAppendSectors: countField.optional().describe('In 512-byte sectors; 0: no append'),
  })
  .meta({ id: 'ConvertImage' });
export type ConvertImage = z.infer<typeof convertImageSchema>;

export const resizeImageSchema = z
  .strictObject({
    size: sizeField({ min: SECTOR_BYTES }),
    shrink: z
      .boolean()
      .default(false)
      .describe('Must be true where the new size is smaller: what lies beyond is lost'),
  })
  .meta({ id: 'ResizeImage' });
export type ResizeImage = z.infer<typeof resizeImageSchema>;
