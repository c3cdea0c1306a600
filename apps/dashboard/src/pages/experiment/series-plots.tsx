/** What happened over simulated time. */

import type { Report, SeriesName } from '../../api/report.ts';
import { formatLarge, formatNs, formatRate } from '../../format/units.ts';
import plot from '../../ui/plot.module.css';
import { type Line, Plot } from '../../ui/plot.tsx';

type Series = Report['series'];

interface PlotPlan {
  readonly title: string;
  readonly lines: readonly (readonly [series: SeriesName, name: string])[];
  /** Counts become rates: values a second of simulated time. */
  readonly perSecond: boolean;
  readonly formatY: (value: number) => string;
}

const PLOTS: readonly PlotPlan[] = [
  {
    title: 'Commands a second',
    lines: [
      ['reads', 'read'],
      ['writes', 'write'],
      ['appends', 'append'],
    ],
    perSecond: true,
    formatY: formatLarge,
  },
  {
    title: 'Bytes a second',
    lines: [
      ['readBytes', 'read'],
      ['writtenBytes', 'written'],
    ],
    perSecond: true,
    formatY: formatRate,
  },
  {
    title: 'Zones in use',
    lines: [
      ['openZones', 'open'],
      ['activeZones', 'active'],
    ],
    perSecond: false,
    formatY: formatLarge,
  },
  {
    title: 'Zone commands a second',
    lines: [
      ['resets', 'reset'],
      ['finishes', 'finish'],
      ['refusals', 'refused, of all'],
    ],
    perSecond: true,
    formatY: formatLarge,
  },
  {
    title: 'Commands in flight',
    lines: [['inFlight', 'at most']],
    perSecond: false,
    formatY: formatLarge,
  },
];

export function SeriesPlots({ series }: { series: Series }) {
  const { pointNs } = series;
  const points = series.reads.length;
  const x = Array.from({ length: points }, (_, index) => index * pointNs);
  return (
    <div className={plot.plots}>
      {PLOTS.map(({ title, lines, perSecond, formatY }) => {
        const scale = perSecond ? 1e9 / pointNs : 1;
        const drawn = lines
          .filter(([name]) => series[name].some((value) => value > 0))
          .map(
            ([name, label]): Line => ({
              name: label,
              values: series[name].map((value) => value * scale),
            }),
          );
        if (drawn.length === 0) return null;
        return (
          <Plot
            key={title}
            title={title}
            x={x}
            lines={drawn}
            formatX={formatNs}
            formatY={formatY}
          />
        );
      })}
    </div>
  );
}
