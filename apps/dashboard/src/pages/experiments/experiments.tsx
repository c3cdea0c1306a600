/** All experiments, newest first, and the way to compare some. */

import { useState } from 'react';
import { Link, useLocation } from 'wouter';
import { type Experiment, useCancelExperiment, useExperiments } from '../../api/experiments.ts';
import { formatAge, formatLarge, formatNs, formatRate } from '../../format/units.ts';
import { Answer } from '../../ui/answer.tsx';
import { Button, buttonClass, Empty, Page, Status } from '../../ui/basics.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { ExperimentProgress } from './progress.tsx';

/** The API compares no more at once. */
const MOST_COMPARED = 16;

export function Experiments() {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [, goTo] = useLocation();
  const toggle = (id: string) => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    setChosen(next);
  };
  return (
    <Page
      title="Experiments"
      about="Workloads on simulated zoned devices"
      actions={
        <>
          <Button
            disabled={chosen.size < 2 || chosen.size > MOST_COMPARED}
            onClick={() => goTo(`/compare/${[...chosen].join(',')}`)}
          >
            Compare {chosen.size > 0 && chosen.size}
          </Button>
          <Link href="/experiments/new" className={buttonClass('primary')}>
            New experiment
          </Link>
        </>
      }
    >
      <Answer query={useExperiments()} what="the experiments">
        {(experiments) =>
          experiments.length === 0 ? (
            <Empty title="No experiments yet">
              <p>Choose a device and what is done to it: a worker runs it in simulated time.</p>
            </Empty>
          ) : (
            <ExperimentTable experiments={experiments} chosen={chosen} onToggle={toggle} />
          )
        }
      </Answer>
    </Page>
  );
}

interface ExperimentTableProps {
  experiments: readonly Experiment[];
  chosen: ReadonlySet<string>;
  onToggle: (id: string) => void;
}

export function titleOf({ name, sweepLabel, definition, id }: Experiment): string {
  const { workload } = definition as { workload?: { phases?: { kind: string }[] } };
  const kinds = workload?.phases?.map(({ kind }) => kind).join(', ');
  return name ?? sweepLabel ?? kinds ?? id.slice(0, 8);
}

export const presetOf = ({ definition }: Experiment): string =>
  (definition as { device?: { preset?: string } }).device?.preset ?? '–';

function ExperimentTable({ experiments, chosen, onToggle }: ExperimentTableProps) {
  const columns: readonly Column<Experiment>[] = [
    {
      title: 'Compare',
      cell: (one) => (
        <input
          type="checkbox"
          aria-label={`Compare ${titleOf(one)}`}
          disabled={one.status !== 'succeeded'}
          checked={chosen.has(one.id)}
          onChange={() => onToggle(one.id)}
        />
      ),
    },
    { title: 'Name', cell: (one) => <Link href={`/experiments/${one.id}`}>{titleOf(one)}</Link> },
    { title: 'Device', cell: presetOf },
    { title: 'Status', cell: (one) => <StatusCell of={one} /> },
    { title: 'IOPS', number: true, cell: ({ summary }) => formatLarge(summary?.iops ?? null) },
    {
      title: 'Read',
      number: true,
      cell: ({ summary }) => formatRate(summary?.readBytesPerSecond ?? null),
    },
    {
      title: 'Written',
      number: true,
      cell: ({ summary }) => formatRate(summary?.writtenBytesPerSecond ?? null),
    },
    { title: 'p99', number: true, cell: ({ summary }) => formatNs(summary?.p99LatencyNs ?? null) },
    {
      title: 'WAF',
      number: true,
      cell: ({ summary }) => summary?.writeAmplification?.toFixed(2) ?? '–',
    },
    { title: 'Queued', cell: ({ createdAt }) => formatAge(createdAt) },
  ];
  const newestFirst = [...experiments].reverse();
  return (
    <Table caption="Experiments" columns={columns} rows={newestFirst} keyOf={({ id }) => id} />
  );
}

function StatusCell({ of }: { of: Experiment }) {
  const cancel = useCancelExperiment();
  if (of.status !== 'queued' && of.status !== 'running') return <Status of={of.status} />;
  return (
    <>
      <ExperimentProgress of={of} />
      <Button small look="quiet" onClick={() => cancel.mutate(of)}>
        Cancel
      </Button>
    </>
  );
}
