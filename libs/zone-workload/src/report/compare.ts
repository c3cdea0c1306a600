/** Two or more reports side by side: one row of figures each, and plots that lay them over one another. */

import { csvText } from './csv.ts';
import { heading, renderPage, renderPlots, renderTable } from './html/page.ts';
import { percentileLine, renderPercentiles } from './html/report-page.ts';
import { escapeText, renderBars, renderLines } from './html/svg.ts';
import type { ExperimentReport } from './report.ts';
import { fixed, formatBytes, formatCount, formatNs } from './units.ts';

export interface ComparedRun {
  readonly label: string;
  /** What tells this run from the others: fields by path. Empty where it is not known. */
  readonly values: Readonly<Record<string, unknown>>;
  readonly report: ExperimentReport;
}

export interface Comparison {
  readonly format: 'zonelab-comparison';
  readonly version: 1;
  readonly runs: readonly ComparisonRow[];
}

export interface ComparisonRow {
  readonly label: string;
  readonly values: Readonly<Record<string, unknown>>;
  readonly outcome: ExperimentReport['outcome'];
  readonly durationNs: number;
  readonly iops: number | null;
  readonly readBytesPerSecond: number | null;
  readonly writtenBytesPerSecond: number | null;
  readonly meanLatencyNs: number | null;
  readonly p99LatencyNs: number | null;
  readonly p9999LatencyNs: number | null;
  readonly writeAmplification: number | null;
  readonly writeAmplificationWithPadding: number | null;
  readonly resets: number;
  readonly refusals: number;
}

export function compareReports(runs: readonly ComparedRun[]): Comparison {
  return { format: 'zonelab-comparison', version: 1, runs: runs.map(rowOf) };
}

/** The read, write or append with the most commands stands for the run's latency. */
function mainLatency({ totals }: ExperimentReport) {
  const { read, write, append } = totals.operations;
  const found = [read, write, append]
    .filter((op) => op !== undefined)
    .sort((a, b) => b.accepted - a.accepted);
  return found[0]?.latencyNs ?? null;
}

function rowOf({ label, values, report }: ComparedRun): ComparisonRow {
  const { outcome, totals } = report;
  const latency = mainLatency(report);
  return {
    label,
    values,
    outcome,
    durationNs: totals.durationNs,
    iops: totals.iops,
    readBytesPerSecond: totals.readBytesPerSecond,
    writtenBytesPerSecond: totals.writtenBytesPerSecond,
    meanLatencyNs: latency?.mean ?? null,
    p99LatencyNs: latency?.p99 ?? null,
    p9999LatencyNs: latency?.p9999 ?? null,
    writeAmplification: totals.writeAmplification.withoutPadding,
    writeAmplificationWithPadding: totals.writeAmplification.withPadding,
    resets: totals.operations.reset?.accepted ?? 0,
    refusals: Object.values(totals.refusals).reduce((sum, n) => sum + n, 0),
  };
}

const FIGURES = [
  'durationNs',
  'iops',
  'readBytesPerSecond',
  'writtenBytesPerSecond',
  'meanLatencyNs',
  'p99LatencyNs',
  'p9999LatencyNs',
  'writeAmplification',
  'writeAmplificationWithPadding',
  'resets',
  'refusals',
] as const;

export function comparisonCsv({ runs }: Comparison): string {
  const fields = [...new Set(runs.flatMap(({ values }) => Object.keys(values)))];
  const rows = runs.map((row) => [
    row.label,
    row.outcome,
    ...fields.map((field) => textOf(row.values[field])),
    ...FIGURES.map((figure) => row[figure]),
  ]);
  return csvText([['label', 'outcome', ...fields, ...FIGURES], ...rows]);
}

export function comparisonText({ runs }: Comparison): string {
  const rows = [
    ['run', 'outcome', 'IOPS', 'read', 'written', 'mean', 'p99', 'WAF'],
    ...runs.map(cellsOf),
  ];
  const widths = (rows[0] ?? []).map((_, n) => Math.max(...rows.map((row) => row[n]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, n) => (n === 0 ? cell.padEnd(widths[n] ?? 0) : cell.padStart(widths[n] ?? 0)))
        .join('  '),
    )
    .map((line) => `${line}\n`)
    .join('');
}

function cellsOf(row: ComparisonRow): string[] {
  const optional = (value: number | null, format: (v: number) => string) =>
    value === null ? '-' : format(value);
  const rate = (bytes: number) => `${formatBytes(bytes)}/s`;
  return [
    row.label,
    row.outcome,
    optional(row.iops, formatCount),
    optional(row.readBytesPerSecond, rate),
    optional(row.writtenBytesPerSecond, rate),
    optional(row.meanLatencyNs, formatNs),
    optional(row.p99LatencyNs, formatNs),
    optional(row.writeAmplification, fixed),
  ];
}

export function renderComparison(name: string, runs: readonly ComparedRun[]): string {
  const { runs: rows } = compareReports(runs);
  const lines = runs.flatMap((run) => {
    const latency = mainLatency(run.report);
    return latency ? [percentileLine(run.label, latency)] : [];
  });
  return renderPage(name, [
    `<h1>${escapeText(name)}</h1>`,
    `<p>${rows.length} runs</p>`,
    heading('Figures'),
    renderTable(
      ['run', 'outcome', 'IOPS', 'read', 'written', 'mean', 'p99', 'write amplification'],
      rows.map(cellsOf),
    ),
    heading('Side by side'),
    renderPlots([
      ...overFields(rows),
      renderPercentiles('Latency by percentile, of the main operation', lines),
    ]),
  ]);
}

/** Lines over the field that was varied, where it is one and a number; bars by name else. */
function overFields(rows: readonly ComparisonRow[]): string[] {
  const fields = [...new Set(rows.flatMap(({ values }) => Object.keys(values)))];
  const [field] = fields;
  const numeric =
    fields.length === 1 &&
    field !== undefined &&
    rows.every(({ values }) => typeof values[field] === 'number');
  const plots = [
    ['IOPS', 'iops', formatCount],
    ['Bytes written per second', 'writtenBytesPerSecond', formatBytes],
    ['99th percentile of latency', 'p99LatencyNs', formatNs],
    ['Write amplification', 'writeAmplification', fixed],
  ] as const;
  return plots.map(([title, figure, format]) => {
    const known = rows.filter((row) => (row[figure] ?? 0) > 0);
    if (known.length === 0) return '';
    if (!numeric) {
      return renderBars(
        title,
        known.map((row) => ({ name: row.label, value: row[figure] ?? 0 })),
        format,
      );
    }
    const at = (row: ComparisonRow) => row.values[field] as number;
    const points = known.map((row) => [at(row), row[figure] ?? 0] as const);
    points.sort(([a], [b]) => a - b);
    const [first, last] = [points[0]?.[0] ?? 0, points.at(-1)?.[0] ?? 0];
    const isWide = first > 0 && last / first > 20;
    return renderLines({
      title,
      x: { label: field, format: formatCount, scale: isWide ? 'log' : 'linear' },
      y: { label: title, format, binary: figure === 'writtenBytesPerSecond' },
      lines: [{ name: title, points }],
      dots: true,
    });
  });
}

function textOf(value: unknown): string | null {
  if (value === undefined) return null;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
