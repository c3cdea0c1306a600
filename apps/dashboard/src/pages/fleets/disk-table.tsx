/** The disks of a fleet: those that are stuck first in words, all with their clients and zones. */

import { useState } from 'react';
import { Link } from 'wouter';
import { type FleetDisk, useReplaceDisk } from '../../api/fleets.ts';
import { formatBytes, formatCount } from '../../format/units.ts';
import { Button, Status } from '../../ui/basics.tsx';
import { Confirm, type Question } from '../../ui/dialogs.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import ui from '../../ui/ui.module.css';
import { CONDITIONS, LOOKS } from '../../zonemap/conditions.ts';
import css from './fleets.module.css';

interface DiskTableProps {
  fleetId: string;
  disks: readonly FleetDisk[];
}

export function DiskTable({ fleetId, disks }: DiskTableProps) {
  const [question, setQuestion] = useState<Question>();
  const replace = useReplaceDisk(fleetId);
  const ask = ({ disk, name }: FleetDisk) =>
    setQuestion({
      title: `Make ${name} anew?`,
      about: 'Its image goes with its data, and another takes its place and its name.',
      action: 'Replace disk',
      danger: true,
      onConfirm: () => replace.mutate(disk),
    });
  const columns: readonly Column<FleetDisk>[] = [
    { title: 'Disk', cell: NameCell },
    { title: 'State', cell: StateCell },
    {
      title: 'Clients',
      number: true,
      cell: ({ machine }) => (machine ? formatCount(machine.connections) : '–'),
    },
    {
      title: 'Read',
      number: true,
      cell: ({ machine }) => (machine ? formatBytes(machine.readBytes) : '–'),
    },
    {
      title: 'Written',
      number: true,
      cell: ({ machine }) => (machine ? formatBytes(machine.writtenBytes) : '–'),
    },
    { title: 'Zones', cell: ({ zones }) => (zones ? <ZoneBar zones={zones} /> : '–') },
    {
      title: 'Gateway',
      cell: ({ gatewayId, exportId }) => <GatewayCell id={gatewayId} exportId={exportId} />,
    },
    {
      title: '',
      cell: (disk) => (
        <Button small onClick={() => ask(disk)}>
          Replace
        </Button>
      ),
    },
  ];
  return (
    <>
      <Table caption="Disks" columns={columns} rows={disks} keyOf={({ disk }) => String(disk)} />
      <Confirm of={question} onClose={() => setQuestion(undefined)} />
    </>
  );
}

function NameCell({ name, imageId }: FleetDisk) {
  return imageId ? <Link href={`/images/${imageId}`}>{name}</Link> : name;
}

function GatewayCell({ id, exportId }: { id: string | null; exportId: string | null }) {
  if (!exportId) return '–';
  return <Link href={`/exports/${exportId}`}>{id ?? 'export'}</Link>;
}

function StateCell({ settled, desired, actual, reason, attempts }: FleetDisk) {
  const state = reason
    ? 'failed'
    : settled
      ? 'ready'
      : desired === 'absent'
        ? 'deleting'
        : 'creating';
  return (
    <div>
      <Status of={state} /> <span className={ui.muted}>{actual}</span>
      {reason && (
        <div className={css.reason}>
          {reason} ({formatCount(attempts)} {attempts === 1 ? 'attempt' : 'attempts'})
        </div>
      )}
    </div>
  );
}

/** Zones by condition, as parts of a bar. */
function ZoneBar({ zones }: { zones: Readonly<Record<string, number>> }) {
  const whole = Object.values(zones).reduce((sum, count) => sum + count, 0) || 1;
  const parts = CONDITIONS.filter((condition) => zones[condition]);
  const text = parts.map((condition) => `${zones[condition]} ${LOOKS[condition].name}`).join(', ');
  return (
    <div className={css.zones} role="img" aria-label={text} title={text}>
      {parts.map((condition) => (
        <i
          key={condition}
          style={{
            width: `${((zones[condition] ?? 0) / whole) * 100}%`,
            background: LOOKS[condition].colour,
            opacity: condition === 'empty' ? 0.3 : 1,
          }}
        />
      ))}
    </div>
  );
}
