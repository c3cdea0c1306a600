/** One phase of a workload: its kind, its amount and its size at first sight, the rest below. */

import type { Choice } from '../../api/experiments.ts';
import { Button, Card } from '../../ui/basics.tsx';
import { SelectField } from '../../ui/field.tsx';
import { fieldsOf } from '../../ui/schema-form/schema.ts';
import { SchemaFields } from '../../ui/schema-form/schema-fields.tsx';
import ui from '../../ui/ui.module.css';
import type { PhaseDraft } from './compose.ts';

/** What nearly every phase is told; `readShare`, `trace` and `format` some kinds cannot do without. */
const FIRST = ['operations', 'bytes', 'seconds', 'blockSize', 'queueDepth', 'jobs'];

interface PhaseCardProps {
  number: number;
  phase: PhaseDraft;
  workloads: readonly Choice[];
  onChange: (phase: PhaseDraft) => void;
  onRemove: (() => void) | undefined;
}

export function PhaseCard({ number, phase, workloads, onChange, onRemove }: PhaseCardProps) {
  const choice = workloads.find(({ name }) => name === phase.kind);
  const fields = fieldsOf(choice?.parameters ?? {});
  const isFirst = ({ name, required }: (typeof fields)[number]) => required || FIRST.includes(name);
  const onTyped = (path: string, text: string) =>
    onChange({ ...phase, typed: { ...phase.typed, [path]: text } });
  const shared = { typed: phase.typed, onTyped };
  return (
    <Card
      title={`Phase ${number}`}
      actions={
        onRemove && (
          <Button small look="danger" onClick={onRemove}>
            Remove phase {number}
          </Button>
        )
      }
    >
      <div className={ui.stack}>
        <SelectField
          label="Kind"
          hint={choice?.description}
          value={phase.kind}
          options={workloads.map(({ name }) => [name, name] as const)}
          onText={(kind) => onChange({ ...phase, kind })}
        />
        <SchemaFields fields={fields.filter(isFirst)} {...shared} />
        <details>
          <summary>More of this phase</summary>
          <SchemaFields fields={fields.filter((field) => !isFirst(field))} {...shared} />
        </details>
      </div>
    </Card>
  );
}
