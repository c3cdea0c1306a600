/** The arguments of `zonelab img check`. */
import type { RepairMode } from '@zonelab/qcow2-zoned';
import type { Command } from 'commander';
import { type CliContext, outputOption } from '../context.ts';
import type { OutputForm } from '../output.ts';
import { failure, type ImageFlags, namedImage, takesImage } from './arguments.ts';

interface CheckFlags extends ImageFlags {
  output: OutputForm;
  q?: true;
  repair?: RepairMode;
}

export function addCheck(img: Command, context: CliContext): void {
  takesImage(img.command('check'), { long: true })
    .description(
      'check an image, and repair it; exit code 0 sound, 1 check failed, 2 corruptions, 3 leaks only, 63 not qcow2',
    )
    .argument('<file>')
    .option('-r, --repair <what>', 'repair: leaks, or all, zones included', repairMode)
    .option('-q', 'print nothing')
    .addOption(outputOption())
    .action(async (file: string, flags: CheckFlags) => {
      const { imgCheck } = await import('./check.ts');
      const { output: form, q: quiet = false, repair } = flags;
      context.exitCode = await imgCheck(
        namedImage(file, flags),
        { form, quiet, repair },
        context.out,
      );
    });
}

function repairMode(text: string): RepairMode {
  if (text === 'leaks' || text === 'all') return text;
  throw failure(`Unknown option value for -r (expecting 'leaks' or 'all'): ${text}`);
}
