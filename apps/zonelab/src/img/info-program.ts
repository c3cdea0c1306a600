/** The command `img info`. */
import type { Command } from 'commander';
import { type CliContext, outputOption } from '../context.ts';
import type { OutputForm } from '../output.ts';
import { type ImageFlags, namedImage, takesImage } from './arguments.ts';

interface InfoFlags extends ImageFlags {
  output: OutputForm;
  backingChain?: true;
}

export function addInfo(img: Command, context: CliContext): void {
  takesImage(img.command('info'), { long: true })
    .description('show what an image is; opens neither its backing file nor its data file')
    .argument('<file>')
    .option('--backing-chain', 'show the files behind the image too')
    .addOption(outputOption())
    .action(async (file: string, flags: InfoFlags) => {
      const { imgInfo } = await import('./info.ts');
      const { output: form, backingChain } = flags;
      const options = { form, chain: backingChain === true };
      await imgInfo(namedImage(file, flags), options, context.out);
    });
}
