/** A report as text for a terminal: what ran, how fast, what the device refused, and how its zones stand. */
import type { ZoneCondition } from '@zonelab/qcow2-zoned';
import type { ExperimentReport, Measurements, OperationReport } from './report.ts';
import { fixed, formatBytes, formatNs } from './units.ts';
import { renderZoneMap } from './zone-map.ts';

export function renderSummary(report: ExperimentReport): string {
  const { definition, phases, totals } = report;
  const sections = [
    heading(report),
    ...phases.map((phase) => {
      const outcome =
        phase.outcome === 'stalled' ? ', gave up: nothing could succeed any more' : '';
      return `${phase.name} (${phase.kind})${outcome}\n${measurementLines(phase)}`;
    }),
    ...(phases.length > 1 ? [`all phases\n${measurementLines(totals)}`] : []),
    `zones of the ${definition.device.preset} device at the end\n${renderZoneMap(conditions(report))}`,
  ];
  return `${sections.join('\n\n')}\n`;
}

function heading({ definition, outcome, totals, zoneCount }: ExperimentReport): string {
  const { geometry } = definition.device;
  const name = definition.name ?? 'experiment';
  const zones = `${zoneCount} zones of ${formatBytes(geometry?.zoneSize ?? 0)}`;
  const device = `${definition.device.preset}, ${geometry?.profile}, ${zones}`;
  return `${name}: ${outcome} in ${formatNs(totals.durationNs)} simulated, seed ${definition.seed}\ndevice: ${device}`;
}

function measurementLines(measured: Measurements): string {
  const rows = [['', 'accepted', 'refused', 'bytes', 'mean', 'p50', 'p99', 'p99.99', 'max']];
  for (const [name, operation] of Object.entries(measured.operations)) {
    rows.push([name, ...operationCells(operation)]);
  }
  const { writeAmplification: waf, limits, transitions } = measured;
  const count = (to: ZoneCondition) =>
    transitions.reduce((sum, t) => sum + (t.to === to ? t.count : 0), 0);
  const lines = [
    ...table(rows),
    `throughput ${rate(measured.iops, 'IOPS')}, read ${byteRate(measured.readBytesPerSecond)}, written ${byteRate(measured.writtenBytesPerSecond)}`,
    `zones ${count('full')} filled or finished, ${count('empty')} emptied; peak ${limits.peakOpenZones} open, ${limits.peakActiveZones} active; ${limits.autoCloses} closed by the device`,
  ];
  if (waf.withPadding !== null) {
    lines.push(
      `write amplification ${fixed(waf.withPadding)} with finish padding, ${fixed(waf.withoutPadding ?? 1)} without`,
    );
  }
  const refusals = Object.entries(measured.refusals).map(([code, n]) => `${n} ${code}`);
  if (refusals.length > 0) lines.push(`refused ${refusals.join(', ')}`);
  return lines.map((line) => `  ${line}`).join('\n');
}

function operationCells({ accepted, refused, bytes, latencyNs }: OperationReport): string[] {
  const cells = [`${accepted}`, `${refused}`, formatBytes(bytes)];
  if (!latencyNs) return [...cells, '-', '-', '-', '-', '-'];
  const { mean, p50, p99, p9999, max } = latencyNs;
  return [...cells, ...[mean, p50, p99, p9999, max].map(formatNs)];
}

/** Columns aligned to the right, the first to the left. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return column === 0 ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  '),
  );
}

/** The report leaves out zones that are as new. */
function conditions(report: ExperimentReport): ZoneCondition[] {
  const conventional = report.definition.device.geometry?.conventionalZones ?? 0;
  const all = Array.from(
    { length: report.zoneCount },
    (_, index): ZoneCondition => (index < conventional ? 'not-wp' : 'empty'),
  );
  for (const { index, condition } of report.zones) all[index] = condition;
  return all;
}

function rate(perSecond: number | null, unit: string): string {
  return perSecond === null ? 'not defined (no time passed)' : `${fixed(perSecond)} ${unit}`;
}

function byteRate(perSecond: number | null): string {
  return perSecond === null ? '-' : `${formatBytes(perSecond)}/s`;
}
