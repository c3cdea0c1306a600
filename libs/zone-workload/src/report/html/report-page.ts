/** A report as one HTML page: what ran, how fast, how its latencies are spread, how its zones were used. */

import { MAX_MAP_CHARACTERS } from '../../limits.ts';
import type { ExperimentReport, LatencyReport, Measurements } from '../report.ts';
import { fixed, formatBytes, formatCount, formatNs } from '../units.ts';
import { heading, renderPage, renderPlots, renderTable, renderTiles } from './page.ts';
import {
  type Cell,
  escapeText,
  heatColour,
  type Line,
  renderBars,
  renderCells,
  renderLines,
} from './svg.ts';

export function renderHtml(report: ExperimentReport): string {
  const { definition, outcome, totals, phases, zoneCount } = report;
  const name = definition.name ?? 'experiment';
  const { preset, geometry } = definition.device;
  return renderPage(name, [
    `<h1>${escapeText(name)}</h1>`,
    `<p>${escapeText(`${preset}: ${zoneCount} zones of ${formatBytes(geometry?.zoneSize ?? 0)}, ${geometry?.profile}; seed ${definition.seed}; ${outcome}; simulated time`)}</p>`,
    renderTiles(tilesOf(totals)),
    heading('Latency'),
    renderPlots([percentilePlot(totals)]),
    operationTable(totals),
    ...(phases.length > 1 ? [heading('Phases'), phaseTable(report)] : []),
    heading('Over time'),
    renderPlots(timePlots(report)),
    heading('Zones'),
    renderPlots([wearMap(report), conditionMap(report)]),
    heading('Where the time of commands went'),
    renderPlots([breakdown(report)]),
    transitionTable(totals),
    heading('Configuration'),
    `<pre>${escapeText(JSON.stringify(definition, null, 2))}</pre>`,
  ]);
}

function tilesOf(totals: Measurements): [string, string][] {
  const {
    iops,
    readBytesPerSecond,
    writtenBytesPerSecond,
    writeAmplification: waf,
    limits,
  } = totals;
  const perSecond = (bytes: number | null) => (bytes === null ? '-' : `${formatBytes(bytes)}/s`);
  const refused = Object.values(totals.refusals).reduce((sum, n) => sum + n, 0);
  return [
    ['simulated', formatNs(totals.durationNs)],
    ['IOPS', iops === null ? '-' : formatCount(iops)],
    ['read', perSecond(readBytesPerSecond)],
    ['written', perSecond(writtenBytesPerSecond)],
    ['write amplification', waf.withoutPadding === null ? '-' : fixed(waf.withoutPadding)],
    ['with finish padding', waf.withPadding === null ? '-' : fixed(waf.withPadding)],
    ['open zones, at most', `${limits.peakOpenZones}`],
    ['active zones, at most', `${limits.peakActiveZones}`],
    ['refused', formatCount(refused)],
  ];
}

/** Percentiles by the number of their nines, so that the tail has room. */
const PERCENTILES = [
  ['p50', 50],
  ['p90', 90],
  ['p99', 99],
  ['p999', 99.9],
  ['p9999', 99.99],
] as const satisfies readonly (readonly [keyof LatencyReport, number])[];
const nines = (percent: number) => -Math.log10(1 - percent / 100);

export function percentileLine(name: string, latency: LatencyReport): Line {
  return {
    name,
    points: PERCENTILES.map(([key, percent]) => [nines(percent), latency[key]] as const),
  };
}

export function renderPercentiles(title: string, lines: readonly Line[]): string {
  return renderLines({
    title,
    x: {
      label: 'percentile',
      format: (n) => `${fixed(100 - 100 * 10 ** -n)} %`,
      ticks: PERCENTILES.map(([, percent]) => ({ at: nines(percent), name: `${percent}` })),
    },
    y: { label: 'latency', format: formatNs, scale: 'log' },
    lines,
    dots: true,
  });
}

function percentilePlot({ operations }: Measurements): string {
  const lines = Object.entries(operations).flatMap(([name, { latencyNs }]) =>
    latencyNs ? [percentileLine(name, latencyNs)] : [],
  );
  return renderPercentiles('Latency by percentile', lines);
}

function operationTable({ operations }: Measurements): string {
  const rows = Object.entries(operations).map(
    ([name, { accepted, refused, bytes, latencyNs: l }]) => [
      name,
      formatCount(accepted),
      formatCount(refused),
      formatBytes(bytes),
      ...(l ? [l.min, l.mean, l.p50, l.p90, l.p99, l.p999, l.p9999, l.max] : []).map(formatNs),
    ],
  );
  const columns = ['min', 'mean', 'p50', 'p90', 'p99', 'p99.9', 'p99.99', 'max'];
  return renderTable(['operation', 'accepted', 'refused', 'bytes', ...columns], rows);
}

function phaseTable({ phases }: ExperimentReport): string {
  const rows = phases.map((phase) => [
    phase.name,
    phase.kind,
    phase.outcome,
    formatNs(phase.startNs),
    formatNs(phase.durationNs),
    phase.iops === null ? '-' : formatCount(phase.iops),
    `${formatBytes(phase.readBytesPerSecond ?? 0)}/s`,
    `${formatBytes(phase.writtenBytesPerSecond ?? 0)}/s`,
  ]);
  return renderTable(['phase', 'kind', 'outcome', 'from', 'for', 'IOPS', 'read', 'written'], rows);
}

function timePlots({ series, totals }: ExperimentReport): string[] {
  const { pointNs } = series;
  const seconds = pointNs / 1e9;
  // the last point is cut off where the run ended: as a rate it would mislead
  const points = Math.max(1, Math.floor(totals.durationNs / pointNs));
  const line = (name: string, values: readonly number[], factor: number): Line => ({
    name,
    points: values.slice(0, points).map((value, n) => [n * pointNs, value * factor] as const),
  });
  const some = (values: readonly number[]) => values.some((value) => value > 0);
  const x = { label: 'simulated time', format: formatNs };
  const columns = ['reads', 'writes', 'appends', 'resets', 'finishes', 'refusals'] as const;
  const rates = columns.filter((name) => some(series[name]));
  const bytes = (['readBytes', 'writtenBytes'] as const).filter((name) => some(series[name]));
  return [
    renderLines({
      title: 'Operations per second',
      x,
      y: { label: '1/s', format: formatCount },
      lines: rates.map((name) => line(name, series[name], 1 / seconds)),
    }),
    renderLines({
      title: 'Throughput',
      x,
      y: { label: 'bytes per second', format: formatBytes, binary: true },
      lines: bytes.map((name) =>
        line(name === 'readBytes' ? 'read' : 'written', series[name], 1 / seconds),
      ),
    }),
    renderLines({
      title: 'Open and active zones',
      x,
      y: { label: 'zones', format: formatCount },
      lines: [line('open', series.openZones, 1), line('active', series.activeZones, 1)],
    }),
    renderLines({
      title: 'Commands in flight',
      x,
      y: { label: 'commands, at most', format: formatCount },
      lines: [line('in flight', series.inFlight, 1)],
    }),
  ];
}

/** One cell a zone, or several zones a cell on large devices. */
function zoneCells(
  { zones, zoneCount }: ExperimentReport,
  look: (zones: ExperimentReport['zones'], label: string) => Cell,
): Cell[] {
  const perCell = Math.ceil(zoneCount / MAX_MAP_CHARACTERS);
  const groups = Array.from(
    { length: Math.ceil(zoneCount / perCell) },
    () => [] as (typeof zones)[number][],
  );
  for (const zone of zones) groups[Math.floor(zone.index / perCell)]?.push(zone);
  return groups.map((group, n) => {
    const first = n * perCell;
    const last = Math.min(zoneCount, first + perCell) - 1;
    return look(group, first === last ? `zone ${first}` : `zones ${first} to ${last}`);
  });
}

function wearMap(report: ExperimentReport): string {
  const most = Math.max(0, ...report.zones.map(({ resets }) => resets));
  const cells = zoneCells(report, (zones, label) => {
    const resets = Math.max(0, ...zones.map((zone) => zone.resets));
    const written = zones.reduce((sum, zone) => sum + zone.writtenBytes, 0);
    const finishes = zones.reduce((sum, zone) => sum + zone.finishes, 0);
    return {
      colour: heatColour(most > 0 ? resets / most : 0),
      tip: `${label}: ${resets} resets, ${finishes} finishes, ${formatBytes(written)} written`,
    };
  });
  return renderCells(`Wear: resets per zone, 0 (grey) to ${most} (dark)`, cells);
}

const CONDITION_COLOURS: Readonly<Record<string, string>> = {
  'not-wp': '#56b4e9',
  empty: '#e4e4e4',
  'implicit-open': '#009e73',
  'explicit-open': '#00634a',
  closed: '#e69f00',
  full: '#0072b2',
  'read-only': '#cc79a7',
  offline: '#d55e00',
};

function conditionMap(report: ExperimentReport): string {
  const present = new Set(report.zones.map(({ condition }) => condition));
  const cells = zoneCells(report, (zones, label) => {
    const condition = zones[0]?.condition ?? 'empty';
    return { colour: CONDITION_COLOURS[condition] ?? '#e4e4e4', tip: `${label}: ${condition}` };
  });
  const names: Readonly<Record<string, string>> = {
    full: 'blue',
    'implicit-open': 'green',
    closed: 'yellow',
    'explicit-open': 'dark green',
    'not-wp': 'light blue',
    'read-only': 'pink',
    offline: 'red',
  };
  const legend = Object.keys(names).filter((name) => present.has(name as never));
  const text = legend.map((name) => `${name} ${names[name]}`).join(', ');
  return renderCells(`Conditions at the end: empty grey${text && `, ${text}`}`, cells);
}

function breakdown({ timeBreakdownNs }: ExperimentReport): string {
  const bars = Object.entries(timeBreakdownNs).map(([name, value]) => ({
    name: name.replace(/[A-Z]/g, (c) => ` ${c.toLowerCase()}`),
    value,
  }));
  const total = bars.reduce((sum, { value }) => sum + value, 0);
  const format = (ns: number) => `${formatNs(ns)}, ${fixed(total > 0 ? (100 * ns) / total : 0)} %`;
  return renderBars('Time of all commands together, by part of the model', bars, format);
}

function transitionTable({ transitions, refusals }: Measurements): string {
  const rows = transitions.map(({ from, to, cause, count }) => [
    `${from} to ${to}`,
    cause,
    formatCount(count),
  ]);
  const refused = Object.entries(refusals).map(([code, count]) => [code, formatCount(count)]);
  return [
    heading('Zone transitions'),
    renderTable(['transition', 'cause', 'count'], rows),
    ...(refused.length > 0
      ? [heading('Refusals'), renderTable(['identity', 'count'], refused)]
      : []),
  ].join('\n');
}
