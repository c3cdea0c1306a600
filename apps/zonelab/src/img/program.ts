/** The `img` commands: qemu-img's arguments, output and exit codes. */
import type { Command } from 'commander';
import { type CliContext, collect } from '../context.ts';
import { usageError } from '../errors.ts';
import { versionText } from '../version.ts';
import { failure } from './arguments.ts';
import { addBitmap } from './bitmap-program.ts';
import { addChangeCommands } from './change-program.ts';
import { addCheck } from './check-program.ts';
import { addConvert } from './convert-program.ts';
import { addInfo } from './info-program.ts';
import { addLookCommands } from './look-program.ts';
import { addSnapshot } from './snapshot-program.ts';

interface CreateFlags {
  f: string;
  o: string[];
  b?: string;
  F?: string;
  u?: true;
  q?: true;
  fromReport?: string;
  data?: string;
}

export function addImgCommands(program: Command, context: CliContext): void {
  const img = program.command('img').description('create, show and check images, as qemu-img does');
  img.version(
    versionText('img'),
    '-V, --version',
    'show the version, and whose tools this one is like',
  );
  img
    .command('create')
    .description('make a new image, zoned when a zone option is given (-o help lists them)')
    .argument('[file]', 'replaced where it is there already')
    .argument('[size]', 'bytes, or a number with a suffix of K M G T')
    .option('-f <format>', 'image format: raw or qcow2', 'qcow2')
    .option('-o <options>', 'key=value,…; may be repeated', collect, [])
    .option('-b <file>', 'backing file; the new image records what differs from it')
    .option('-F <format>', 'format of the backing file')
    .option('-u', 'do not look at the backing file; the size must be given')
    .option('-q', 'print nothing')
    .option(
      '--from-report <report>',
      'the zones of a drive: what blkzone report printed; - is standard input',
    )
    .option('--data <file>', 'with --from-report: a raw copy of the drive')
    .action(async (file: string | undefined, size: string | undefined, flags: CreateFlags) => {
      if (flags.fromReport !== undefined || flags.data !== undefined) {
        await createFromReport(file, size, flags, context);
        return;
      }
      const { imgCreate } = await import('./create.ts');
      const { f: format, o: options, b: backingFile, F: backingFormat } = flags;
      const { u: unchecked = false, q: quiet = false } = flags;
      const backing = { backingFile, backingFormat, unchecked };
      await imgCreate({ format, file, size, options, ...backing, quiet }, context.out);
    });
  addInfo(img, context);
  addCheck(img, context);
  addLookCommands(img, context);
  addConvert(img, context);
  addChangeCommands(img, context);
  addSnapshot(img, context);
  addBitmap(img, context);
}

async function createFromReport(
  file: string | undefined,
  size: string | undefined,
  flags: CreateFlags,
  { out }: CliContext,
): Promise<void> {
  const { b, data, f, fromReport: report, o: options, q: quiet = false } = flags;
  if (report === undefined)
    throw usageError('--data', data ?? '', 'a file together with --from-report');
  if (file === undefined) throw failure('Expecting image file name');
  if (size !== undefined) throw usageError('size', size, 'none: the report tells it');
  if (b !== undefined) throw usageError('-b', b, 'nothing with --from-report');
  if (f !== 'qcow2') throw usageError('-f', f, 'qcow2 with --from-report');
  const { imgCreateFromReport } = await import('./create-from-report.ts');
  await imgCreateFromReport({ file, report, data, options, quiet }, out);
}
