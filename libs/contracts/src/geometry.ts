/** The geometry fields that images and simulated devices are described by. */

import { z } from 'zod';
import { sizeField } from './sizes.ts';

export const SECTOR_BYTES = 512;

export const profileField = z.enum(['zbc', 'zns']).describe('The rule book: ZBC-2 or NVMe ZNS');
const countField = z.int().min(0).max(0xffff_ffff);
const limitField = countField.describe('0 means no limit');

/** Every field optional; what is left out takes the default of the image format or of the preset. */
export const geometryFields = {
  profile: profileField.optional(),
  zoneSize: sizeField({ min: SECTOR_BYTES }).optional(),
  zoneCapacity: sizeField({ min: SECTOR_BYTES }).optional(),
  conventionalZones: countField.optional(),
  maxOpenZones: limitField.optional(),
  maxActiveZones: limitField.optional(),
  maxAppendSectors: countField
    .describe('Largest append in 512-byte sectors; 0: no append')
    .optional(),
  logicalBlockSize: z.union([z.literal(512), z.literal(4096)]).optional(),
};
