import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { runExperiment } from '../engine/run-experiment.ts';
import { type ComparedRun, compareReports, comparisonCsv, renderComparison } from './compare.ts';
import { renderCsv } from './csv.ts';
import { renderHtml } from './html/report-page.ts';
import type { ExperimentReport } from './report.ts';

const SCHEMA = new URL('../../../../docs/report.schema.json', import.meta.url);
const MIB = 1024 * 1024;

function run(jobs: number): Promise<ExperimentReport> {
  return runExperiment({
    name: 'a <b> & "c"',
    device: { preset: 'zn540', prefilledZones: 3 },
    workload: {
      phases: [
        { kind: 'seq-write', blockSize: MIB, jobs, operations: 40, zones: { first: 3 } },
        { kind: 'random-read-below-wp', operations: 50, alongside: true },
        { kind: 'reset-storm', zones: { count: 3 }, operations: 3 },
        { kind: 'seq-write', jobs: 20, overLimit: 'count', operations: 60 },
      ],
    },
  });
}

describe('a report', () => {
  let report: ExperimentReport;
  const validate = new Ajv2020({ allErrors: true }).compile(
    JSON.parse(readFileSync(SCHEMA, 'utf8')),
  );

  beforeAll(async () => {
    report = await run(2);
  });

  it('follows its published schema', () => {
    const valid = validate(JSON.parse(JSON.stringify(report)));
    expect(validate.errors ?? []).toEqual([]);
    expect(valid).toBe(true);
  });

  it('would not with a field more, a field less, or a negative count', () => {
    const copies = [
      { ...report, extra: 1 },
      { ...report, zones: undefined },
      { ...report, zoneCount: -1 },
    ];
    for (const copy of copies) expect(validate(JSON.parse(JSON.stringify(copy)))).toBe(false);
  });

  it('has all its points, operations and zones in its tables', () => {
    const { series, operations, zones } = renderCsv(report);
    const lines = (text: string) => text.trimEnd().split('\r\n');
    expect(lines(series)).toHaveLength(report.series.reads.length + 1);
    expect(lines(zones)).toHaveLength(report.zones.length + 1);
    expect(lines(operations)[1]).toMatch(/^seq-write,write,40,0,41943040,/);
    const widths = new Set(lines(series).map((line) => line.split(',').length));
    expect(widths).toEqual(new Set([14]));
  });

  it('is one HTML page that asks for nothing, with everything escaped', () => {
    const html = renderHtml(report);
    expect(html).not.toMatch(/<script|<link|src=|href=|url\(|@import/);
    expect(html).toContain('<h1>a &#60;b&#62; &#38; &#34;c&#34;</h1>');
    expect(html).not.toContain('NaN');
    for (const title of ['Latency by percentile', 'Throughput', 'Wear', 'Where the time']) {
      expect(html).toContain(title);
    }
    expect(html.match(/<svg/g)?.length).toBe(8);
  });
});

describe('a comparison', () => {
  let runs: ComparedRun[];

  beforeAll(async () => {
    runs = await Promise.all(
      [1, 2, 4].map(async (jobs) => ({
        label: `jobs=${jobs}`,
        values: { 'workload.phases[0].jobs': jobs },
        report: await run(jobs),
      })),
    );
  });

  it('has a row per run, with what tells it from the others', () => {
    const { runs: rows } = compareReports(runs);
    expect(rows.map(({ label }) => label)).toEqual(['jobs=1', 'jobs=2', 'jobs=4']);
    expect(rows[1]?.iops).toBe(runs[1]?.report.totals.iops);
    const csv = comparisonCsv(compareReports(runs)).split('\r\n');
    expect(csv[0]).toContain('label,outcome,workload.phases[0].jobs,durationNs,iops');
    expect(csv[3]).toMatch(/^jobs=4,completed,4,/);
  });

  it('is drawn over the field that varied', () => {
    const html = renderComparison('x', runs);
    expect(html).toContain('workload.phases[0].jobs');
    expect(html).not.toContain('NaN');
  });
});
