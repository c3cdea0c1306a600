/** The command `img info`. */
import { type Command, Option } from 'commander';
import { type CliContext, outputOption } from '../context.ts';
import type { OutputForm } from '../output.ts';

interface InfoFlags {
  f?: 'raw' | 'qcow2';
  output: OutputForm;
  backingChain?: true;
}

export function addInfo(img: Command, context: CliContext): void {
  img
    .command('info')
    .description('show what an image is; opens neither its backing file nor its data file')
    .argument('<file>')
    .addOption(
      new Option('-f <format>', 'image format; found out when not given').choices(['raw', 'qcow2']),
    )
    .option('--backing-chain', 'show the files behind the image too')
    .option('-U, --force-share', 'accepted for compatibility: info never locks the image')
    .addOption(outputOption())
    .action(async (file: string, { f: format, output: form, backingChain }: InfoFlags) => {
      const { imgInfo } = await import('./info.ts');
      await imgInfo(file, { form, format, chain: backingChain === true }, context.out);
    });
}
