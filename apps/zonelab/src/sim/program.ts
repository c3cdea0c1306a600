/** `zonelab sim`: experiments on simulated devices, without any service. */
import type { Command } from 'commander';
import { type CliContext, outputOption } from '../context.ts';
import { usageError } from '../errors.ts';
import { countArgument } from '../numbers.ts';
import type { OutputForm } from '../output.ts';

interface SimFlags {
  seed?: number;
  report?: string;
  preset: string;
  image?: string;
  validate?: string | true;
  output: OutputForm;
}

const HELP = `
A run file is YAML or JSON: name, seed, device, workload, and for many runs at once
sweep. A file that ends in .fio is a fio job file with zonemode=zbd, for the device
given with --preset. Fields are described in docs/simulation.md.

  device: {preset: zn540}
  workload:
    phases:
      - {kind: zone-append, blockSize: 4K, queueDepth: 8, seconds: 1}
  sweep:
    vary:
      'workload.phases[0].queueDepth': {from: 1, to: 32, factor: 2}`;

export function addSimCommand(program: Command, context: CliContext): void {
  program
    .command('sim')
    .description('run an experiment, or a sweep of them, on a simulated device')
    .argument('[file]', 'run file: .yaml, .yml, .json, or a fio job file: .fio')
    .option('--seed <number>', 'instead of the seed in the file', (text) =>
      countArgument('--seed', text),
    )
    .option('--report <folder>', 'write report.json, report.html and tables (CSV) there')
    .option(
      '--image <file>',
      'an empty zoned image that carries the run out byte by byte; its geometry is used',
    )
    .option('--preset <name>', 'device for a fio job file', 'zn540')
    .option(
      '--validate [preset]',
      'instead of a run: compare the presets, or one, with published figures',
    )
    .addOption(outputOption())
    .addHelpText('after', HELP)
    .action(async (file: string | undefined, flags: SimFlags) => {
      if (flags.validate !== undefined) {
        const { validatePresets } = await import('./validate.ts');
        context.exitCode = validatePresets(flags.validate, flags.output, context.out);
        return;
      }
      if (file === undefined) throw usageError('file', 'nothing', 'the path of a run file');
      const { simulateFile } = await import('./run.ts');
      await simulateFile(file, flags, context.out);
    });
}
