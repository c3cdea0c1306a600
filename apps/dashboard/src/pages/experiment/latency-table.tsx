/** Latency percentiles of each kind of command: numbers, and where they lie on one scale. */

import type { Operation } from '../../api/report.ts';
import { formatBytes, formatCount, formatNs } from '../../format/units.ts';
import { type Column, Table } from '../../ui/table.tsx';
import css from './report.module.css';

type Row = Operation & { readonly name: string };

const PERCENTILES = [
  ['mean', 'mean'],
  ['p50', 'p50'],
  ['p90', 'p90'],
  ['p99', 'p99'],
  ['p999', 'p99.9'],
  ['p9999', 'p99.99'],
  ['max', 'max'],
] as const;

export function LatencyTable({ operations }: { operations: Readonly<Record<string, Operation>> }) {
  const rows: Row[] = Object.entries(operations).map(([name, one]) => ({ name, ...one }));
  const all = rows.flatMap(({ latencyNs }) => (latencyNs ? [latencyNs] : []));
  const scale = {
    low: Math.min(...all.map(({ min }) => Math.max(1, min))),
    high: Math.max(...all.map(({ max }) => Math.max(2, max))),
  };
  const columns: readonly Column<Row>[] = [
    { title: 'Command', cell: ({ name }) => name },
    { title: 'Accepted', number: true, cell: ({ accepted }) => formatCount(accepted) },
    { title: 'Refused', number: true, cell: ({ refused }) => formatCount(refused) },
    { title: 'Bytes', number: true, cell: ({ bytes }) => (bytes === 0 ? '–' : formatBytes(bytes)) },
    ...PERCENTILES.map(([field, title]) => ({
      title,
      number: true,
      cell: ({ latencyNs }: Row) => formatNs(latencyNs?.[field] ?? null),
    })),
    { title: 'min to max', cell: (row) => <Spread row={row} scale={scale} /> },
  ];
  return (
    <Table caption="Latency by command" columns={columns} rows={rows} keyOf={({ name }) => name} />
  );
}

const WIDTH = 100;

/** On a logarithmic scale: a line from min to max, a box from p50 to p99. */
function Spread({ row, scale }: { row: Row; scale: { low: number; high: number } }) {
  const { latencyNs, name } = row;
  if (!latencyNs) return null;
  const span = Math.log(scale.high / scale.low) || 1;
  const at = (ns: number) =>
    (Math.log(Math.max(scale.low, ns) / scale.low) / span) * (WIDTH - 4) + 2;
  const { min, p50, p99, max } = latencyNs;
  return (
    <svg className={css.spread} viewBox={`0 0 ${WIDTH} 18`} aria-hidden="true">
      <title>{`${name}, from ${formatNs(min)} to ${formatNs(max)}`}</title>
      <line
        x1={at(min)}
        x2={at(max)}
        y1="9"
        y2="9"
        stroke="var(--border-strong)"
        strokeWidth="1.5"
      />
      <rect
        x={at(p50)}
        width={Math.max(2, at(p99) - at(p50))}
        y="4"
        height="10"
        rx="2"
        fill="var(--accent)"
      />
    </svg>
  );
}
