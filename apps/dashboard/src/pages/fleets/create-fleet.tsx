/** A new fleet: how many disks, and what each is like. */

import { type FormEvent, useState } from 'react';
import { useLocation } from 'wouter';
import { type CreateFleet, useCreateFleet } from '../../api/fleets.ts';
import { Button, ProblemNotice, Warning } from '../../ui/basics.tsx';
import { Dialog } from '../../ui/dialogs.tsx';
import { SelectField, TextField } from '../../ui/field.tsx';
import ui from '../../ui/ui.module.css';
import {
  type FieldText,
  ImageFields,
  SIZE_HINT,
  ZONE_LIMITS,
  ZONE_SIZES,
} from '../images/image-fields.tsx';
import { type ImageForm, NEW_IMAGE, planImage } from '../images/plan.ts';

const FIELDS: readonly FieldText[] = [
  ['size', 'Size of each', SIZE_HINT],
  ...ZONE_SIZES,
  ...ZONE_LIMITS,
];

export function CreateFleetDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title="New fleet"
      about="Disk 3 of fleet web is the image and the export web-3."
    >
      <CreateFleetForm onClose={onClose} />
    </Dialog>
  );
}

function CreateFleetForm({ onClose }: { onClose: () => void }) {
  const [, goTo] = useLocation();
  const [form, setForm] = useState<ImageForm>({ ...NEW_IMAGE, size: '1G' });
  const [count, setCount] = useState('4');
  const plan = planImage(form);
  const create = useCreateFleet(({ id }) => {
    onClose();
    goTo(`/fleets/${id}`);
  });
  const set = (field: keyof ImageForm) => (text: string) => setForm({ ...form, [field]: text });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const { name, labels, ...template } = plan.body;
    create.mutate({ name, count: Number(count), template, labels } as CreateFleet);
  };
  return (
    <form className={ui.stack} onSubmit={submit}>
      <div className={ui.grid}>
        <TextField
          label="Name"
          hint="letters, digits, dots, hyphens"
          error={plan.errors.name}
          value={form.name}
          onText={set('name')}
        />
        <TextField
          label="Disks"
          hint="how many"
          inputMode="numeric"
          value={count}
          onText={setCount}
        />
        <SelectField
          label="Rules"
          hint="what zones allow"
          value={form.profile}
          options={[
            ['zns', 'ZNS: NVMe zoned namespace'],
            ['zbc', 'ZBC: host-managed SMR'],
          ]}
          onText={set('profile')}
        />
        <ImageFields texts={FIELDS} form={form} errors={plan.errors} set={set} />
      </div>
      <output className={ui.muted}>{plan.summary && `Each: ${plan.summary}`}</output>
      {plan.warnings.map((text) => (
        <Warning key={text}>{text}</Warning>
      ))}
      {create.error && <ProblemNotice error={create.error} />}
      <div className={ui.dialogEnd}>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" look="primary" disabled={!plan.complete || create.isPending}>
          Create fleet
        </Button>
      </div>
    </form>
  );
}
