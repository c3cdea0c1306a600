/** Commands that open one image file themselves: `io`, `zones`, `nbd`. */
import type { FaultPlan } from '@zonelab/qcow2-zoned';
import type { Command } from 'commander';
import { type CliContext, collect, outputOption } from './context.ts';
import { usageError } from './errors.ts';
import { faultPlanArgument } from './faults.ts';
import { countArgument } from './numbers.ts';
import type { OutputForm } from './output.ts';

export function addDiskCommands(program: Command, context: CliContext): void {
  addIo(program, context);
  addZones(program, context);
  addNbd(program, context);
}

const FAULTS_HELP = 'a fault plan: JSON, or a file that holds it';

interface IoFlags {
  cmd: string[];
  format: string;
  readOnly?: true;
  faults?: FaultPlan;
}

function addIo(program: Command, context: CliContext): void {
  program
    .command('io')
    .description("run qemu-io's commands, zone commands too, from -c or standard input")
    .argument('<file>')
    .option('-c, --cmd <command>', 'command to run; may be repeated', collect, [])
    .option('-f, --format <format>', 'image format', 'qcow2')
    .option('-r, --read-only', 'open the image read-only')
    .option('--faults <plan>', FAULTS_HELP, faultPlanArgument)
    .addHelpText('after', "\nThe command 'help' lists the commands.")
    .action(async (file: string, flags: IoFlags) => {
      if (flags.format !== 'qcow2') throw usageError('--format', flags.format, 'qcow2');
      const { runIo } = await import('./io/run.ts');
      const { cmd: commands, faults } = flags;
      const options = { readOnly: flags.readOnly === true, commands, faults };
      context.exitCode = await runIo(file, options, context.out);
    });
}

interface ZonesFlags {
  from: number;
  count?: number;
  state?: string;
  map?: true;
  output: OutputForm;
}

function addZones(program: Command, context: CliContext): void {
  program
    .command('zones')
    .description(
      'report the zones of an image or an NBD export, as blkzone report does, or draw them',
    )
    .argument('<file|uri>', 'image, or nbd://host:port/name, nbd+unix:///name?socket=path')
    .option('--from <index>', 'first zone', (text) => countArgument('--from', text), 0)
    .option('--count <zones>', 'zones at most', (text) => countArgument('--count', text))
    .option('--state <condition>', 'only zones in this condition, such as closed')
    .option('--map', 'draw a map, one cell a zone')
    .addOption(outputOption())
    .action(async (file: string, { from, count, state, map, output }: ZonesFlags) => {
      const { conditionArgument, showZones } = await import('./zones/run.ts');
      const condition = state === undefined ? undefined : conditionArgument(state);
      const options = { from, count, state: condition, map: map === true, form: output };
      await showZones(file, options, context.out);
    });
}

interface NbdFlags {
  socket?: string;
  port?: number;
  bind: string;
  export: string;
  readOnly?: true;
  faults?: FaultPlan;
}

const MAX_PORT = 65_535;

function addNbd(program: Command, context: CliContext): void {
  program
    .command('nbd')
    .description('serve one image over NBD until interrupted, as qemu-nbd does')
    .argument('<file>')
    .option('--socket <path>', 'listen on a Unix socket')
    .option('--port <number>', 'listen on a TCP port, 0 for any free one', (text) =>
      countArgument('--port', text, { max: MAX_PORT }),
    )
    .option('--bind <address>', 'address of the TCP port', '127.0.0.1')
    .option('--export <name>', 'name of the export', '')
    .option('--read-only', 'refuse writes')
    .option('--faults <plan>', FAULTS_HELP, faultPlanArgument)
    .action(async (file: string, flags: NbdFlags) => {
      const { socket, port, bind, export: name, readOnly, faults } = flags;
      if ((socket === undefined) === (port === undefined)) {
        throw usageError('--socket, --port', socket === undefined ? 'neither' : 'both', 'one');
      }
      const { serveImage } = await import('./nbd/run.ts');
      const place = socket === undefined ? { host: bind, port: port ?? 0 } : { path: socket };
      const options = { place, name, readOnly: readOnly === true, faults };
      await serveImage(file, options, context.out);
    });
}
