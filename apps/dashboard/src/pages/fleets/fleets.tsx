/** All fleets. */

import { useState } from 'react';
import { Link } from 'wouter';
import { type Fleet, useFleets } from '../../api/fleets.ts';
import { formatAge, formatCount } from '../../format/units.ts';
import { Answer } from '../../ui/answer.tsx';
import { Button, Empty, Page, Progress, Status } from '../../ui/basics.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { CreateFleetDialog } from './create-fleet.tsx';

const COLUMNS: readonly Column<Fleet>[] = [
  { title: 'Name', cell: ({ id, name }) => <Link href={`/fleets/${id}`}>{name}</Link> },
  { title: 'Status', cell: ({ status }) => <Status of={status} /> },
  { title: 'Wanted', number: true, cell: ({ count }) => formatCount(count) },
  { title: 'As wanted', number: true, cell: ({ disks }) => formatCount(disks.settled) },
  { title: 'On their way', number: true, cell: ({ disks }) => formatCount(disks.pending) },
  { title: 'Failed', number: true, cell: ({ disks }) => formatCount(disks.failed) },
  {
    title: 'Progress',
    cell: ({ progress }) => <Progress value={progress} label="Progress of the change" />,
  },
  { title: 'Created', cell: ({ createdAt }) => formatAge(createdAt) },
];

export function Fleets() {
  const [creating, setCreating] = useState(false);
  return (
    <Page
      title="Fleets"
      about="Disks from one template, each exported, kept as they are wanted"
      actions={
        <Button look="primary" onClick={() => setCreating(true)}>
          New fleet
        </Button>
      }
    >
      <CreateFleetDialog open={creating} onClose={() => setCreating(false)} />
      <Answer query={useFleets()} what="the fleets">
        {(fleets) =>
          fleets.length === 0 ? (
            <Empty title="No fleets yet">
              <p>
                A fleet makes as many disks as wanted, exports each, and says which one is stuck.
              </p>
            </Empty>
          ) : (
            <Table caption="Fleets" columns={COLUMNS} rows={fleets} keyOf={({ id }) => id} />
          )
        }
      </Answer>
    </Page>
  );
}
