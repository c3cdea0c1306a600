/** Flags that many `img` commands share, and how they name an image. */
import { type Command, Option } from 'commander';
import { CliError } from '../errors.ts';
import { readQemuSize } from '../numbers.ts';
import { parseOptionList } from './option-list.ts';

/** An image as a command line names it. */
export interface NamedImage {
  /** What was typed, for messages. */
  readonly name: string;
  readonly path: string;
  /** Undefined: to be found out. */
  readonly format: ImageFormat | undefined;
  /** Opened beside others that have it open, without locks. */
  readonly shared: boolean;
}

export type ImageFormat = 'raw' | 'qcow2';

/** As commander hands them over. */
export interface ImageFlags {
  readonly f?: string;
  /** `-f` of the commands that have a long form of it. */
  readonly format?: string;
  readonly imageOpts?: true;
  readonly forceShare?: true;
}

/** Adds `-f`, `--image-opts`, `--object` and `-U`. `long`: `--format` too, where qemu-img has it. */
export function takesImage(command: Command, { long = false } = {}): Command {
  const name = long ? '-f, --format' : '-f';
  return takesObject(command)
    .option(`${name} <format>`, 'image format: raw or qcow2; found out when not given')
    .option('--image-opts', 'the file name is a list such as driver=qcow2,file.filename=FILE')
    .option('-U, --force-share', 'open the image beside others that have it open');
}

/** Adds `--object`, which is refused: secrets and the like have no use here. */
export function takesObject(command: Command): Command {
  return command.addOption(
    new Option('--object <definition>', 'not supported').hideHelp().argParser(() => {
      throw failure('--object is not supported: encrypted images cannot be opened');
    }),
  );
}

/** Cache modes change nothing here: data reaches the disk before a command ends, where qemu-img's would. */
export function cacheOption(
  flag: `${'-t' | '-t, --cache' | '-T'} <${string}>`,
  exitCode?: number,
): Option {
  const what = flag.startsWith('-T') ? 'source cache' : 'cache';
  return new Option(flag, `${what} mode, as qemu-img's`).argParser((mode) => {
    if (CACHE_MODES.includes(mode)) return mode;
    throw new CliError('failed', `Invalid ${what} option: ${mode}`, {}, exitCode);
  });
}

export const CACHE_MODES = ['none', 'off', 'writeback', 'writethrough', 'directsync', 'unsafe'];

/** A failure in qemu-img's words. */
export function failure(message: string, options?: { cause?: unknown }): CliError {
  return new CliError('failed', message, options);
}

/** A size in bytes, or qemu-img's refusal: `what` is such as `start offset`. */
export function sizeOrRefuse(what: string, text: string): number {
  const bytes = readQemuSize(text);
  if (typeof bytes === 'number') return bytes;
  if (bytes === 'range')
    throw failure(`Invalid ${what} specified. Must be between 0 and 9223372036854775807.`);
  throw failure(
    `Invalid ${what} specified. You may use k, M, G, T, P or E suffixes for ` +
      'kilobytes, megabytes, gigabytes, terabytes, petabytes and exabytes.',
  );
}

export function asFormat(name: string, format: string): ImageFormat {
  if (format === 'raw' || format === 'qcow2') return format;
  throw failure(`Could not open '${name}': Unknown driver '${format}'`);
}

export function namedImage(name: string, flags: ImageFlags): NamedImage {
  const { format, f = format, imageOpts, forceShare } = flags;
  const shared = forceShare === true;
  if (imageOpts === undefined) {
    return { name, path: name, format: f === undefined ? undefined : asFormat(name, f), shared };
  }
  if (f !== undefined) throw failure('--image-opts and --format are mutually exclusive');
  return { name, shared, ...readImageOptions(name) };
}

/** Options of the file below an image that may be given and change nothing. */
const IGNORED_OPTIONS = ['driver', 'locking', 'aio', 'cache.direct', 'cache.no-flush'];

/** `driver=qcow2,file.filename=x`, `driver=file,filename=x`, and a raw driver over either. */
function readImageOptions(text: string): Pick<NamedImage, 'path' | 'format'> {
  const options = new Map(parseOptionList(text));
  const driver = options.get('driver');
  options.delete('driver');
  const plainFile = driver === 'file';
  const prefix = plainFile ? '' : 'file.';
  const path = options.get(`${prefix}filename`);
  if (driver === undefined && ![...options.keys()].some((key) => key.startsWith('file.')))
    throw failure(`Could not open '${text}': Must specify either driver or file`);
  if (path === undefined)
    throw failure(`Could not open '${text}': A block device must be specified for "file"`);
  options.delete(`${prefix}filename`);
  const below = options.get('file.driver');
  if (below !== undefined && below !== 'file')
    throw failure(`Could not open '${text}': Unknown driver '${below}'`);
  for (const option of options.keys())
    if (!IGNORED_OPTIONS.includes(option.replace(/^file\./, '')))
      throw failure(
        `Could not open '${text}': Block format '${driver ?? 'raw'}' does not support the option '${option}'`,
      );
  const format = driver === undefined ? undefined : plainFile ? 'raw' : asFormat(text, driver);
  return { path, format };
}
