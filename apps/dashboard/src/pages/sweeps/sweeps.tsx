/** All sweeps, newest first. */

import { Link } from 'wouter';
import { type Sweep, useSweeps } from '../../api/experiments.ts';
import { formatAge, formatCount } from '../../format/units.ts';
import { Answer } from '../../ui/answer.tsx';
import { buttonClass, Empty, Page, Progress, Status } from '../../ui/basics.tsx';
import { type Column, Table } from '../../ui/table.tsx';

const COLUMNS: readonly Column<Sweep>[] = [
  {
    title: 'Name',
    cell: ({ id, name }) => <Link href={`/sweeps/${id}`}>{name ?? id.slice(0, 8)}</Link>,
  },
  { title: 'Varies', cell: (sweep) => variedPaths(sweep).map(shortPath).join(', ') },
  { title: 'Status', cell: ({ status }) => <Status of={status} /> },
  { title: 'Progress', cell: ({ progress }) => <Progress value={progress} label="Progress" /> },
  { title: 'Experiments', number: true, cell: ({ runs }) => formatCount(runs) },
  { title: 'Queued', cell: ({ createdAt }) => formatAge(createdAt) },
];

/** Paths of the fields that vary, in the order of the definition. */
export function variedPaths({ definition }: Sweep): string[] {
  return Object.keys((definition as { vary?: object }).vary ?? {});
}

/** `workload.phases[0].queueDepth` as `queueDepth`. */
export const shortPath = (path: string): string => path.split('.').at(-1) ?? path;

export function Sweeps() {
  return (
    <Page
      title="Sweeps"
      about="One experiment with some fields varied"
      actions={
        <Link href="/experiments/new" className={buttonClass('primary')}>
          New sweep
        </Link>
      }
    >
      <Answer query={useSweeps()} what="the sweeps">
        {(sweeps) =>
          sweeps.length === 0 ? (
            <Empty title="No sweeps yet">
              <p>Compose an experiment, and vary a field or two of it.</p>
            </Empty>
          ) : (
            <Table
              caption="Sweeps"
              columns={COLUMNS}
              rows={[...sweeps].reverse()}
              keyOf={({ id }) => id}
            />
          )
        }
      </Answer>
    </Page>
  );
}
