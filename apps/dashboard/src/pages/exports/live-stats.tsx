/** What clients do with an export right now. */

import { useEffect, useRef, useState } from 'react';
import { type ExportStats, useExportStats } from '../../api/exports.ts';
import { formatBytes, formatCount, formatLarge, formatNs, formatRate } from '../../format/units.ts';
import { Answer } from '../../ui/answer.tsx';
import { Card, Facts } from '../../ui/basics.tsx';
import plot from '../../ui/plot.module.css';
import { Plot } from '../../ui/plot.tsx';
import ui from '../../ui/ui.module.css';
import { type Rates, ratesBetween } from './rates.ts';

/** Seconds that the plots go back. */
const KEPT = 120;

export function LiveStats({ id }: { id: string }) {
  const query = useExportStats(id, true);
  const history = useRates(query.data);
  return (
    <Card title="Right now">
      <Answer query={query} what="its counters">
        {(stats) => (
          <div className={ui.stack}>
            <Facts of={factsOf(stats, history.at(-1))} />
            <Plots history={history} />
          </div>
        )}
      </Answer>
    </Card>
  );
}

function useRates(stats: ExportStats | undefined): readonly Rates[] {
  const last = useRef<ExportStats>(undefined);
  const [history, setHistory] = useState<readonly Rates[]>([]);
  useEffect(() => {
    if (!stats) return;
    const before = last.current;
    last.current = stats;
    const rates = before && ratesBetween(before, stats);
    if (rates) setHistory((kept) => [...kept, rates].slice(-KEPT));
  }, [stats]);
  return history;
}

const seconds = (value: number | null | undefined) =>
  value == null ? '–' : `≤ ${formatNs(value * 1e9)}`;

function factsOf(stats: ExportStats, now: Rates | undefined): Record<string, string> {
  return {
    Clients: formatCount(stats.connections),
    IOPS: formatLarge(now?.iops ?? null),
    Read: formatRate(now?.readBytesPerSecond ?? null),
    Written: formatRate(now?.writtenBytesPerSecond ?? null),
    'Latency, median': seconds(now?.p50Seconds),
    'Latency, 99 %': seconds(now?.p99Seconds),
    'In flight': formatCount(stats.inFlight),
    'Read in all': formatBytes(stats.readBytes),
    'Written in all': formatBytes(stats.writtenBytes),
    'Refused or failed': formatCount(stats.errors),
  };
}

function Plots({ history }: { history: readonly Rates[] }) {
  const latest = history.at(-1)?.atMs ?? 0;
  const x = history.map(({ atMs }) => (atMs - latest) / 1000);
  const formatX = (value: number) => (value === 0 ? 'now' : `${Math.round(value)} s`);
  return (
    <div className={plot.plots}>
      <Plot
        title="Requests a second"
        x={x}
        lines={[{ name: 'IOPS', values: history.map(({ iops }) => iops) }]}
        formatX={formatX}
        formatY={formatLarge}
      />
      <Plot
        title="Bytes a second"
        x={x}
        lines={[
          { name: 'read', values: history.map((one) => one.readBytesPerSecond) },
          { name: 'written', values: history.map((one) => one.writtenBytesPerSecond) },
        ]}
        formatX={formatX}
        formatY={formatRate}
      />
    </div>
  );
}
