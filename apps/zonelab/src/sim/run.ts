/** Runs the experiments of a file one after the other, prints what came out, and writes the reports. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, constants, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { ExperimentDefinition } from '@zonelab/contracts';
import { ZonedDevice } from '@zonelab/qcow2-zoned';
import {
  type ComparedRun,
  compareReports,
  comparisonCsv,
  comparisonText,
  type ExperimentReport,
  renderComparison,
  renderCsv,
  renderHtml,
  renderSummary,
  runExperiment,
  WorkloadError,
} from '@zonelab/zone-workload';
import { CliError, describeError } from '../errors.ts';
import { jsonText, type Output, type OutputForm } from '../output.ts';
import { loadRunFile, type Run } from './load.ts';

export interface SimOptions {
  readonly seed?: number;
  readonly report?: string;
  readonly preset: string;
  readonly image?: string;
  readonly output: OutputForm;
}

export async function simulateFile(path: string, options: SimOptions, out: Output): Promise<void> {
  if (options.image === undefined) return simulateOn(undefined, path, options, out);
  const device = await ZonedDevice.open(options.image);
  try {
    if (!device.geometry) throw new CliError('failed', `${options.image}: not a zoned image`);
    await simulateOn(device, path, options, out);
  } finally {
    await device.close();
  }
}

async function simulateOn(
  target: ZonedDevice | undefined,
  path: string,
  options: SimOptions,
  out: Output,
): Promise<void> {
  const { zoneCount: _, ...geometry } = target?.geometry ?? { zoneCount: 0 };
  const file = await loadRunFile(path, { ...options, ...(target && { geometry }) });
  if (target && file.isSweep) {
    throw new CliError('usage', `${path}: one run has room on an image, a sweep has not`);
  }
  const folder = dirname(resolve(path));
  for (const { definition } of file.runs) await requireTraces(definition, folder);
  const done: ComparedRun[] = [];
  for (const run of file.runs) {
    done.push({
      label: run.label,
      values: run.values,
      report: await simulate(run, folder, out, target),
    });
  }
  if (options.report !== undefined)
    await writeReports(options.report, file.name, file.isSweep, done);
  if (file.isSweep) {
    const comparison = compareReports(done);
    out.write(options.output === 'json' ? jsonText(comparison) : comparisonText(comparison));
  } else {
    const [{ report }] = done as [ComparedRun];
    out.write(options.output === 'json' ? jsonText(report) : renderSummary(report));
  }
  if (options.report !== undefined && options.output === 'human') {
    const page = join(options.report, file.isSweep ? 'comparison.html' : 'report.html');
    out.write(`\nreport: ${page}\n`);
  }
}

async function simulate(
  { definition, label }: Run,
  folder: string,
  out: Output,
  target: ZonedDevice | undefined,
): Promise<ExperimentReport> {
  let shown = -1;
  try {
    return await runExperiment(definition, {
      ...(target && { target }),
      openTrace: (name) => createReadStream(resolve(folder, name)),
      onProgress: ({ progress }) => {
        const percent = Math.floor(progress * 100);
        if (!out.isTerminal || percent === shown) return;
        shown = percent;
        out.warn(`\r${label ? `${label}: ` : ''}${percent} % ${percent === 100 ? '\n' : ''}`);
      },
    });
  } catch (error) {
    if (error instanceof WorkloadError) {
      throw new CliError('failed', `${label && `${label}: `}${describeError(error)}`, {
        cause: error,
      });
    }
    throw error;
  }
}

/** Whether every trace can be read, before anything runs. */
async function requireTraces({ workload }: ExperimentDefinition, folder: string): Promise<void> {
  for (const [index, phase] of (workload.phases ?? []).entries()) {
    if (phase.kind !== 'trace') continue;
    const path = resolve(folder, phase.trace);
    const where = `workload.phases[${index}].trace`;
    await access(path, constants.R_OK).catch((cause: unknown) => {
      const allowed = 'a file that can be read, relative to the run file';
      throw new CliError('usage', `${where}: got ${phase.trace}, allowed is ${allowed}`, { cause });
    });
    if (phase.sha256 === undefined) continue;
    const sha256 = await hashOf(path);
    if (sha256 !== phase.sha256) {
      const allowed = `${phase.sha256}, as sha256 says`;
      throw new CliError(
        'usage',
        `${where}: got a file of SHA-256 ${sha256}, allowed is ${allowed}`,
      );
    }
  }
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** One run: into the folder itself. A sweep: a folder per run, and the comparison. */
async function writeReports(
  folder: string,
  name: string,
  isSweep: boolean,
  runs: readonly ComparedRun[],
): Promise<void> {
  try {
    const digits = String(runs.length).length;
    for (const [index, { report }] of runs.entries()) {
      const own = isSweep ? join(folder, `run-${String(index + 1).padStart(digits, '0')}`) : folder;
      await writeReport(own, report);
    }
    if (!isSweep) return;
    const comparison = compareReports(runs);
    await writeFile(join(folder, 'comparison.json'), jsonText(comparison));
    await writeFile(join(folder, 'comparison.csv'), comparisonCsv(comparison));
    await writeFile(join(folder, 'comparison.html'), renderComparison(name, runs));
  } catch (error) {
    throw new CliError('failed', `--report ${folder}: ${describeError(error)}`, { cause: error });
  }
}

async function writeReport(folder: string, report: ExperimentReport): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'report.json'), `${JSON.stringify(report, null, 1)}\n`);
  await writeFile(join(folder, 'report.html'), renderHtml(report));
  for (const [name, text] of Object.entries(renderCsv(report))) {
    await writeFile(join(folder, `${name}.csv`), text);
  }
}
