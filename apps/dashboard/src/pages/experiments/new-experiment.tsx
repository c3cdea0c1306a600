/** A new experiment: a device, what is done to it, and what varies. */

import { type FormEvent, useState } from 'react';
import { useLocation } from 'wouter';
import { type Choice, useChoices, useQueueExperiment } from '../../api/experiments.ts';
import { Answer } from '../../ui/answer.tsx';
import { Button, Card, Page, ProblemNotice } from '../../ui/basics.tsx';
import { CodeBlock } from '../../ui/copy.tsx';
import { SelectField, TextField } from '../../ui/field.tsx';
import { fieldsOf } from '../../ui/schema-form/schema.ts';
import { SchemaFields } from '../../ui/schema-form/schema-fields.tsx';
import ui from '../../ui/ui.module.css';
import {
  type Draft,
  experimentOf,
  NEW_DRAFT,
  type PhaseDraft,
  sweepOf,
  varyPaths,
} from './compose.ts';
import { PhaseCard } from './phase-card.tsx';
import { VaryCard } from './vary-card.tsx';

export function NewExperiment() {
  return (
    <Page
      title="New experiment"
      about="The same device, workload and seed give the same report, byte for byte"
    >
      <Answer query={useChoices()} what="presets and workloads">
        {(choices) => <Composer {...choices} />}
      </Answer>
    </Page>
  );
}

interface Choices {
  presets: readonly Choice[];
  workloads: readonly Choice[];
}

function Composer({ presets, workloads }: Choices) {
  const [draft, setDraft] = useState(NEW_DRAFT);
  const [, goTo] = useLocation();
  const { one, sweep } = useQueueExperiment(goTo);
  const change = (part: Partial<Draft>) => setDraft({ ...draft, ...part });
  const experiment = experimentOf(draft, presets, workloads);
  const sweeps = draft.vary.length > 0;
  const body = sweeps ? sweepOf(experiment, draft.vary) : experiment;
  const problem = sweeps ? sweep.error : one.error;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (sweeps) sweep.mutate(sweepOf(experiment, draft.vary));
    else one.mutate(experiment);
  };
  return (
    <form className={ui.stack} onSubmit={submit}>
      <DeviceCard draft={draft} presets={presets} onChange={change} />
      <Phases draft={draft} workloads={workloads} onChange={change} />
      <VaryCard
        vary={draft.vary}
        paths={varyPaths(draft, workloads)}
        onChange={(vary) => change({ vary })}
      />
      <details>
        <summary>As JSON</summary>
        <CodeBlock label="What is sent" text={JSON.stringify(body, null, 2)} />
      </details>
      {problem && <ProblemNotice error={problem} />}
      <div className={ui.row}>
        <Button type="submit" look="primary" disabled={one.isPending || sweep.isPending}>
          {sweeps ? 'Queue the sweep' : 'Queue the experiment'}
        </Button>
      </div>
    </form>
  );
}

interface PartProps {
  draft: Draft;
  onChange: (part: Partial<Draft>) => void;
}

function DeviceCard({ draft, presets, onChange }: PartProps & { presets: readonly Choice[] }) {
  const preset = presets.find(({ name }) => name === draft.preset);
  const onTyped = (path: string, text: string) =>
    onChange({ device: { ...draft.device, [path]: text } });
  return (
    <Card title="Device">
      <div className={ui.stack}>
        <div className={ui.grid}>
          <TextField
            label="Name"
            hint="of the experiment"
            value={draft.name}
            onText={(name) => onChange({ name })}
          />
          <SelectField
            label="Preset"
            hint={preset?.description}
            value={draft.preset}
            options={presets.map(({ name }) => [name, name] as const)}
            onText={(next) => onChange({ preset: next, device: {} })}
          />
          <TextField
            label="Seed"
            hint="of all that is drawn"
            inputMode="numeric"
            value={draft.seed}
            onText={(seed) => onChange({ seed })}
          />
        </div>
        <SchemaFields
          fields={fieldsOf(preset?.parameters ?? {})}
          typed={draft.device}
          onTyped={onTyped}
        />
      </div>
    </Card>
  );
}

function Phases({ draft, workloads, onChange }: PartProps & { workloads: readonly Choice[] }) {
  const { phases } = draft;
  const add = () => {
    const key = Math.max(...phases.map((phase) => phase.key)) + 1;
    onChange({
      phases: [...phases, { key, kind: 'random-read', typed: { operations: '100000' } }],
    });
  };
  const replace = (index: number) => (phase: PhaseDraft) =>
    onChange({ phases: phases.map((old, at) => (at === index ? phase : old)) });
  return (
    <>
      {phases.map((phase, index) => (
        <PhaseCard
          key={phase.key}
          number={index + 1}
          phase={phase}
          workloads={workloads}
          onChange={replace(index)}
          onRemove={
            phases.length > 1
              ? () => onChange({ phases: phases.filter((_, at) => at !== index) })
              : undefined
          }
        />
      ))}
      <div>
        <Button onClick={add}>Add a phase</Button>
      </div>
    </>
  );
}
