/** One sweep: its runs as a matrix, coloured by a measure. */

import { useState } from 'react';
import { Link } from 'wouter';
import { type Experiment, type Sweep, useExperiments, useSweep } from '../../api/experiments.ts';
import { formatAge, formatLarge, formatNs, formatRate } from '../../format/units.ts';
import { Answer } from '../../ui/answer.tsx';
import { Card, Page, Progress, Status } from '../../ui/basics.tsx';
import { DownloadButton } from '../../ui/download-button.tsx';
import { SelectField } from '../../ui/field.tsx';
import ui from '../../ui/ui.module.css';
import { matrixOf } from './matrix.ts';
import css from './sweep.module.css';
import { shortPath, variedPaths } from './sweeps.tsx';

type Summary = NonNullable<Experiment['summary']>;

const MEASURES: Readonly<
  Record<string, readonly [keyof Summary, string, (value: number | null) => string]>
> = {
  iops: ['iops', 'IOPS', formatLarge],
  read: ['readBytesPerSecond', 'Read', formatRate],
  written: ['writtenBytesPerSecond', 'Written', formatRate],
  p99: ['p99LatencyNs', 'p99 latency', formatNs],
  waf: ['writeAmplification', 'Write amplification', (value) => value?.toFixed(3) ?? '–'],
  time: ['durationNs', 'Simulated time', formatNs],
};

export function SweepPage({ id }: { id: string }) {
  const path = `/v1/sweeps/${id}/report`;
  return (
    <Answer query={useSweep(id)} what="the sweep">
      {(sweep) => (
        <Page
          title={sweep.name ?? 'Sweep'}
          about={
            <span className={ui.row}>
              <Status of={sweep.status} />
              <span>
                {sweep.counts.succeeded ?? 0} of {sweep.runs} experiments done, queued{' '}
                {formatAge(sweep.createdAt)}
              </span>
            </span>
          }
          actions={
            sweep.finishedAt && (
              <>
                <DownloadButton path={path} fileName="sweep.json">
                  JSON
                </DownloadButton>
                <DownloadButton path={`${path}?format=csv`} fileName="sweep.csv">
                  CSV
                </DownloadButton>
                <DownloadButton path={`${path}?format=html`} fileName="sweep.html">
                  HTML
                </DownloadButton>
              </>
            )
          }
        >
          {!sweep.finishedAt && <Progress value={sweep.progress} label="Progress of the sweep" />}
          <MatrixCard sweep={sweep} />
        </Page>
      )}
    </Answer>
  );
}

function MatrixCard({ sweep }: { sweep: Sweep }) {
  const [measure, setMeasure] = useState('iops');
  const query = useExperiments({ sweepId: sweep.id });
  return (
    <Card
      title="Every combination"
      actions={
        <SelectField
          label="Shown"
          value={measure}
          options={Object.entries(MEASURES).map(([key, [, name]]) => [key, name] as const)}
          onText={setMeasure}
        />
      }
    >
      <Answer query={query} what="its experiments">
        {(runs) => <MatrixTable runs={runs} paths={variedPaths(sweep)} measure={measure} />}
      </Answer>
    </Card>
  );
}

interface MatrixTableProps {
  runs: readonly Experiment[];
  paths: readonly string[];
  measure: string;
}

function MatrixTable({ runs, paths, measure }: MatrixTableProps) {
  const { rows, columns, cells } = matrixOf(runs, paths);
  const [field, name, format] =
    MEASURES[measure] ?? (MEASURES.iops as (typeof MEASURES)[string] & {});
  const values = runs.flatMap(({ summary }) => summary?.[field] ?? []);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const [down, ...across] = paths.map(shortPath);
  return (
    <div className={css.frame}>
      <table className={css.matrix}>
        <caption>
          {name} by {down}
          {across.length > 0 && ` (down) and ${across.join(', ')} (across)`}
        </caption>
        <thead>
          <tr>
            <th scope="col">{down}</th>
            {columns.map((column) => (
              <th key={column} scope="col">
                {column || name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, at) => (
            <tr key={row}>
              <th scope="row">{row}</th>
              {columns.map((column, place) => {
                const run = cells[at]?.[place];
                const value = run?.summary?.[field] ?? null;
                return (
                  <td key={column} style={{ '--share': shareOf(value, low, high) } as object}>
                    {run && (
                      <Link href={`/experiments/${run.id}`}>
                        {run.summary ? format(value) : run.status}
                      </Link>
                    )}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Where a value lies between the lowest and the highest, for the cell's tint. */
function shareOf(value: number | null, low: number, high: number): string {
  if (value === null) return '0%';
  return `${Math.round(((value - low) / (high - low || 1)) * 45)}%`;
}
