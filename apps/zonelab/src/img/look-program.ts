/** The arguments of the `img` commands that only look: map, measure, compare, bench. */
import type { Command } from 'commander';
import { type CliContext, collect, outputOption } from '../context.ts';
import type { OutputForm } from '../output.ts';
import { cacheOption, type ImageFlags, namedImage, sizeOrRefuse, takesImage } from './arguments.ts';
import type { BenchFlags } from './bench.ts';

export function addLookCommands(img: Command, context: CliContext): void {
  addMap(img, context);
  addMeasure(img, context);
  addCompare(img, context);
  addBench(img, context);
}

interface MapFlags extends ImageFlags {
  startOffset: number;
  maxLength?: number;
  output: OutputForm;
}

function addMap(img: Command, context: CliContext): void {
  takesImage(img.command('map'), { long: true })
    .description('show which file of a chain holds which part of the disk')
    .argument('<file>')
    .option(
      '-s, --start-offset <offset>',
      'where to begin',
      (text) => sizeOrRefuse('start offset', text),
      0,
    )
    .option('-l, --max-length <length>', 'how far to look', (text) =>
      sizeOrRefuse('max length', text),
    )
    .addOption(outputOption())
    .action(async (file: string, flags: MapFlags) => {
      const { imgMap } = await import('./map.ts');
      const { output: form, startOffset: start, maxLength } = flags;
      await imgMap(namedImage(file, flags), { form, start, maxLength }, context.out);
    });
}

interface MeasureFlags extends ImageFlags {
  O: string;
  o: string[];
  size?: string;
  l?: string;
  output: OutputForm;
}

function addMeasure(img: Command, context: CliContext): void {
  takesImage(img.command('measure'))
    .description('tell how large the file of a new image, or of a converted one, would be')
    .argument('[file]', 'the image to be converted')
    .option('--size <bytes>', 'size of the disk, when there is no image yet')
    .option('-O <format>', 'format of the new image: raw or qcow2', 'raw')
    .option('-o <options>', 'key=value,… of the new image; may be repeated', collect, [])
    .option('-l <snapshot>', 'take the image as it was in an internal snapshot')
    .addOption(outputOption())
    .action(async (file: string | undefined, flags: MeasureFlags) => {
      const { imgMeasure } = await import('./measure.ts');
      await imgMeasure(file, flags, context.out);
    });
}

interface CompareFlags extends ImageFlags {
  F?: string;
  s?: true;
  p?: true;
  q?: true;
}

function addCompare(img: Command, context: CliContext): void {
  takesImage(img.command('compare'))
    .description(
      'tell whether two disks hold the same; exit code 0 same, 1 different, 2 and up failed',
    )
    .argument('<file1>')
    .argument('<file2>')
    .option('-F <format>', 'format of the second image')
    .option('-s', 'strict: sizes and what is allocated must agree too')
    .option('-p', 'show progress')
    .option('-q', 'print nothing but errors')
    .addOption(cacheOption('-T <cache>', 2))
    .action(async (file1: string, file2: string, flags: CompareFlags) => {
      const { imgCompare } = await import('./compare.ts');
      const { s: strict = false, p: progress = false, q: quiet = false } = flags;
      const images = () =>
        [namedImage(file1, flags), namedImage(file2, { ...flags, f: flags.F })] as const;
      context.exitCode = await imgCompare(images, { strict, progress, quiet }, context.out);
    });
}

function addBench(img: Command, context: CliContext): void {
  takesImage(img.command('bench'))
    .description('send requests of one size to an image and take the time')
    .argument('<file>')
    .option('-c <count>', 'requests', '75000')
    .option('-d <depth>', 'requests at a time', '64')
    .option('-s <bytes>', 'size of a request', '4096')
    .option('-S <bytes>', 'from one request to the next; the size when not given')
    .option('-o <offset>', 'where to begin', '0')
    .option('-w', 'write instead of reading')
    .option('--pattern <byte>', 'what to write', '0')
    .option('--flush-interval <requests>', 'flush each time so many were written')
    .option('--no-drain', 'do not wait for requests before a flush')
    .option('-q', 'print nothing but errors')
    .option('-n', 'accepted for compatibility: native AIO')
    .option('-i <mode>', 'accepted for compatibility: threads, native or io_uring')
    .addOption(cacheOption('-t <cache>'))
    .action(async (file: string, flags: BenchFlags & ImageFlags) => {
      const { imgBench } = await import('./bench.ts');
      await imgBench(namedImage(file, flags), flags, context.out);
    });
}
