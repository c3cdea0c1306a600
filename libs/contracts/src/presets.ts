/** Device presets: a named geometry with a timing model, every field overridable. */

import { z } from 'zod';
import { profileField } from './geometry.ts';

const MIB = 1024 * 1024;

/** Full geometry of a simulated device. Sizes are bytes; a limit of 0 means no limit. */
export const deviceGeometrySchema = z
  .object({
    profile: profileField,
    size: z.int(),
    zoneSize: z.int(),
    zoneCapacity: z.int(),
    conventionalZones: z.int(),
    maxOpenZones: z.int(),
    maxActiveZones: z.int(),
    maxAppendSectors: z.int(),
    logicalBlockSize: z.union([z.literal(512), z.literal(4096)]),
  })
  .meta({ id: 'DeviceGeometry' });
export type DeviceGeometry = z.infer<typeof deviceGeometrySchema>;

export const presetSchema = z
  .object({ name: z.string(), description: z.string(), geometry: deviceGeometrySchema })
  .meta({ id: 'Preset' });
export type Preset = z.infer<typeof presetSchema>;
export const presetPageSchema = z
  .object({ items: z.array(presetSchema), nextCursor: z.null() })
  .meta({ id: 'PresetPage' });

export const presetNameField = z.enum(['ideal']);
export type PresetName = z.infer<typeof presetNameField>;

export const PRESETS: Readonly<Record<PresetName, Preset>> = {
  ideal: {
    name: 'ideal',
    description: 'No delays: for semantics and counting',
    geometry: {
      profile: 'zns',
      size: 64 * 64 * MIB,
      zoneSize: 64 * MIB,
      zoneCapacity: 64 * MIB,
      conventionalZones: 0,
      maxOpenZones: 0,
      maxActiveZones: 0,
      maxAppendSectors: 2048,
      logicalBlockSize: 4096,
    },
  },
};
