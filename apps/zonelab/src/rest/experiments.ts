/** `zonelab experiment`: experiments, sweeps of them, and the traces that they play, over REST. */
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { resultOf } from '@zonelab/client';
import type { TraceFormat } from '@zonelab/contracts';
import type { Comparison, ExperimentReport } from '@zonelab/zone-workload';
import { type Command, Option } from 'commander';
import { type CliContext, outputOption } from '../context.ts';
import { countArgument } from '../numbers.ts';
import { jsonText } from '../output.ts';
import { addCreate, addResource, api, type OutputFlags, printOne } from './commands.ts';
import { readExperiment, readSweep } from './definitions.ts';
import { EXPERIMENTS, SWEEPS, TRACES } from './resources.ts';

const FILE = 'JSON or YAML file, as zonelab sim runs it; - for standard input';
const FORMATS = ['fio-iolog', 'blkparse', 'msr', 'alibaba', 'tencent', 'systor17'];

interface CreateFlags extends OutputFlags {
  readonly image?: string;
  readonly priority?: number;
  readonly timeout?: number;
}

interface ReportFlags extends OutputFlags {
  readonly format?: 'csv' | 'html';
}

export function addExperiments(program: Command, context: CliContext): void {
  const experiment = addResource(program, context, EXPERIMENTS);
  queueing(addCreate(experiment, EXPERIMENTS).argument('<file>', FILE))
    .option('--image <id>', 'an empty zoned image that carries the run out byte by byte')
    .action(async (file: string, { output, image, ...flags }: CreateFlags) => {
      const imageId = image === undefined ? {} : { imageId: image };
      const body = { ...(await readExperiment(file)), ...queueingOf(flags), ...imageId };
      const made = await resultOf((await api()).POST('/v1/experiments', { body }));
      printOne(context, EXPERIMENTS, made, output);
    });
  addReports(experiment, context);
  addSweeps(experiment, context);
  addTraces(experiment, context);
}

function addReports(experiment: Command, { out }: CliContext): void {
  report(experiment, 'an experiment that succeeded').action(
    async (id: string, { output, format }: ReportFlags) => {
      const path = { id };
      const client = await api();
      if (format) {
        const params = { path, query: { format } };
        const call = client.GET('/v1/experiments/{id}/report', { params, parseAs: 'text' });
        return out.write(await resultOf(call as Promise<{ data?: string }>));
      }
      const answer = await resultOf(
        client.GET('/v1/experiments/{id}/report', { params: { path } }),
      );
      const { renderSummary } = await import('@zonelab/zone-workload');
      // the API hands out what the simulator wrote
      const summary = () => renderSummary(answer as unknown as ExperimentReport);
      out.write(output === 'json' ? jsonText(answer) : summary());
    },
  );
  experiment
    .command('compare')
    .description('compare experiments that succeeded')
    .argument('<ids...>')
    .addOption(outputOption())
    .action(async (ids: string[], { output }: OutputFlags) => {
      const params = { query: { ids: ids.join(',') } };
      const answer = await resultOf((await api()).GET('/v1/experiments/compare', { params }));
      out.write(output === 'json' ? jsonText(answer) : await table(answer));
    });
}

function addSweeps(experiment: Command, context: CliContext): void {
  const sweep = addResource(experiment, context, SWEEPS);
  queueing(addCreate(sweep, SWEEPS).argument('<file>', FILE)).action(
    async (file: string, { output, ...flags }: CreateFlags) => {
      const body = { ...(await readSweep(file)), ...queueingOf(flags) };
      const made = await resultOf((await api()).POST('/v1/sweeps', { body }));
      printOne(context, SWEEPS, made, output);
    },
  );
  report(sweep, 'the experiments of a sweep that has ended, compared').action(
    async (id: string, { output, format }: ReportFlags) => {
      const path = { id };
      const client = await api();
      if (format) {
        const params = { path, query: { format } };
        const call = client.GET('/v1/sweeps/{id}/report', { params, parseAs: 'text' });
        return context.out.write(await resultOf(call as Promise<{ data?: string }>));
      }
      const answer = await resultOf(client.GET('/v1/sweeps/{id}/report', { params: { path } }));
      context.out.write(output === 'json' ? jsonText(answer) : await table(answer));
    },
  );
}

function addTraces(experiment: Command, context: CliContext): void {
  const trace = addResource(experiment, context, TRACES);
  trace
    .command('upload')
    .description('have the lab keep a trace, for experiments to play by its name')
    .argument('<name>')
    .argument('<file>', 'as it is, also compressed with gzip')
    .addOption(
      new Option('--format <format>', 'of its lines').choices(FORMATS).makeOptionMandatory(),
    )
    .addOption(outputOption())
    .action(async (name: string, file: string, flags: OutputFlags & { format: TraceFormat }) => {
      const { output, format } = flags;
      const stream = createReadStream(file);
      try {
        const call = (await api()).POST('/v1/traces', {
          params: { query: { name, format } },
          headers: { 'content-type': 'application/octet-stream' },
          body: Readable.toWeb(stream) as never,
          bodySerializer: (body: unknown) => body,
          duplex: 'half',
        } as never);
        printOne(context, TRACES, (await resultOf(call)) as never, output);
      } finally {
        stream.destroy();
      }
    });
}

function report(group: Command, what: string): Command {
  return group
    .command('report')
    .description(`print the report of ${what}`)
    .argument('<id>')
    .addOption(new Option('--format <format>', 'as a table or a page').choices(['csv', 'html']))
    .addOption(outputOption());
}

function queueing(command: Command): Command {
  const count = (name: string) => (text: string) => countArgument(name, text);
  return command
    .option('--priority <number>', 'the higher the sooner', count('--priority'))
    .option('--timeout <seconds>', 'time that a run may take', count('--timeout'));
}

function queueingOf({ priority, timeout }: Omit<CreateFlags, 'output'>) {
  return {
    ...(priority !== undefined && { priority }),
    ...(timeout !== undefined && { timeoutSeconds: timeout }),
  };
}

/** The API hands out what the simulator wrote. */
async function table(comparison: unknown): Promise<string> {
  const { comparisonText } = await import('@zonelab/zone-workload');
  return comparisonText(comparison as Comparison);
}
