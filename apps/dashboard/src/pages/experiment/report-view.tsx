/** A report: what it came to, latencies, what happened over time, and what became of the zones. */

import { useReport } from '../../api/experiments.ts';
import type { Measurements, Report } from '../../api/report.ts';
import {
  formatBytes,
  formatCount,
  formatLarge,
  formatNs,
  formatPercent,
  formatRate,
} from '../../format/units.ts';
import { Answer } from '../../ui/answer.tsx';
import { Card, Facts, Warning } from '../../ui/basics.tsx';
import { inWords } from '../../ui/schema-form/schema-fields.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import ui from '../../ui/ui.module.css';
import { Bars } from './bars.tsx';
import { LatencyTable } from './latency-table.tsx';
import { ReportZones } from './report-zones.tsx';
import { SeriesPlots } from './series-plots.tsx';

export function ReportView({ id }: { id: string }) {
  return (
    <Answer query={useReport(id)} what="the report">
      {(report) => (
        <>
          {report.outcome === 'stalled' && (
            <Warning>
              It stalled: a phase gave up, since no command of it could succeed any more.
            </Warning>
          )}
          <Card title="In all">
            <Facts of={factsOf(report.totals)} />
          </Card>
          <Card title="Latency">
            <LatencyTable operations={report.totals.operations} />
          </Card>
          <Card title="Over simulated time">
            <SeriesPlots series={report.series} />
          </Card>
          {report.phases.length > 1 && <Phases phases={report.phases} />}
          <ReportZones report={report} />
          <Breakdown report={report} />
        </>
      )}
    </Answer>
  );
}

function factsOf(totals: Measurements): Record<string, string> {
  const { withoutPadding, withPadding, hostBytes, paddedBytes } = totals.writeAmplification;
  const { peakOpenZones, peakActiveZones } = totals.limits;
  const refused = Object.values(totals.refusals).reduce((sum, count) => sum + count, 0);
  return {
    'Simulated time': formatNs(totals.durationNs),
    IOPS: formatLarge(totals.iops),
    Read: formatRate(totals.readBytesPerSecond),
    Written: formatRate(totals.writtenBytesPerSecond),
    'Write amplification': withoutPadding?.toFixed(3) ?? '–',
    'With finish padding': withPadding?.toFixed(3) ?? '–',
    'Written by the host': formatBytes(hostBytes),
    Padded: formatBytes(paddedBytes),
    'Open zones, at most': formatCount(peakOpenZones ?? 0),
    'Active zones, at most': formatCount(peakActiveZones ?? 0),
    'Refused commands': formatCount(refused),
  };
}

type Phase = Report['phases'][number];

const PHASE_COLUMNS: readonly Column<Phase>[] = [
  { title: 'Phase', cell: ({ name }) => name },
  { title: 'Kind', cell: ({ kind }) => kind },
  { title: 'Starts', number: true, cell: ({ startNs }) => formatNs(startNs) },
  { title: 'Lasts', number: true, cell: ({ durationNs }) => formatNs(durationNs) },
  { title: 'IOPS', number: true, cell: ({ iops }) => formatLarge(iops) },
  { title: 'Read', number: true, cell: ({ readBytesPerSecond }) => formatRate(readBytesPerSecond) },
  {
    title: 'Written',
    number: true,
    cell: ({ writtenBytesPerSecond }) => formatRate(writtenBytesPerSecond),
  },
  { title: 'Outcome', cell: ({ outcome }) => outcome },
];

function Phases({ phases }: { phases: readonly Phase[] }) {
  return (
    <>
      <h2>Phases</h2>
      <Table caption="Phases" columns={PHASE_COLUMNS} rows={phases} keyOf={({ name }) => name} />
    </>
  );
}

function Breakdown({ report: { timeBreakdownNs, totals } }: { report: Report }) {
  const parts = Object.entries(timeBreakdownNs).filter(([, ns]) => ns > 0);
  const whole = parts.reduce((sum, [, ns]) => sum + ns, 0);
  const refusals = Object.entries(totals.refusals);
  if (parts.length === 0 && refusals.length === 0) return null;
  return (
    <Card title="Where the time of commands went">
      <div className={ui.stack}>
        <Bars
          of={parts.map(([name, ns]) => ({
            name: inWords(name),
            share: ns / whole,
            text: `${formatNs(ns)} (${formatPercent(ns / whole)})`,
          }))}
        />
        {refusals.length > 0 && (
          <Facts
            of={Object.fromEntries(refusals.map(([name, count]) => [name, formatCount(count)]))}
          />
        )}
      </div>
    </Card>
  );
}
