/** What a sweep varies: every combination becomes an experiment. */

import { Button, Card } from '../../ui/basics.tsx';
import { SelectField, TextField } from '../../ui/field.tsx';
import ui from '../../ui/ui.module.css';
import type { VaryDraft } from './compose.ts';

interface VaryCardProps {
  vary: readonly VaryDraft[];
  paths: readonly string[];
  onChange: (vary: readonly VaryDraft[]) => void;
}

export function VaryCard({ vary, paths, onChange }: VaryCardProps) {
  const set = (index: number, change: Partial<VaryDraft>) =>
    onChange(vary.map((one, at) => (at === index ? { ...one, ...change } : one)));
  const add = () => onChange([...vary, { path: paths[0] ?? '', values: '' }]);
  return (
    <Card
      title="Vary"
      actions={
        <Button small disabled={vary.length >= 3} onClick={add}>
          Vary a field
        </Button>
      }
    >
      {vary.length === 0 && (
        <p className={ui.muted}>
          Nothing varies: this is one experiment. With values for a field or two it becomes a sweep.
        </p>
      )}
      {vary.map(({ path, values }, index) => (
        <div className={ui.grid} key={index}>
          <SelectField
            label="Field"
            value={path}
            options={paths.map((one) => [one, one] as const)}
            onText={(next) => set(index, { path: next })}
          />
          <TextField
            label="Values"
            hint="separated by commas"
            placeholder="1, 4, 16, 64"
            value={values}
            onText={(next) => set(index, { values: next })}
          />
          <div className={ui.row}>
            <Button
              small
              look="danger"
              onClick={() => onChange(vary.filter((_, at) => at !== index))}
            >
              Do not vary it
            </Button>
          </div>
        </div>
      ))}
    </Card>
  );
}
