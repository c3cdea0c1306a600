/** The REST API from a shell: `image`, `export`, `experiment`, `fleet`, `key`. */
import { type components, resultOf } from '@zonelab/client';
import { Argument, type Command } from 'commander';
import { type CliContext, outputOption } from '../context.ts';
import { jsonText } from '../output.ts';
import { drawZoneMap } from '../zones/map.ts';
import { reportLine } from '../zones/report.ts';
import { addCreate, addResource, api, choice, type OutputFlags, printOne } from './commands.ts';
import { addExperiments } from './experiments.ts';
import { addFleets } from './fleets.ts';
import { addGeometryOptions } from './geometry-options.ts';
import { EXPORTS, IMAGES, KEYS, readZones } from './resources.ts';

type ExportOptions = NonNullable<components['schemas']['CreateExport']['options']>;

type Role = components['schemas']['Key']['role'];

interface AttachFlags {
  readonly format?: 'nbd' | 'qemu' | 'libvirt' | 'cloud-init';
  readonly fresh?: true;
}

export function addRestCommands(program: Command, context: CliContext): void {
  addImages(program, context);
  addExports(program, context);
  addExperiments(program, context);
  addFleets(program, context);
  addKeys(program, context);
}

function addImages(program: Command, context: CliContext): void {
  const image = addResource(program, context, IMAGES);
  addGeometryOptions(addCreate(image, IMAGES))
    .argument('<name>')
    .argument('<size>', 'bytes, or a number with a suffix of K M G T')
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
