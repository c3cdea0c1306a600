/** Several reports side by side. */

import { useComparison } from '../../api/experiments.ts';
import type { ComparedRun } from '../../api/report.ts';
import { formatCount, formatLarge, formatNs, formatRate } from '../../format/units.ts';
import { Answer } from '../../ui/answer.tsx';
import { Card, Page } from '../../ui/basics.tsx';
import { DownloadButton } from '../../ui/download-button.tsx';
import plot from '../../ui/plot.module.css';
import { type Column, Table } from '../../ui/table.tsx';
import { Bars } from '../experiment/bars.tsx';

const COLUMNS: readonly Column<ComparedRun>[] = [
  { title: 'Run', cell: ({ label }) => label },
  { title: 'Outcome', cell: ({ outcome }) => outcome },
  { title: 'Simulated time', number: true, cell: ({ durationNs }) => formatNs(durationNs) },
  { title: 'IOPS', number: true, cell: ({ iops }) => formatLarge(iops) },
  { title: 'Read', number: true, cell: ({ readBytesPerSecond }) => formatRate(readBytesPerSecond) },
  {
    title: 'Written',
    number: true,
    cell: ({ writtenBytesPerSecond }) => formatRate(writtenBytesPerSecond),
  },
  { title: 'Mean', number: true, cell: ({ meanLatencyNs }) => formatNs(meanLatencyNs) },
  { title: 'p99', number: true, cell: ({ p99LatencyNs }) => formatNs(p99LatencyNs) },
  { title: 'p99.99', number: true, cell: ({ p9999LatencyNs }) => formatNs(p9999LatencyNs) },
  {
    title: 'WAF',
    number: true,
    cell: ({ writeAmplification }) => writeAmplification?.toFixed(3) ?? '–',
  },
  { title: 'Resets', number: true, cell: ({ resets }) => formatCount(resets) },
  { title: 'Refused', number: true, cell: ({ refusals }) => formatCount(refusals) },
];

const MEASURES: readonly {
  readonly title: string;
  readonly of: (run: ComparedRun) => number | null;
  readonly format: (value: number | null) => string;
}[] = [
  { title: 'IOPS', of: ({ iops }) => iops, format: formatLarge },
  { title: 'p99 latency', of: ({ p99LatencyNs }) => p99LatencyNs, format: formatNs },
  {
    title: 'Written',
    of: ({ writtenBytesPerSecond }) => writtenBytesPerSecond,
    format: formatRate,
  },
];

export function Compare({ ids }: { ids: readonly string[] }) {
  const path = `/v1/experiments/compare?ids=${ids.join(',')}`;
  return (
    <Page
      title="Comparison"
      about={`${ids.length} experiments side by side`}
      actions={
        <>
          <DownloadButton path={path} fileName="comparison.json">
            JSON
          </DownloadButton>
          <DownloadButton path={`${path}&format=csv`} fileName="comparison.csv">
            CSV
          </DownloadButton>
          <DownloadButton path={`${path}&format=html`} fileName="comparison.html">
            HTML
          </DownloadButton>
        </>
      }
    >
      <Answer query={useComparison(ids)} what="the comparison">
        {({ runs }) => (
          <>
            <Table
              caption="Comparison"
              columns={COLUMNS}
              rows={runs}
              keyOf={({ label }) => label}
            />
            <div className={plot.plots}>
              {MEASURES.map(({ title, of, format }) => (
                <Card key={title} title={title}>
                  <Bars
                    of={runs.map((run) => ({
                      name: run.label,
                      share: of(run) ?? 0,
                      text: format(of(run)),
                    }))}
                  />
                </Card>
              ))}
            </div>
          </>
        )}
      </Answer>
    </Page>
  );
}
