/** What happened since the page is open, newest first. */

import type { LabEvent } from '@zonelab/contracts';
import { useEffect, useState } from 'react';
import { Link } from 'wouter';
import { useLive } from '../../api/live.tsx';
import { formatAge } from '../../format/units.ts';
import { Card } from '../../ui/basics.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import ui from '../../ui/ui.module.css';

const SHOWN = 100;

const COLUMNS: readonly Column<LabEvent>[] = [
  { title: 'When', cell: ({ at }) => formatAge(at) },
  { title: 'What', cell: ({ type }) => <code>{type}</code> },
  { title: 'Of', cell: Subject },
  { title: 'More', cell: ({ data }) => <code>{shortly(data)}</code> },
];

export function Events() {
  const { listen, recent } = useLive();
  const [events, setEvents] = useState(recent);
  useEffect(() => {
    let frame = 0;
    const stop = listen(() => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(() => setEvents(recent()));
    });
    return () => {
      stop();
      cancelAnimationFrame(frame);
    };
  }, [listen, recent]);
  if (events.length === 0) {
    return (
      <Card title="Events">
        <p className={ui.muted}>Nothing has happened since this page was opened.</p>
      </Card>
    );
  }
  return (
    <>
      <h2>Events</h2>
      <Table
        caption="Events"
        columns={COLUMNS}
        rows={events.slice(0, SHOWN)}
        keyOf={({ id }) => id}
      />
    </>
  );
}

function Subject({ resource, resourceId, data, type }: LabEvent) {
  const name = typeof data.name === 'string' ? data.name : resourceId.slice(0, 8);
  if (type.endsWith('.deleted')) return name;
  return <Link href={`/${resource}s/${resourceId}`}>{name}</Link>;
}

/** The data of an event in a line. */
function shortly(data: LabEvent['data']): string {
  return Object.entries(data)
    .filter(([key, value]) => key !== 'name' && value !== null && typeof value !== 'object')
    .map(([key, value]) => `${key} ${value}`)
    .join(', ');
}
