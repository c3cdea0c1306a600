/** The arguments of the `img` commands that write images, convert aside: dd, resize, rebase, commit, amend. */
import type { Command } from 'commander';
import { type CliContext, collect } from '../context.ts';
import {
  cacheOption,
  failure,
  type ImageFlags,
  type ImageFormat,
  namedImage,
  sizeOrRefuse,
  takesImage,
} from './arguments.ts';
import { parseOptionList } from './option-list.ts';

export function addChangeCommands(img: Command, context: CliContext): void {
  addDd(img, context);
  addResize(img, context);
  addRebase(img, context);
  addCommit(img, context);
  addAmend(img, context);
}

function addDd(img: Command, context: CliContext): void {
  takesImage(img.command('dd'))
    .description('copy blocks of one disk to a new image')
    .argument('<operands...>', 'if=FILE of=FILE [bs=BYTES] [count=BLOCKS] [skip=BLOCKS]')
    .option('-O <format>', 'format of the new image', outputFormat, 'raw')
    .action(async (operands: string[], flags: ImageFlags & { O: ImageFormat }) => {
      const { imgDd } = await import('./dd.ts');
      await imgDd(operands, flags, context.out);
    });
}

function addResize(img: Command, context: CliContext): void {
  takesImage(img.command('resize'))
    .description('change the size of a disk')
    // -1G is a size, not an option
    .allowUnknownOption()
    .argument('<file>')
    .argument('<size>', 'bytes, or +bytes or -bytes; suffixes of K M G T')
    .option('--shrink', 'allow the disk to get smaller')
    .option('--preallocation <mode>', 'space for what is new: off, metadata, falloc or full')
    .option('-q', 'print nothing but errors')
    .action(async (file: string, size: string, flags: ResizeFlags) => {
      const { imgResize } = await import('./resize.ts');
      const { shrink = false, preallocation, q: quiet = false } = flags;
      const args = { size, shrink, preallocation, quiet };
      await imgResize(namedImage(file, flags), args, context.out);
    });
}

interface ResizeFlags extends ImageFlags {
  shrink?: true;
  preallocation?: string;
  q?: true;
}

function addRebase(img: Command, context: CliContext): void {
  takesImage(img.command('rebase'))
    .description('give an image another backing file')
    .argument('<file>')
    .option('-b <file>', 'the new backing file; an empty name: none')
    .option('-F <format>', 'its format')
    .option('-u', 'change the name only; the content may change with it')
    .option('-p', 'show progress')
    .option('-q', 'print nothing but errors')
    .addOption(cacheOption('-t <cache>'))
    .addOption(cacheOption('-T <cache>'))
    .action(async (file: string, flags: RebaseFlags) => {
      const { imgRebase } = await import('./rebase.ts');
      const { b: backingFile, F: backingFormat, u: unsafe = false } = flags;
      const progress = flags.p === true && flags.q !== true;
      const args = { backingFile, backingFormat, unsafe, progress };
      await imgRebase(namedImage(file, flags), args, context.out);
    });
}

interface RebaseFlags extends ImageFlags {
  b?: string;
  F?: string;
  u?: true;
  p?: true;
  q?: true;
}

function addCommit(img: Command, context: CliContext): void {
  takesImage(img.command('commit'))
    .description('move what an overlay holds into its backing file')
    .argument('<file>')
    .option('-b <base>', 'the file of the chain that takes it; leaves the overlay as it is')
    .option('-d', 'leave the overlay as it is, instead of emptying it')
    .option('-r <rate>', 'accepted for compatibility', (rate) => sizeOrRefuse('rate limit', rate))
    .option('-p', 'show progress')
    .option('-q', 'print nothing but errors')
    .addOption(cacheOption('-t <cache>'))
    .action(async (file: string, flags: CommitFlags) => {
      const { imgCommit } = await import('./commit.ts');
      const { b: base, d: keep = false, p: progress = false, q: quiet = false } = flags;
      await imgCommit(namedImage(file, flags), { base, keep, progress, quiet }, context.out);
    });
}

interface CommitFlags extends ImageFlags {
  b?: string;
  d?: true;
  p?: true;
  q?: true;
}

function addAmend(img: Command, context: CliContext): void {
  takesImage(img.command('amend'))
    .description(
      'change what an image is: version, refcount width, lazy refcounts, size, data file',
    )
    .argument('[file]')
    .option('-o <options>', 'key=value,…; may be repeated (help lists them)', collect, [])
    .option('-p', 'show progress')
    .option('-q', 'print nothing but errors')
    .option('--force', 'accepted for compatibility')
    .addOption(cacheOption('-t <cache>'))
    .action(async (file: string | undefined, flags: AmendFlags) => {
      if (flags.o.length === 0) throw failure('Must specify options (-o)');
      const { amendOptionsHelp } = await import('./create-options.ts');
      const pairs = flags.o.flatMap(parseOptionList);
      if (pairs.some(([name]) => name === 'help' || name === '?')) {
        context.out.write(amendOptionsHelp());
        return;
      }
      if (file === undefined) throw failure('Expecting one image file name');
      const { imgAmend } = await import('./amend.ts');
      const progress = flags.p === true && flags.q !== true;
      await imgAmend(namedImage(file, flags), { pairs, progress }, context.out);
    });
}

interface AmendFlags extends ImageFlags {
  o: string[];
  p?: true;
  q?: true;
}

function outputFormat(name: string): ImageFormat {
  if (name === 'raw' || name === 'qcow2') return name;
  throw failure('Unknown file format');
}
