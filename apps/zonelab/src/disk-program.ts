/** Commands that open one image file themselves: `io`, `zones`, `nbd`. */
import type { FaultPlan } from '@zonelab/qcow2-zoned';
import type { Command } from 'commander';
import { type CliContext, collect, outputOption } from './context.ts';
import { FAULTS_HELP, faultPlanArgument } from './faults.ts';
import { cacheOption, failure, type ImageFlags, namedImage, takesObject } from './img/arguments.ts';
import { AIO_MODES, DISCARD_MODES } from './io/modes.ts';
import { addNbd } from './nbd/program.ts';
import { countArgument } from './numbers.ts';
import type { OutputForm } from './output.ts';
import { type ReadRuleFlags, readRulesOf, takesReadRules } from './read-rules.ts';
import { versionText } from './version.ts';

export function addDiskCommands(program: Command, context: CliContext): void {
  addIo(program, context);
  addZones(program, context);
  addNbd(program, context);
}

interface IoFlags extends ImageFlags, ReadRuleFlags {
  cmd: string[];
  format?: string;
  readOnly?: true;
  snapshot?: true;
  copyOnRead?: true;
  faults?: FaultPlan;
}

function addIo(program: Command, context: CliContext): void {
  takesReadRules(takesObject(program.command('io')))
    .version(
      versionText('io'),
      '-V, --version',
      'show the version, and whose tools this one is like',
    )
    .description("run qemu-io's commands, zone commands too, from -c or standard input")
    .argument('[file]')
    .option('-c, --cmd <command>', 'command to run; may be repeated', collect, [])
    .option('-f, --format <format>', 'image format: raw or qcow2; found out when not given')
    .option('--image-opts', 'the file name is a list such as driver=qcow2,file.filename=FILE')
    .option('-r, --read-only', 'open the image read-only')
    .option('-U, --force-share', 'open the image beside others that have it open')
    .option('-s, --snapshot', 'changes are thrown away at the end')
    .option('-C, --copy-on-read', 'keep in the image what is read from its backing file')
    .option('-m, --misalign', 'accepted for compatibility')
    .option('-n, --nocache', 'accepted for compatibility')
    .option('-k, --native-aio', 'accepted for compatibility')
    .option('-i, --aio <mode>', 'accepted for compatibility', oneOf('aio', AIO_MODES))
    .option('-d, --discard <mode>', 'accepted for compatibility', oneOf('discard', DISCARD_MODES))
    .addOption(cacheOption('-t, --cache <mode>'))
    .option('--faults <plan>', FAULTS_HELP, faultPlanArgument)
    .addHelpText('after', "\nThe command 'help' lists the commands.")
    .action(async (file: string | undefined, flags: IoFlags) => {
      const { runIo } = await import('./io/run.ts');
      const {
        cmd: commands,
        faults,
        snapshot = false,
        copyOnRead = false,
        readOnly = false,
      } = flags;
      const rules = readRulesOf(flags);
      const options = { readOnly, snapshot, copyOnRead, commands, faults, rules };
      const image = file === undefined ? undefined : namedImage(file, flags);
      context.exitCode = await runIo(image, options, context.out);
    });
}

const oneOf = (what: string, known: readonly string[]) => (mode: string) => {
  if (known.includes(mode)) return mode;
  throw failure(`Invalid ${what} option: ${mode}`);
};

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
