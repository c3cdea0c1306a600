/** Geometry fields that images and simulated devices have in common. */

import { z } from 'zod';

export const SECTOR_BYTES = 512;

export const profileField = z.enum(['zbc', 'zns']).describe('The rule book: ZBC-2 or NVMe ZNS');
export const countField = z.int().min(0).max(0xffff_ffff);
export const limitField = countField.describe('0: no limit');
export const logicalBlockSizeField = z.literal([512, 4096]);
