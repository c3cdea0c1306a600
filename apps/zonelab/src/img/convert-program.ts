/** The arguments of `zonelab img convert`. */
import { type Command, Option } from 'commander';
import { type CliContext, collect } from '../context.ts';
import { cacheOption, takesImage } from './arguments.ts';
import type { ConvertFlags } from './convert-flags.ts';

export function addConvert(img: Command, context: CliContext): void {
  takesImage(img.command('convert'))
    .description('copy disks into a new image, of another format or with other options')
    .argument('<files...>', 'one or more sources, then the new image')
    .option('-O <format>', 'format of the new image: raw or qcow2', 'raw')
    .option('-o <options>', 'key=value,… of the new image; may be repeated', collect, [])
    .option('-c', 'compress clusters (qcow2 only)')
    .option(
      '-B <file>',
      'backing file of the new image; only what the source itself holds is copied',
    )
    .option('-F <format>', 'format of that backing file')
    .option('-l <snapshot>', 'convert an internal snapshot, given by id or name')
    .option('-S <bytes>', 'zeroes shorter than this are written as data; 0: all are')
    .option('-n', 'write into an image that is there already')
    .option('-p', 'show progress')
    .option('-q', 'print nothing but errors')
    .option('--target-image-opts', 'the new image is named by a list such as driver=qcow2,…')
    .option('--target-is-zero', 'with -n: the target reads as zeroes')
    .option('--bitmaps', 'copy persistent bitmaps')
    .option('--skip-broken-bitmaps', 'with --bitmaps: leave out those that were not closed')
    .option('--salvage', 'go on where the source cannot be read, with zeroes')
    .addOption(cacheOption('-t <cache>'))
    .addOption(cacheOption('-T <cache>'))
    .addOption(new Option('-m <coroutines>', 'accepted for compatibility'))
    .addOption(new Option('-r <rate>', 'accepted for compatibility'))
    .addOption(new Option('-W', 'accepted for compatibility'))
    .addOption(new Option('-C', 'accepted for compatibility'))
    .action(async (files: string[], flags: ConvertFlags) => {
      const { createOptionsHelp } = await import('./create-options.ts');
      if (flags.o.some((list) => list === 'help' || list === '?')) {
        context.out.write(createOptionsHelp());
        return;
      }
      const { readConvertPlan } = await import('./convert-flags.ts');
      const plan = readConvertPlan(files, flags);
      const { imgConvert } = await import('./convert.ts');
      await imgConvert(plan, context.out);
    });
}
