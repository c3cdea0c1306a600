/** Fields of a new image that are typed: the same for one image and for each disk of a fleet. */

import { TextField } from '../../ui/field.tsx';
import type { ImageForm, Plan } from './plan.ts';

/** A field, its label, and what to type. */
export type FieldText = readonly [keyof ImageForm, string, string];

export const SIZE_HINT = 'bytes, or 512M, 1.5G, 2T';

export const ZONE_SIZES: readonly FieldText[] = [
  ['zoneSize', 'Zone size', SIZE_HINT],
  ['zoneCapacity', 'Zone capacity', 'the zone size if left out'],
];
export const ZONE_LIMITS: readonly FieldText[] = [
  ['maxOpenZones', 'Open zones', 'no limit if left out'],
  ['maxActiveZones', 'Active zones', 'no limit if left out'],
];

export function ImageFields(props: {
  texts: readonly FieldText[];
  form: ImageForm;
  errors: Plan['errors'];
  set: (field: keyof ImageForm) => (text: string) => void;
}) {
  const { texts, form, errors, set } = props;
  return texts.map(([name, label, hint]) => (
    <TextField
      key={name}
      label={label}
      hint={hint}
      error={errors[name]}
      value={form[name]}
      onText={set(name)}
    />
  ));
}
