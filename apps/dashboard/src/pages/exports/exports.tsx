/** All exports. */

import { Link } from 'wouter';
import { type Export, useExports } from '../../api/exports.ts';
import { formatAge } from '../../format/units.ts';
import { Empty, Page, Status } from '../../ui/basics.tsx';
import { CopyButton } from '../../ui/copy.tsx';
import { InfiniteAnswer } from '../../ui/infinite-answer.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import ui from '../../ui/ui.module.css';

const COLUMNS: readonly Column<Export>[] = [
  { title: 'Name', cell: ({ id, name }) => <Link href={`/exports/${id}`}>{name}</Link> },
  { title: 'Status', cell: ({ status }) => <Status of={status} /> },
  {
    title: 'Address',
    cell: ({ uri }) =>
      uri ? (
        <span className={ui.row}>
          <code>{uri}</code> <CopyButton text={uri} />
        </span>
      ) : (
        '–'
      ),
  },
  { title: 'Access', cell: ({ readOnly }) => (readOnly ? 'read-only' : 'read and write') },
  { title: 'Gateway', cell: ({ gatewayId }) => gatewayId },
  { title: 'Since', cell: ({ createdAt }) => formatAge(createdAt) },
];

export function Exports() {
  return (
    <Page title="Exports" about="Images as block devices over NBD">
      <InfiniteAnswer query={useExports()} what="the exports">
        {(exports) =>
          exports.length === 0 ? (
            <Empty title="Nothing is exported">
              <p>
                Open an <Link href="/images">image</Link> and export it: any NBD client can attach
                it then.
              </p>
            </Empty>
          ) : (
            <ExportTable exports={exports} />
          )
        }
      </InfiniteAnswer>
    </Page>
  );
}

export function ExportTable({ exports }: { exports: readonly Export[] }) {
  return <Table caption="Exports" columns={COLUMNS} rows={exports} keyOf={({ id }) => id} />;
}
