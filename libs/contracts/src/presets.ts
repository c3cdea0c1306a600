/** Device presets that an experiment can start from; the simulator holds their numbers. */

import { z } from 'zod';
import { parametersField } from './parameters.ts';

export const presetSchema = z
  .object({
    name: z.string(),
    description: z.string(),
    parameters: parametersField.describe(
      'Of `device`, as JSON Schema (draft 2020-12), with the defaults of this preset; numbers have a `unit`',
    ),
  })
  .meta({ id: 'Preset' });
export type Preset = z.infer<typeof presetSchema>;

export const presetPageSchema = z
  .object({ items: z.array(presetSchema), nextCursor: z.null() })
  .meta({ id: 'PresetPage' });

export const presetNameField = z.enum(['ideal', 'custom', 'zn540', 'femu-default', 'hm-smr']);
export type PresetName = z.infer<typeof presetNameField>;

export const PRESETS: Readonly<Record<PresetName, string>> = {
  ideal: 'No delays: for semantics and counting. A small default geometry, every field overridable',
  zn540: 'A 1 TB TLC SSD with zoned namespaces, checked against published measurements',
  'femu-default': 'The device that FEMU emulates with its default parameters',
  'hm-smr': 'A 15 TB host-managed SMR disk with a SATA interface',
  custom: 'Geometry and timing as given; size and zoneSize are required',
};
