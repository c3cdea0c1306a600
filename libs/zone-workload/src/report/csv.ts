/** A report's tables as comma-separated values (RFC 4180). Times are simulated nanoseconds, sizes bytes. */
import type { ExperimentReport } from './report.ts';

/** A CSV file by what it holds. */
export type CsvFiles = Readonly<Record<'series' | 'operations' | 'zones', string>>;

export function renderCsv(report: ExperimentReport): CsvFiles {
  return { series: seriesCsv(report), operations: operationsCsv(report), zones: zonesCsv(report) };
}

export function csvText(rows: readonly (readonly (string | number | null)[])[]): string {
  const cell = (value: string | number | null) => {
    const text = value === null ? '' : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return rows.map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}

function seriesCsv({ series }: ExperimentReport): string {
  const { pointNs, ...columns } = series;
  const names = Object.keys(columns) as (keyof typeof columns)[];
  const rows = series.reads.map((_, n) => [
    n * pointNs,
    ...names.map((name) => columns[name][n] ?? null),
  ]);
  return csvText([['timeNs', ...names], ...rows]);
}

const LATENCIES = ['min', 'mean', 'p50', 'p90', 'p99', 'p999', 'p9999', 'max'] as const;

function operationsCsv({ phases, totals }: ExperimentReport): string {
  const head = ['phase', 'operation', 'accepted', 'refused', 'bytes'];
  const all = [
    ...phases.map(({ name, operations }) => ({ name, operations })),
    { name: 'total', operations: totals.operations },
  ];
  const rows = all.flatMap(({ name, operations }) =>
    Object.entries(operations).map(([operation, { accepted, refused, bytes, latencyNs }]) => [
      name,
      operation,
      accepted,
      refused,
      bytes,
      ...LATENCIES.map((key) => latencyNs?.[key] ?? null),
    ]),
  );
  return csvText([[...head, ...LATENCIES.map((key) => `${key}Ns`)], ...rows]);
}

function zonesCsv({ zones }: ExperimentReport): string {
  const head = [
    'index',
    'condition',
    'writePointer',
    'resets',
    'finishes',
    'writtenBytes',
  ] as const;
  return csvText([head, ...zones.map((zone) => head.map((key) => zone[key]))]);
}
