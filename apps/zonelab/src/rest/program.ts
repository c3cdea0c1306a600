/** The REST API from a shell: `image`, `export`, `experiment`. */
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import type { Experiment, Export, Image, ZoneReport } from '@zonelab/contracts';
import type { Command } from 'commander';
import { type CliContext, outputOption } from '../context.ts';
import { CliError, describeError, usageError } from '../errors.ts';
import { defaultHome } from '../lab/program.ts';
import { humanSize } from '../numbers.ts';
import { jsonText, type OutputForm, tableText } from '../output.ts';
import { drawZoneMap } from '../zones/map.ts';
import { reportLine } from '../zones/report.ts';
import { findApi, RestSession } from './session.ts';

/** How one kind of resource shows in a table. */
interface ResourceView<T> {
  readonly name: string;
  readonly path: string;
  readonly heading: readonly string[];
  row(resource: T): string[];
}

interface OutputFlags {
  readonly output: OutputForm;
}

const IMAGES: ResourceView<Image> = {
  name: 'image',
  path: '/v1/images',
  heading: ['ID', 'NAME', 'STATUS', 'SIZE', 'PROFILE', 'ZONES'],
  row: ({ id, name, status, size, profile, zoneCount }) => {
    return [id, name, status, humanSize(size), profile ?? 'plain', String(zoneCount ?? '-')];
  },
};

const EXPORTS: ResourceView<Export> = {
  name: 'export',
  path: '/v1/exports',
  heading: ['ID', 'NAME', 'STATUS', 'URI'],
  row: ({ id, name, status, uri }) => [id, name, status, uri ?? '-'],
};

const EXPERIMENTS: ResourceView<Experiment> = {
  name: 'experiment',
  path: '/v1/experiments',
  heading: ['ID', 'NAME', 'STATUS', 'PROGRESS', 'SEED'],
  row: ({ id, name, status, progress, seed }) => {
    return [id, name ?? '-', status, `${Math.round(progress * 100)}%`, String(seed)];
  },
};

export function addRestCommands(program: Command, context: CliContext): void {
  addImages(program, context);
  addExports(program, context);
  addExperiments(program, context);
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
      await create(context, IMAGES, { name, size, ...fields }, output);
    });
  image
    .command('zones')
    .description('report the zones of an image, live or at rest')
    .argument('<id>')
    .option('--map', 'draw a map, one cell a zone')
    .addOption(outputOption())
    .action(async (id: string, { output, map }: OutputFlags & { map?: true }) => {
      const { out } = context;
      const zones = await readZones(await connect(), id);
      if (output === 'json') out.write(jsonText(zones));
      else if (map)
        out.write(drawZoneMap(zones, { colours: out.isTerminal, columns: out.columns }));
      else out.write(zones.map(reportLine).join(''));
    });
}

function addExports(program: Command, context: CliContext): void {
  addCreate(addResource(program, context, EXPORTS), EXPORTS)
    .argument('<imageId>')
    .option('--name <name>', 'NBD export name; the name of the image if left out')
    .option('--read-only', 'refuse writes')
    .action(async (imageId: string, { output, ...fields }: OutputFlags) => {
      await create(context, EXPORTS, { imageId, ...fields }, output);
    });
}

function addExperiments(program: Command, context: CliContext): void {
  const experiment = addResource(program, context, EXPERIMENTS);
  addCreate(experiment, EXPERIMENTS)
    .argument('<definition>', 'JSON file, or - for standard input')
    .action(async (file: string, { output }: OutputFlags) => {
      await create(context, EXPERIMENTS, await readDefinition(file), output);
    });
  experiment
    .command('report')
    .description('print the report of a finished experiment')
    .argument('<id>')
    .addOption(outputOption())
    .action(async (id: string, { output }: OutputFlags) => {
      const session = await connect();
      const report = await session.get<object>(`${EXPERIMENTS.path}/${id}/report`);
      const { renderSummary } = await import('@zonelab/zone-workload');
      // the API hands out what the simulator wrote
      const summary = () => renderSummary(report as Parameters<typeof renderSummary>[0]);
      context.out.write(output === 'json' ? jsonText(report) : summary());
    });
}

/** `list`, `show` and `delete`, which every resource has. */
function addResource<T>(program: Command, context: CliContext, view: ResourceView<T>): Command {
  const { name, path } = view;
  const group = program.command(name).description(`the ${name}s of a lab, over REST`);
  group
    .command('list')
    .description(`list the ${name}s`)
    .addOption(outputOption())
    .action(async ({ output }: OutputFlags) => {
      print(context, view, await readAll<T>(await connect(), path), output);
    });
  group
    .command('show')
    .description(`show one ${name}`)
    .argument('<id>')
    .addOption(outputOption())
    .action(async (id: string, { output }: OutputFlags) => {
      printOne(context, view, await (await connect()).get<T>(`${path}/${id}`), output);
    });
  group
    .command('delete')
    .description(
      name === 'experiment' ? 'delete it, or cancel it while it runs' : `delete one ${name}`,
    )
    .argument('<id>')
    .action(async (id: string) => {
      await (await connect()).delete(`${path}/${id}`);
    });
  return group;
}

function addCreate<T>(group: Command, { name }: ResourceView<T>): Command {
  return group.command('create').description(`make one ${name}`).addOption(outputOption());
}

async function create<T>(
  context: CliContext,
  view: ResourceView<T>,
  body: object,
  output: OutputForm,
): Promise<void> {
  printOne(context, view, await (await connect()).post<T>(view.path, body), output);
}

async function connect(): Promise<RestSession> {
  return new RestSession(await findApi(defaultHome(), process.env));
}

function print<T>(
  { out }: CliContext,
  view: ResourceView<T>,
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

function printOne<T>(
  context: CliContext,
  view: ResourceView<T>,
  item: T,
  output: OutputForm,
): void {
  if (output === 'json') context.out.write(jsonText(item));
  else print(context, view, [item], output);
}

/** All pages of a list. */
async function readAll<T>(session: RestSession, path: string): Promise<T[]> {
  const all: T[] = [];
  for (let cursor = ''; ; ) {
    const page = await session.get<{ items: T[]; nextCursor: string | null }>(`${path}${cursor}`);
    all.push(...page.items);
    if (page.nextCursor === null) return all;
    cursor = `?cursor=${encodeURIComponent(page.nextCursor)}`;
  }
}

async function readZones(session: RestSession, id: string): Promise<ZoneReport['items']> {
  const zones: ZoneReport['items'] = [];
  for (let from = '0'; ; ) {
    const page = await session.get<ZoneReport>(`${IMAGES.path}/${id}/zones?from=${from}`);
    zones.push(...page.items);
    if (page.nextCursor === null) return zones;
    from = page.nextCursor;
  }
}

async function readDefinition(file: string): Promise<object> {
  const given = file === '-' ? await text(process.stdin) : readFileSync(file, 'utf8');
  let definition: unknown;
  try {
    definition = JSON.parse(given);
  } catch (cause) {
    throw new CliError('failed', `${file}: no JSON: ${describeError(cause)}`, { cause });
  }
  if (typeof definition === 'object' && definition !== null) return definition;
  throw usageError(file, typeof definition, 'a JSON object');
}
