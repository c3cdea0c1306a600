/** Snapshots of an image: taken, gone back to, removed. */

import { useQuery } from '@tanstack/react-query';
import { type components, resultOf } from '@zonelab/client';
import { type FormEvent, useState } from 'react';
import { useClient } from '../../api/session.tsx';
import { useAction } from '../../api/use-action.ts';
import { formatAge, formatBytes } from '../../format/units.ts';
import { Answer } from '../../ui/answer.tsx';
import { Button, Card } from '../../ui/basics.tsx';
import { Confirm, type Question } from '../../ui/dialogs.tsx';
import { TextField } from '../../ui/field.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import ui from '../../ui/ui.module.css';

type Snapshot = components['schemas']['Snapshot'];

interface SnapshotsProps {
  id: string;
  /** Its gateway has the file: snapshots wait until the export ends. */
  exported: boolean;
  /** The zones are those of the snapshot now. */
  onApplied?: (() => void) | undefined;
}

export function Snapshots({ exported, ...rest }: SnapshotsProps) {
  if (!exported) return <SnapshotList {...rest} />;
  return (
    <Card title="Snapshots">
      <p className={ui.muted}>
        The image is exported, and its gateway has the file: end the export to see and take
        snapshots.
      </p>
    </Card>
  );
}

function SnapshotList({ id, onApplied }: Omit<SnapshotsProps, 'exported'>) {
  const client = useClient();
  const path = { id };
  const [question, setQuestion] = useState<Question>();
  const query = useQuery({
    queryKey: ['snapshots', id],
    queryFn: ({ signal }) =>
      resultOf(client.GET('/v1/images/{id}/snapshots', { params: { path }, signal })),
  });
  const apply = useAction({
    run: ({ id: snapshot }: Snapshot) =>
      resultOf(
        client.POST('/v1/images/{id}/snapshots/{snapshot}/apply', {
          params: { path: { id, snapshot } },
        }),
      ),
    changes: ['image'],
    said: ({ name }) => `The image is as in ${name}`,
    onDone: onApplied,
  });
  const remove = useAction({
    run: ({ id: snapshot }: Snapshot) =>
      resultOf(
        client.DELETE('/v1/images/{id}/snapshots/{snapshot}', {
          params: { path: { id, snapshot } },
        }),
      ),
    changes: ['snapshots'],
    said: ({ name }) => `Snapshot ${name} is removed`,
  });
  const ask = (one: Snapshot) => ({
    apply: () =>
      setQuestion({
        title: `Go back to ${one.name}?`,
        about: 'What was written since is lost: take another snapshot first to keep it.',
        action: 'Go back',
        danger: true,
        onConfirm: () => apply.mutate(one),
      }),
    remove: () =>
      setQuestion({
        title: `Remove snapshot ${one.name}?`,
        about: 'The image itself stays as it is.',
        action: 'Remove',
        danger: true,
        onConfirm: () => remove.mutate(one),
      }),
  });
  const columns: readonly Column<Snapshot>[] = [
    { title: 'Name', cell: ({ name }) => name },
    { title: 'Size of the disk', number: true, cell: ({ size }) => formatBytes(size) },
    { title: 'Taken', cell: ({ createdAt }) => formatAge(createdAt) },
    {
      title: '',
      cell: (one) => (
        <span className={ui.row}>
          <Button small onClick={ask(one).apply}>
            Go back to it
          </Button>
          <Button small look="danger" onClick={ask(one).remove}>
            Remove
          </Button>
        </span>
      ),
    },
  ];
  return (
    <Card title="Snapshots" actions={<TakeSnapshot id={id} />}>
      <Answer query={query} what="the snapshots">
        {({ items }) =>
          items.length === 0 ? (
            <p className={ui.muted}>None yet. A snapshot keeps data and zones as they are now.</p>
          ) : (
            <Table caption="Snapshots" columns={columns} rows={items} keyOf={(one) => one.id} />
          )
        }
      </Answer>
      <Confirm of={question} onClose={() => setQuestion(undefined)} />
    </Card>
  );
}

function TakeSnapshot({ id }: { id: string }) {
  const client = useClient();
  const [name, setName] = useState('');
  const take = useAction({
    run: () =>
      resultOf(
        client.POST('/v1/images/{id}/snapshots', { params: { path: { id } }, body: { name } }),
      ),
    changes: ['snapshots'],
    said: () => `Snapshot ${name} is taken`,
    onDone: () => setName(''),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    take.mutate(undefined);
  };
  return (
    <form className={ui.row} onSubmit={submit}>
      <TextField label="Name" value={name} onText={setName} />
      <Button type="submit" disabled={name === '' || take.isPending}>
        Take snapshot
      </Button>
    </form>
  );
}
