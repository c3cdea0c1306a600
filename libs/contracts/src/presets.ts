/** Device presets that an experiment can start from; the simulator holds their numbers. */

import { z } from 'zod';

export const presetSchema = z
  .object({ name: z.string(), description: z.string() })
  .meta({ id: 'Preset' });
export type Preset = z.infer<typeof presetSchema>;

export const presetPageSchema = z
  .object({ items: z.array(presetSchema), nextCursor: z.null() })
  .meta({ id: 'PresetPage' });

export const presetNameField = z.enum(['ideal', 'custom']);
export type PresetName = z.infer<typeof presetNameField>;

export const PRESETS: Readonly<Record<PresetName, string>> = {
  ideal: 'No delays: for semantics and counting. A small default geometry, every field overridable',
  custom: 'Geometry and timing as given; size and zoneSize are required',
};
