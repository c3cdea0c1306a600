/** The commands of `zonelab io` that open files, close them, and tell of them. */

import { CliError } from '../errors.ts';
import { asFormat, CACHE_MODES, type NamedImage, namedImage } from '../img/arguments.ts';
import { parseOptionList } from '../img/option-list.ts';
import { statisticSize } from '../numbers.ts';
import { type CommandLine, IoUsageError } from './arguments.ts';
import { type IoCommand, simple } from './commands.ts';
import type { OpenFlags } from './io-file.ts';
import { AIO_MODES, DISCARD_MODES } from './modes.ts';
import { formatOf } from './open-target.ts';

/** Options of an open qcow2 image that may be set and change nothing that can be seen. */
const CHANGEABLE = /^(lazy-refcounts|overlap-check|pass-discard-\w+|(l2-|refcount-)?cache-[\w-]+)$/;

const open = simple(
  ['open', 'o'],
  'open the file specified by path',
  async ({ file }, { flags, operands }) => {
    if (operands.length > 1) throw new IoUsageError(undefined);
    refuseModes(flags);
    await file.open(readImage(operands[0], flags), readFlags(flags));
    return true;
  },
  {
    usage: '[-rsCnkU] [-t cache] [-d discard] [-o options] [path]',
    flags: 'rsCnkUi:t:d:o:',
    minOperands: 1,
    maxOperands: Number.POSITIVE_INFINITY,
    countsWords: true,
    needsNoFile: true,
  },
);

function refuseModes(flags: CommandLine['flags']): void {
  const check = (flag: string, what: string, known: readonly string[]) => {
    const mode = flags.get(flag);
    if (mode !== undefined && !known.includes(mode))
      throw new CliError('failed', `Invalid ${what} option: ${mode}`);
  };
  check('t', 'cache', CACHE_MODES);
  check('d', 'discard', DISCARD_MODES);
  check('i', 'aio', AIO_MODES);
}

const readFlags = (flags: CommandLine['flags']): OpenFlags => ({
  readOnly: flags.has('r'),
  snapshot: flags.has('s'),
  copyOnRead: flags.has('C'),
});

/** A path, or options that name one, or a path with options beside it, of which the driver counts. */
function readImage(path: string | undefined, flags: CommandLine['flags']): NamedImage {
  const list = flags.get('o');
  const forceShare = flags.has('U') ? true : undefined;
  if (path === undefined) return namedImage(list ?? '', { imageOpts: true, forceShare });
  const options = new Map(parseOptionList(list ?? ''));
  const driver = options.get('driver');
  options.delete('driver');
  const [unknown] = options.keys();
  if (unknown !== undefined)
    throw new CliError(
      'failed',
      `can't open device ${path}: Block format '${driver ?? 'qcow2'}' does not support the option '${unknown}'`,
    );
  const f = driver === undefined ? undefined : asFormat(path, driver);
  return namedImage(path, { f, forceShare });
}

const close = simple(['close', 'c'], 'close the current open file', async ({ file }) => {
  await file.close();
  return true;
});

const reopen = simple(
  ['reopen'],
  'reopens an image with new options',
  async ({ file, target }, { flags, operands }) => {
    if (operands.length > 0) throw new IoUsageError(undefined);
    const cache = flags.get('c');
    if (cache !== undefined && !CACHE_MODES.includes(cache))
      throw new CliError('failed', `Invalid cache option: ${cache}`);
    if (flags.has('r') && flags.has('w'))
      throw new CliError('failed', 'Only one -r/-w option may be given');
    for (const [option] of parseOptionList(flags.get('o') ?? ''))
      if (!CHANGEABLE.test(option))
        throw new CliError('failed', `Cannot change the option '${option}'`);
    const readOnly = flags.has('r') || (!flags.has('w') && target.readOnly);
    await file.reopen(readOnly);
    return true;
  },
  {
    usage: '[(-r|-w)] [-c cache] [-o options]',
    flags: 'rwc:o:',
    minOperands: 0,
    maxOperands: Number.POSITIVE_INFINITY,
  },
);

const info = simple(
  ['info', 'i'],
  'prints information about the current file',
  async ({ file, out }) => {
    const { image } = file;
    if (image === undefined) return false;
    const { inspectDisk } = await import('@zonelab/qcow2-zoned');
    const { formatSpecificText } = await import('../img/info.ts');
    const format = image.format ?? (await formatOf(image.path));
    const told = await inspectDisk(image.path, { format });
    const isRaw = told.format === 'raw';
    out.write(
      `format name: ${format}\n` +
        `cluster size: ${statisticSize(isRaw ? 0 : told.clusterSize)}\n` +
        `vm state offset: ${statisticSize(isRaw ? 0 : vmStateOffset(told))}\n` +
        (isRaw ? '' : formatSpecificText(told)),
    );
    return true;
  },
);

/** Past all that the L2 tables of the disk map. */
function vmStateOffset(told: {
  readonly virtualSize: number;
  readonly clusterSize: number;
  readonly extendedL2: boolean;
}): number {
  const { virtualSize, clusterSize, extendedL2 } = told;
  const span = clusterSize * (clusterSize / (extendedL2 ? 16 : 8));
  return Math.ceil(virtualSize / span) * span;
}

export const FILE_COMMANDS: readonly IoCommand[] = [open, close, reopen, info];
