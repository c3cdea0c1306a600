/** The arguments of `zonelab img bitmap`. */
import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { failure, type ImageFlags, namedImage, sizeOrRefuse, takesImage } from './arguments.ts';
import type { BitmapStep } from './bitmap.ts';

interface BitmapFlags extends ImageFlags {
  b?: string;
  F?: string;
  g?: string;
}

const SIMPLE_STEPS = ['add', 'remove', 'clear', 'enable', 'disable'] as const;

export function addBitmap(img: Command, context: CliContext): void {
  const steps: BitmapStep[] = [];
  const command = takesImage(img.command('bitmap'))
    .description('change a persistent dirty bitmap of an image; several steps are taken in order')
    .argument('[file]')
    .argument('[bitmap]')
    .option('--add', 'make the bitmap')
    .option('--remove', 'remove it')
    .option('--clear', 'forget what it has')
    .option('--enable', 'have writers keep it up to date')
    .option('--disable', 'have writers leave it as it is')
    .option('--merge <source>', 'add what another bitmap has')
    .option('-b <file>', 'the image of the bitmap that is merged; else it is the same image')
    .option('-F <format>', 'format of that image')
    .option('-g <bytes>', 'with --add: bytes of the disk that a bit stands for')
    .allowExcessArguments()
    .action(async (file: string, bitmap: string, flags: BitmapFlags) => {
      const granularity = readGranularity(flags.g);
      refuseCombinations(steps, flags);
      if (bitmap === undefined || command.args.length !== 2)
        throw failure('Expecting filename and bitmap name');
      const from = flags.b === undefined ? undefined : namedImage(flags.b, { f: flags.F });
      const { imgBitmap } = await import('./bitmap.ts');
      await imgBitmap(namedImage(file, flags), { bitmap, steps, granularity, from }, context.out);
    });
  for (const kind of SIMPLE_STEPS) command.on(`option:${kind}`, () => steps.push({ kind }));
  command.on('option:merge', (source: string) => steps.push({ kind: 'merge', source }));
}

/** 0 stands for the default. */
function readGranularity(text: string | undefined): number | undefined {
  return text === undefined ? undefined : sizeOrRefuse('granularity', text) || undefined;
}

function refuseCombinations(steps: readonly BitmapStep[], flags: BitmapFlags): void {
  const takes = (kind: BitmapStep['kind']) => steps.some((step) => step.kind === kind);
  if (steps.length === 0)
    throw failure('Need at least one of --add, --remove, --clear, --enable, --disable, or --merge');
  if (flags.g !== undefined && !takes('add'))
    throw failure('granularity only supported with --add');
  if (flags.b !== undefined && !takes('merge'))
    throw failure('Merge bitmap source file only supported with --merge');
  if (flags.F !== undefined && flags.b === undefined) throw failure('-F only supported with -b');
}
