/** What the lab consists of, and what happens in it. */

import { type Gateway, type Queue, useGateways, useQueues } from '../../api/system.ts';
import { formatAge, formatCount, formatSeconds } from '../../format/units.ts';
import { Answer } from '../../ui/answer.tsx';
import { Empty, Page, Status } from '../../ui/basics.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { Events } from './events.tsx';

const GATEWAYS: readonly Column<Gateway>[] = [
  { title: 'Gateway', cell: ({ id }) => id },
  { title: 'Status', cell: ({ alive }) => <Status of={alive ? 'alive' : 'dead'} /> },
  { title: 'Heartbeat', cell: ({ heartbeatAt }) => formatAge(heartbeatAt) },
  {
    title: 'Serves at',
    cell: ({ host, port }) => <code>{port === null ? host : `${host}:${port}`}</code>,
  },
  { title: 'Socket', cell: ({ unixSocket }) => (unixSocket ? <code>{unixSocket}</code> : '–') },
  { title: 'Pools', cell: ({ pools }) => pools.join(', ') },
];

const QUEUES: readonly Column<Queue>[] = [
  { title: 'Queue', cell: ({ name }) => name },
  { title: 'Waiting', number: true, cell: ({ waiting }) => formatCount(waiting) },
  { title: 'Being worked on', number: true, cell: ({ active }) => formatCount(active) },
  { title: 'Tried again later', number: true, cell: ({ delayed }) => formatCount(delayed) },
  { title: 'Failed', number: true, cell: ({ failed }) => formatCount(failed) },
  { title: 'Workers', cell: WorkersCell },
];

export function System() {
  return (
    <Page title="System" about="Gateways, workers, queues, and what happens">
      <h2>Gateways</h2>
      <Answer query={useGateways()} what="the gateways">
        {(gateways) =>
          gateways.length === 0 ? (
            <Empty title="No gateway has announced itself">
              <p>Without one, nothing can be exported.</p>
            </Empty>
          ) : (
            <Table caption="Gateways" columns={GATEWAYS} rows={gateways} keyOf={({ id }) => id} />
          )
        }
      </Answer>
      <h2>Queues and their workers</h2>
      <Answer query={useQueues()} what="the queues">
        {(queues) => (
          <Table caption="Queues" columns={QUEUES} rows={queues} keyOf={({ name }) => name} />
        )}
      </Answer>
      <Events />
    </Page>
  );
}

function WorkersCell({ workers, active, waiting }: Queue) {
  if (workers.length === 0) return <Status of={waiting + active > 0 ? 'failed' : 'none'} />;
  const youngest = Math.min(...workers.map(({ idleSeconds }) => idleSeconds));
  const oldest = Math.max(...workers.map(({ connectedSeconds }) => connectedSeconds));
  return (
    <span title={workers.map(({ address }) => address).join(', ')}>
      {formatCount(workers.length)}, up {formatSeconds(oldest)}, heard from{' '}
      {formatSeconds(youngest)} ago
    </span>
  );
}
