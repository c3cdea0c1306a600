/** The `img` commands: qemu-img's arguments, output and exit codes. */
import { type Command, Option } from 'commander';
import { type CliContext, collect, outputOption } from '../context.ts';
import type { OutputForm } from '../output.ts';
import { addChangeCommands } from './change-program.ts';
import { addCheck } from './check-program.ts';
import { addLookCommands } from './look-program.ts';
import { addSnapshot } from './snapshot-program.ts';

interface CreateFlags {
  f: string;
  o: string[];
  b?: string;
  F?: string;
  u?: true;
  q?: true;
}

export function addImgCommands(program: Command, context: CliContext): void {
  const img = program.command('img').description('create, show and check images, as qemu-img does');
  img
    .command('create')
    .description('make a new image, zoned when a zone option is given (-o help lists them)')
    .argument('<file>', 'replaced where it is there already')
    .argument('[size]', 'bytes, or a number with a suffix of K M G T')
    .option('-f <format>', 'image format: raw or qcow2', 'qcow2')
    .option('-o <options>', 'key=value,…; may be repeated', collect, [])
    .option('-b <file>', 'backing file; the new image records what differs from it')
    .option('-F <format>', 'format of the backing file')
    .option('-u', 'do not look at the backing file; the size must be given')
    .option('-q', 'print nothing')
    .action(async (file: string, size: string | undefined, flags: CreateFlags) => {
      const { imgCreate } = await import('./create.ts');
      const { f: format, o: options, b: backingFile, F: backingFormat } = flags;
      const { u: unchecked = false, q: quiet = false } = flags;
      const backing = { backingFile, backingFormat, unchecked };
      await imgCreate({ format, file, size, options, ...backing, quiet }, context.out);
    });
  addInfo(img, context);
  addCheck(img, context);
  addLookCommands(img, context);
  addChangeCommands(img, context);
  addSnapshot(img, context);
}

interface InfoFlags {
  f?: 'raw' | 'qcow2';
  output: OutputForm;
  backingChain?: true;
}

function addInfo(img: Command, context: CliContext): void {
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
