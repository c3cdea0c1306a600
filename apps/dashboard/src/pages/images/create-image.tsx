/** A new image: what it will be is told while it is typed. */

import { resultOf } from '@zonelab/client';
import type { CreateImage } from '@zonelab/contracts';
import { type FormEvent, useState } from 'react';
import { useLocation } from 'wouter';
import { useClient } from '../../api/session.tsx';
import { useAction } from '../../api/use-action.ts';
import { Button, ProblemNotice, Warning } from '../../ui/basics.tsx';
import { Dialog } from '../../ui/dialogs.tsx';
import { SelectField } from '../../ui/field.tsx';
import ui from '../../ui/ui.module.css';
import {
  type FieldText,
  ImageFields,
  SIZE_HINT,
  ZONE_LIMITS,
  ZONE_SIZES,
} from './image-fields.tsx';
import { type ImageForm, NEW_IMAGE, planImage } from './plan.ts';

const PLAIN: readonly FieldText[] = [
  ['name', 'Name', 'letters, digits, dots, hyphens'],
  ['size', 'Size', SIZE_HINT],
  ['labels', 'Labels', 'key=value, separated by commas'],
];
const ZONED: readonly FieldText[] = [
  ...ZONE_SIZES,
  ['conventionalZones', 'Conventional zones', 'at the start; ZBC only'],
  ...ZONE_LIMITS,
  ['maxAppendSectors', 'Largest append', '512-byte sectors; none if left out'],
];

export function CreateImageDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title="New image"
      about="A disk, as a qcow2 file in the pool."
    >
      <CreateImageForm onClose={onClose} />
    </Dialog>
  );
}

function CreateImageForm({ onClose }: { onClose: () => void }) {
  const client = useClient();
  const [, goTo] = useLocation();
  const [form, setForm] = useState(NEW_IMAGE);
  const plan = planImage(form);
  const create = useAction({
    run: (body: CreateImage) => resultOf(client.POST('/v1/images', { body })),
    changes: ['image'],
    said: ({ name }) => `Image ${name} is made`,
    onDone: ({ id }) => {
      onClose();
      goTo(`/images/${id}`);
    },
    ownProblems: true,
  });
  const set = (field: keyof ImageForm) => (text: string) => setForm({ ...form, [field]: text });
  const typed = { form, errors: plan.errors, set };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (plan.complete) create.mutate(plan.body);
  };
  return (
    <form className={ui.stack} onSubmit={submit}>
      <div className={ui.grid}>
        <ImageFields texts={PLAIN} {...typed} />
        <SelectField
          label="Rules"
          hint="what zones allow"
          value={form.profile}
          options={[
            ['zns', 'ZNS: NVMe zoned namespace'],
            ['zbc', 'ZBC: host-managed SMR'],
            ['', 'none: a plain disk'],
          ]}
          onText={set('profile')}
        />
        {form.profile !== '' && <ImageFields texts={ZONED} {...typed} />}
      </div>
      <output className={ui.muted}>{plan.summary}</output>
      {plan.warnings.map((text) => (
        <Warning key={text}>{text}</Warning>
      ))}
      {create.error && <ProblemNotice error={create.error} />}
      <div className={ui.dialogEnd}>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" look="primary" disabled={!plan.complete || create.isPending}>
          {create.isPending ? 'Making…' : 'Create image'}
        </Button>
      </div>
    </form>
  );
}
