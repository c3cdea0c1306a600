/** One fleet: how its change goes on, and every disk with the reason why it is stuck. */

import { type FormEvent, useState } from 'react';
import { useLocation } from 'wouter';
import {
  type Fleet,
  useDeleteFleet,
  useFleet,
  useFleetDisks,
  useScaleFleet,
} from '../../api/fleets.ts';
import { formatAge, formatBytes, formatCount, formatSeconds } from '../../format/units.ts';
import { Answer } from '../../ui/answer.tsx';
import { Button, Card, Facts, Labels, Page, Progress, Status } from '../../ui/basics.tsx';
import { Confirm, type Question } from '../../ui/dialogs.tsx';
import { TextField } from '../../ui/field.tsx';
import { InfiniteAnswer } from '../../ui/infinite-answer.tsx';
import ui from '../../ui/ui.module.css';
import { DiskTable } from './disk-table.tsx';

export function FleetPage({ id }: { id: string }) {
  const disks = useFleetDisks(id);
  return (
    <Answer query={useFleet(id)} what="the fleet">
      {(fleet) => (
        <Page
          title={fleet.name}
          about={
            <span className={ui.row}>
              <Status of={fleet.status} />
              <Labels of={fleet.labels} />
              <span>created {formatAge(fleet.createdAt)}</span>
            </span>
          }
          actions={<DeleteFleet fleet={fleet} />}
        >
          <Card title="Disks" actions={<Scale fleet={fleet} />}>
            <Facts of={factsOf(fleet)} />
          </Card>
          {fleet.progress < 1 && (
            <Card title="Going on">
              <Progress value={fleet.progress} label="Progress of the change" />
            </Card>
          )}
          <InfiniteAnswer query={disks} what="the disks">
            {(items) => <DiskTable fleetId={id} disks={items} />}
          </InfiniteAnswer>
        </Page>
      )}
    </Answer>
  );
}

function factsOf({
  count,
  disks,
  etaSeconds,
  template,
  generation,
}: Fleet): Record<string, string> {
  const { size, zoneSize } = template as { size?: number | string; zoneSize?: number | string };
  const shown = (bytes: number | string | undefined) =>
    typeof bytes === 'number' ? formatBytes(bytes) : (bytes ?? '–');
  return {
    Wanted: formatCount(count),
    'As wanted': formatCount(disks.settled),
    'On their way': formatCount(disks.pending),
    Failed: formatCount(disks.failed),
    'Time left': etaSeconds === null ? '–' : formatSeconds(etaSeconds),
    'Size of each': shown(size),
    'Zone size': shown(zoneSize),
    Changes: formatCount(generation),
  };
}

function Scale({ fleet }: { fleet: Fleet }) {
  const [count, setCount] = useState(String(fleet.count));
  const scale = useScaleFleet(fleet.id);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    scale.mutate(Number(count));
  };
  return (
    <form className={ui.row} onSubmit={submit}>
      <TextField label="Wanted disks" inputMode="numeric" value={count} onText={setCount} />
      <Button type="submit" disabled={count === String(fleet.count) || scale.isPending}>
        Change
      </Button>
    </form>
  );
}

function DeleteFleet({ fleet }: { fleet: Fleet }) {
  const [, goTo] = useLocation();
  const [question, setQuestion] = useState<Question>();
  const remove = useDeleteFleet(() => goTo('/fleets'));
  const ask = () =>
    setQuestion({
      title: `Delete fleet ${fleet.name}?`,
      about: 'All of its disks go with their data, and their clients are cut off.',
      action: 'Delete fleet',
      danger: true,
      onConfirm: () => remove.mutate(fleet),
    });
  return (
    <>
      <Button
        look="danger"
        disabled={fleet.status === 'deleting' || remove.isPending}
        onClick={ask}
      >
        Delete
      </Button>
      <Confirm of={question} onClose={() => setQuestion(undefined)} />
    </>
  );
}
