/** `fleet`: many disks from one template, exported and attached. */
import { setTimeout as delay } from 'node:timers/promises';
import { type components, resultOf } from '@zonelab/client';
import type { Fleet, FleetDisk } from '@zonelab/contracts';
import type { Command } from 'commander';
import { type CliContext, outputOption } from '../context.ts';
import { CliError, usageError } from '../errors.ts';
import { jsonText, tableText } from '../output.ts';
import { addCreate, addResource, api, choice, type OutputFlags, printOne } from './commands.ts';
import { addGeometryOptions } from './geometry-options.ts';
import { FLEETS } from './resources.ts';

type Template = components['schemas']['CreateFleet']['template'];

const WATCH_EVERY_MS = 250;
const FOR_QEMU = { zeroes: 'reset', trim: 'ignore', limits: 'off' } as const;

interface CreateFlags extends OutputFlags, Template {
  readonly base?: string;
  readonly readOnly?: true;
  readonly forQemu?: true;
  readonly gateway?: string[];
  readonly wait?: true;
}

interface AttachFlags {
  readonly disk?: number;
  readonly format?: 'nbd' | 'qemu' | 'libvirt' | 'cloud-init';
  readonly fresh?: true;
}

export function addFleets(program: Command, context: CliContext): void {
  const fleet = addResource(program, context, FLEETS);
  addCreateFleet(fleet, context);
  addChanges(fleet, context);
  addDisks(fleet, context);
  addAttach(fleet, context);
}

function addCreateFleet(fleet: Command, context: CliContext): void {
  addGeometryOptions(addCreate(fleet, FLEETS))
    .argument('<name>')
    .argument('<count>', 'disks', Number)
    .option('--base <imageId>', 'each disk is an overlay of this image')
    .option('--size <size>', 'each disk is new, of this size')
    .option('--read-only', 'exports refuse writes')
    .option('--for-qemu', "export options that QEMU's emulated zoned drive needs")
    .option('--gateway <id...>', 'gateways that the disks go round; any live one if left out')
    .option('--wait', 'until all disks are exported')
    .action(async (name: string, count: number, flags: CreateFlags) => {
      const { output, base, readOnly, forQemu, gateway, wait, ...template } = flags;
      if ((base === undefined) === (template.size === undefined))
        throw usageError('--base, --size', base ? 'both' : 'neither', 'one of them');
      const body = {
        name,
        count,
        template: { ...template, ...(base !== undefined && { backingImageId: base }) },
        export: { readOnly, ...(forQemu && { options: FOR_QEMU }) },
        ...(gateway && { placement: { gatewayIds: gateway } }),
      };
      const made = await resultOf((await api()).POST('/v1/fleets', { body }));
      printOne(context, FLEETS, wait ? await settled(made.id) : made, output);
    });
}

function addChanges(fleet: Command, context: CliContext): void {
  fleet
    .command('resize')
    .description('more disks, or fewer: those with the highest numbers go')
    .argument('<id>')
    .argument('<count>', 'disks', Number)
    .addOption(outputOption())
    .action(async (id: string, count: number, { output }: OutputFlags) => {
      const call = (await api()).PATCH('/v1/fleets/{id}', {
        params: { path: { id } },
        body: { count },
      });
      printOne(context, FLEETS, await resultOf(call), output);
    });
  fleet
    .command('replace')
    .description('a new disk in place of one, under its name')
    .argument('<id>')
    .argument('<disk>', 'its number', Number)
    .addOption(outputOption())
    .action(async (id: string, disk: number, { output }: OutputFlags) => {
      const params = { path: { id, disk } };
      const call = (await api()).POST('/v1/fleets/{id}/disks/{disk}/replace', { params });
      printOne(context, FLEETS, await resultOf(call), output);
    });
  fleet
    .command('wait')
    .description('until the change that is going on has ended; fails where disks did')
    .argument('<id>')
    .addOption(outputOption())
    .action(async (id: string, { output }: OutputFlags) => {
      printOne(context, FLEETS, await settled(id), output);
    });
}

function addDisks(fleet: Command, { out }: CliContext): void {
  fleet
    .command('disks')
    .description('list the disks, with what was seen of their machines')
    .argument('<id>')
    .addOption(outputOption())
    .action(async (id: string, { output }: OutputFlags) => {
      const client = await api();
      const params = { path: { id }, query: { limit: 1000 } };
      const { items } = await resultOf(client.GET('/v1/fleets/{id}/disks', { params }));
      const heading = ['DISK', 'NAME', 'STATE', 'URI', 'CLIENTS', 'LAST SEEN', 'REASON'];
      out.write(output === 'json' ? jsonText(items) : tableText(heading, items.map(rowOf)));
    });
}

function rowOf(disk: FleetDisk): string[] {
  const { machine, reason, uri, desired, actual, exportStatus } = disk;
  const state = desired === 'absent' ? 'leaving' : (exportStatus ?? actual);
  return [
    String(disk.disk),
    disk.name,
    state,
    uri ?? '-',
    String(machine?.connections ?? '-'),
    machine?.lastSeenAt ?? 'never',
    reason ?? '-',
  ];
}

function addAttach(fleet: Command, { out }: CliContext): void {
  fleet
    .command('attach')
    .description('print what attaches one disk, or each of them, ready to paste')
    .argument('<id>')
    .option('--disk <number>', 'this one only', Number)
    .addOption(choice('--format <format>', 'form', ['nbd', 'qemu', 'libvirt', 'cloud-init']))
    .option('--fresh', 'with qemu: reset the zones of used disks first')
    .action(async (id: string, { disk, format, fresh }: AttachFlags) => {
      const query = { format, ...(fresh && { fresh: 'true' as const }) };
      const client = await api();
      if (disk !== undefined) {
        const params = { path: { id, disk }, query };
        const path = '/v1/fleets/{id}/disks/{disk}/attach';
        out.write(await resultOf(client.GET(path, { params, parseAs: 'text' })));
        return;
      }
      const call = client.GET('/v1/fleets/{id}/attach', { params: { path: { id }, query } });
      const { items } = await resultOf(call);
      out.write(items.map(({ content }) => content ?? '').join(''));
      const refused = items.flatMap(({ name, problem }) =>
        problem ? `${name}: ${problem.detail}` : [],
      );
      if (refused.length > 0) throw new CliError('failed', refused.join('; '));
    });
}

/** The fleet once its change has ended. */
async function settled(id: string): Promise<Fleet> {
  const client = await api();
  for (;;) {
    const fleet: Fleet = await FLEETS.get(client, id);
    if (fleet.status === 'ready') return fleet;
    if (fleet.status === 'degraded') {
      const { failed } = fleet.disks;
      throw new CliError('failed', `fleet ${fleet.name}: ${failed} disks failed; see fleet disks`);
    }
    await delay(WATCH_EVERY_MS);
  }
}
