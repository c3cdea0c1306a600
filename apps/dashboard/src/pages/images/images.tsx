/** All images: searched, filtered, and the way to make one. */

import type { components } from '@zonelab/client';
import type { ImageStatus } from '@zonelab/contracts';
import { useState } from 'react';
import { Link } from 'wouter';
import { useImages } from '../../api/images.ts';
import { formatAge, formatBytes, formatCount } from '../../format/units.ts';
import { Button, Empty, Labels, Page, Status } from '../../ui/basics.tsx';
import { SelectField, TextField } from '../../ui/field.tsx';
import { InfiniteAnswer } from '../../ui/infinite-answer.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import ui from '../../ui/ui.module.css';
import { CreateImageDialog } from './create-image.tsx';
import { ImportImageDialog } from './import-image.tsx';

type Image = components['schemas']['Image'];

const COLUMNS: readonly Column<Image>[] = [
  { title: 'Name', cell: ({ id, name }) => <Link href={`/images/${id}`}>{name}</Link> },
  { title: 'Status', cell: ({ status }) => <Status of={status} /> },
  {
    title: 'Rules',
    cell: ({ profile }) => profile?.toUpperCase() ?? <span className={ui.muted}>plain</span>,
  },
  { title: 'Size', number: true, cell: ({ size }) => formatBytes(size) },
  {
    title: 'Zones',
    number: true,
    cell: ({ zoneCount }) => (zoneCount === null ? '–' : formatCount(zoneCount)),
  },
  {
    title: 'Zone size',
    number: true,
    cell: ({ zoneSize }) => (zoneSize === null ? '–' : formatBytes(zoneSize)),
  },
  { title: 'Labels', cell: ({ labels }) => <Labels of={labels} /> },
  { title: 'Created', cell: ({ createdAt }) => formatAge(createdAt) },
];

const STATES: readonly (readonly [string, string])[] = [
  ['', 'any'],
  ...['ready', 'creating', 'busy', 'failed', 'deleting'].map((one) => [one, one] as const),
];

export function Images() {
  const [name, setName] = useState('');
  const [label, setLabel] = useState('');
  const [status, setStatus] = useState('');
  const [dialog, setDialog] = useState<'create' | 'import'>();
  const query = useImages({
    name,
    label: label.includes('=') ? label : undefined,
    status: (status || undefined) as ImageStatus | undefined,
  });
  const filtered = name !== '' || label !== '' || status !== '';
  return (
    <Page
      title="Images"
      about="Zoned and plain disks, as qcow2 files"
      actions={
        <>
          <Button onClick={() => setDialog('import')}>Import</Button>
          <Button look="primary" onClick={() => setDialog('create')}>
            New image
          </Button>
        </>
      }
    >
      <CreateImageDialog open={dialog === 'create'} onClose={() => setDialog(undefined)} />
      <ImportImageDialog open={dialog === 'import'} onClose={() => setDialog(undefined)} />
      <search className={ui.grid}>
        <TextField
          label="Name"
          type="search"
          placeholder="exact name"
          value={name}
          onText={setName}
        />
        <TextField
          label="Label"
          type="search"
          placeholder="key=value"
          value={label}
          onText={setLabel}
        />
        <SelectField label="Status" value={status} options={STATES} onText={setStatus} />
      </search>
      <InfiniteAnswer query={query} what="the images">
        {(images) =>
          images.length === 0 ? (
            <Nothing filtered={filtered} />
          ) : (
            <Table caption="Images" columns={COLUMNS} rows={images} keyOf={({ id }) => id} />
          )
        }
      </InfiniteAnswer>
    </Page>
  );
}

function Nothing({ filtered }: { filtered: boolean }) {
  if (filtered) return <Empty title="No image is like that" />;
  return (
    <Empty title="No images yet">
      <p>An image is a disk: zoned, with the rules of ZNS or ZBC, or plain.</p>
    </Empty>
  );
}
