/** The REST API from a shell: `image`, `export`, `experiment`, `key`. */
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { type ApiClient, type components, resultOf } from '@zonelab/client';
import type { ExperimentReport } from '@zonelab/zone-workload';
import { Argument, type Command, Option } from 'commander';
import { type CliContext, outputOption } from '../context.ts';
import { CliError, describeError, usageError } from '../errors.ts';
import { defaultHome } from '../lab/program.ts';
import { jsonText, type OutputForm, tableText } from '../output.ts';
import { drawZoneMap } from '../zones/map.ts';
import { reportLine } from '../zones/report.ts';
import { connect } from './connect.ts';
import {
  EXPERIMENTS,
  EXPORTS,
  IMAGES,
  KEYS,
  type Resource,
  readAll,
  readZones,
  type ShownResource,
} from './resources.ts';

type ExperimentDefinition = components['schemas']['CreateExperiment'];
type ExportOptions = NonNullable<components['schemas']['CreateExport']['options']>;

type Role = components['schemas']['Key']['role'];

/** What deleting does, where it is more than that. */
const DELETIONS: Readonly<Record<string, string>> = {
  experiment: 'delete it, or cancel it while it runs',
  key: 'revoke one key; it stays in the list',
};

interface AttachFlags {
  readonly format?: 'nbd' | 'qemu' | 'libvirt' | 'cloud-init';
  readonly fresh?: true;
}

interface OutputFlags {
  readonly output: OutputForm;
}

export function addRestCommands(program: Command, context: CliContext): void {
  addImages(program, context);
  addExports(program, context);
  addExperiments(program, context);
  addKeys(program, context);
}

function addImages(program: Command, context: CliContext): void {
  const image = addResource(program, context, IMAGES);
  addCreate(image, IMAGES)
    .argument('<name>')
    .argument('<size>', 'bytes, or a number with a suffix of K M G T')
    .option('--profile <profile>', 'zbc or zns')
    .option('--zone-size <size>', 'makes the image a zoned one')
    .option('--zone-capacity <size>', 'writable bytes of a zone')
    .option('--conventional-zones <count>', 'at the start of the device', Number)
    .option('--max-open-zones <count>', '0: no limit', Number)
    .option('--max-active-zones <count>', '0: no limit', Number)
    .option('--max-append-sectors <count>', '512-byte sectors', Number)
    .option('--logical-block-size <bytes>', '512 or 4096', Number)
    .option('--cluster-size <size>', 'qcow2 cluster size')
    .action(async (name: string, size: string, { output, ...fields }: OutputFlags) => {
      const body = { name, size, ...fields };
      printOne(context, IMAGES, await resultOf((await api()).POST('/v1/images', { body })), output);
    });
  image
    .command('clone')
    .description('make an overlay of an image, which must not change while it has any')
    .argument('<id>', 'the base')
    .argument('<name>', 'of the overlay')
    .addOption(outputOption())
    .action(async (id: string, name: string, { output }: OutputFlags) => {
      const call = (await api()).POST('/v1/images/{id}/clone', {
        params: { path: { id } },
        body: { name },
      });
      printOne(context, IMAGES, await resultOf(call), output);
    });
  image
    .command('zones')
    .description('report the zones of an image, live or at rest')
    .argument('<id>')
    .option('--map', 'draw a map, one cell a zone')
    .addOption(outputOption())
    .action(async (id: string, { output, map }: OutputFlags & { map?: true }) => {
      const { out } = context;
      const zones = await readZones(await api(), id);
      if (output === 'json') out.write(jsonText(zones));
      else if (map)
        out.write(drawZoneMap(zones, { colours: out.isTerminal, columns: out.columns }));
      else out.write(zones.map(reportLine).join(''));
    });
}

function addExports(program: Command, context: CliContext): void {
  const group = addResource(program, context, EXPORTS);
  group
    .command('attach')
    .description('print what attaches an export to a machine, ready to paste')
    .argument('<id>')
    .addOption(choice('--format <format>', 'form', ['nbd', 'qemu', 'libvirt', 'cloud-init']))
    .option('--fresh', 'with qemu: reset the zones of a used disk first')
    .action(async (id: string, { format, fresh }: AttachFlags) => {
      const query = { format, ...(fresh && { fresh: 'true' as const }) };
      const params = { path: { id }, query };
      const call = (await api()).GET('/v1/exports/{id}/attach', { params, parseAs: 'text' });
      context.out.write(await resultOf(call));
    });
  addCreate(group, EXPORTS)
    .argument('<imageId>')
    .option('--name <name>', 'NBD export name; the name of the image if left out')
    .option('--read-only', 'refuse writes')
    .addOption(
      choice(
        '--zeroes <mode>',
        'reset: the WRITE_ZEROES that QEMU makes of a zone reset resets it',
        ['write', 'reset'],
      ),
    )
    .addOption(
      choice('--trim <mode>', 'reset: TRIM resets the zones it covers wholly', ['reset', 'ignore']),
    )
    .addOption(choice('--limits <switch>', 'whether open and active limits hold', ['on', 'off']))
    .action(async (imageId: string, flags: OutputFlags & ExportOptions) => {
      const { output, zeroes, trim, limits, ...fields } = flags;
      const body = { imageId, ...fields, options: { zeroes, trim, limits } };
      const made = await resultOf((await api()).POST('/v1/exports', { body }));
      printOne(context, EXPORTS, made, output);
    });
}

function addExperiments(program: Command, context: CliContext): void {
  const experiment = addResource(program, context, EXPERIMENTS);
  addCreate(experiment, EXPERIMENTS)
    .argument('<definition>', 'JSON file, or - for standard input')
    .action(async (file: string, { output }: OutputFlags) => {
      const body = await readDefinition(file);
      const made = await resultOf((await api()).POST('/v1/experiments', { body }));
      printOne(context, EXPERIMENTS, made, output);
    });
  experiment
    .command('report')
    .description('print the report of a finished experiment')
    .argument('<id>')
    .addOption(outputOption())
    .action(async (id: string, { output }: OutputFlags) => {
      const params = { path: { id } };
      const report = await resultOf((await api()).GET('/v1/experiments/{id}/report', { params }));
      const { renderSummary } = await import('@zonelab/zone-workload');
      // the API hands out what the simulator wrote
      const summary = () => renderSummary(report as unknown as ExperimentReport);
      context.out.write(output === 'json' ? jsonText(report) : summary());
    });
}

function addKeys(program: Command, context: CliContext): void {
  addCreate(addResource(program, context, KEYS), KEYS)
    .argument('<name>')
    .addArgument(new Argument('<role>').choices(['admin', 'operator', 'viewer']))
    .option('--expires-at <time>', 'as 2027-01-31T12:00:00Z; never if left out')
    .action(async (name: string, role: Role, { output, ...fields }: OutputFlags) => {
      const made = await resultOf(
        (await api()).POST('/v1/keys', { body: { name, role, ...fields } }),
      );
      if (output === 'json') context.out.write(jsonText(made));
      else context.out.write(`${made.key}\n`); // the only time it is shown
    });
}

/** `list` and `delete`, which every resource has, and `show`. */
function addResource<T>(
  program: Command,
  context: CliContext,
  view: Resource<T> | ShownResource<T>,
): Command {
  const { name } = view;
  const group = program.command(name).description(`the ${name}s of a lab, over REST`);
  group
    .command('list')
    .description(`list the ${name}s`)
    .addOption(outputOption())
    .action(async ({ output }: OutputFlags) => {
      print(context, view, await readAll(await api(), view), output);
    });
  if ('get' in view) addShow(group, context, view);
  group
    .command('delete')
    .description(DELETIONS[name] ?? `delete one ${name}`)
    .argument('<id>')
    .action(async (id: string) => {
      await view.remove(await api(), id);
    });
  return group;
}

function addShow<T>(group: Command, context: CliContext, view: ShownResource<T>): void {
  group
    .command('show')
    .description(`show one ${view.name}`)
    .argument('<id>')
    .addOption(outputOption())
    .action(async (id: string, { output }: OutputFlags) => {
      printOne(context, view, await view.get(await api(), id), output);
    });
}

function addCreate<T>(group: Command, { name }: Resource<T>): Command {
  return group.command('create').description(`make one ${name}`).addOption(outputOption());
}

/** The API has the default, which is the first of the values. */
function choice(flags: string, what: string, values: readonly string[]): Option {
  return new Option(flags, `${what}; ${values[0]} if left out`).choices(values);
}

function api(): Promise<ApiClient> {
  return connect(defaultHome(), process.env);
}

function print<T>(
  { out }: CliContext,
  view: Resource<T>,
  items: readonly T[],
  output: OutputForm,
): void {
  if (output === 'json') out.write(jsonText(items));
  else
    out.write(
      tableText(
        view.heading,
        items.map((item) => view.row(item)),
      ),
    );
}

function printOne<T>(context: CliContext, view: Resource<T>, item: T, output: OutputForm): void {
  if (output === 'json') context.out.write(jsonText(item));
  else print(context, view, [item], output);
}

/** The API judges what is in it. */
async function readDefinition(file: string): Promise<ExperimentDefinition> {
  const given = file === '-' ? await text(process.stdin) : readFileSync(file, 'utf8');
  let definition: unknown;
  try {
    definition = JSON.parse(given);
  } catch (cause) {
    throw new CliError('failed', `${file}: no JSON: ${describeError(cause)}`, { cause });
  }
  if (typeof definition === 'object' && definition !== null) {
    return definition as ExperimentDefinition;
  }
  throw usageError(file, typeof definition, 'a JSON object');
}
