/** `zonelab img create`: new images, qcow2 or raw, and overlays over others. */
import {
  createImage,
  createRaw,
  ImageError,
  type UnsizedCreateOptions,
  withBackingSize,
} from '@zonelab/qcow2-zoned';
import { CliError, describeError } from '../errors.ts';
import type { Output } from '../output.ts';
import { SECTOR_BYTES } from '../zones/wire-names.ts';
import { failure } from './arguments.ts';
import { createOptionsHelp, type Pairs, readCreateOptions } from './create-options.ts';
import { parseOptionList } from './option-list.ts';

export interface CreateArguments {
  readonly format: string;
  /** Undefined is for `-o help` alone. */
  readonly file: string | undefined;
  readonly size?: string;
  /** The texts of all -o. */
  readonly options: readonly string[];
  readonly backingFile?: string;
  readonly backingFormat?: string;
  /** The backing file is not looked at. */
  readonly unchecked: boolean;
  readonly quiet: boolean;
}

type NamedArguments = CreateArguments & { readonly file: string };

/** qemu's default, 64 KiB. */
export const DEFAULT_CLUSTER_BYTES = 65_536;

export async function imgCreate(args: CreateArguments, out: Output): Promise<void> {
  const { format } = args;
  const pairs: Pairs = [
    ...args.options.flatMap(parseOptionList),
    ...optional('backing_file', args.backingFile),
    ...optional('backing_fmt', args.backingFormat),
  ];
  if (pairs.some(([name]) => name === 'help' || name === '?')) {
    out.write(createOptionsHelp());
    return;
  }
  const { file } = args;
  if (file === undefined) throw failure('Expecting image file name');
  try {
    if (format === 'raw') await makeRaw({ ...args, file }, pairs, out);
    else if (format === 'qcow2') await makeQcow2({ ...args, file }, pairs, out);
    else throw failure(`Unknown file format '${format}'`);
  } catch (error) {
    if (!(error instanceof ImageError || error instanceof CliError)) throw error;
    const isSize = describeError(error).startsWith('Invalid image size');
    throw failure(`${isSize ? '' : `${file}: `}${creationFailure(file, error)}`, { cause: error });
  }
}

const optional = (name: string, value: string | undefined): [string, string][] =>
  value === undefined ? [] : [[name, value]];

async function makeQcow2(args: NamedArguments, pairs: Pairs, out: Output): Promise<void> {
  const given = readCreateOptions(args.size, pairs);
  const backing = given.backing && { ...given.backing, unchecked: args.unchecked };
  if (given.size === undefined && (backing === undefined || args.unchecked))
    throw failure('Image creation needs a size parameter');
  const { size } = await withBackingSize(args.file, { ...given, backing });
  const options = { ...given, backing, size: Math.ceil(size / SECTOR_BYTES) * SECTOR_BYTES };
  if (!args.quiet) out.write(formattingLine(args.file, { ...options, size }, pairs));
  await createImage(args.file, { ...options, overwrite: true });
}

async function makeRaw(args: NamedArguments, pairs: Pairs, out: Output): Promise<void> {
  for (const [name] of pairs) {
    if (name.startsWith('backing'))
      throw failure("Backing file not supported for file format 'raw'");
    if (name !== 'size' && name !== 'preallocation') throw failure(`Invalid parameter '${name}'`);
  }
  const { size, preallocation } = readCreateOptions(args.size, pairs);
  if (size === undefined) throw failure('Image creation needs a size parameter');
  if (preallocation === 'metadata')
    throw failure("Parameter 'preallocation' does not accept value 'metadata'");
  const words = preallocation === undefined ? '' : ` preallocation=${preallocation}`;
  if (!args.quiet) out.write(`Formatting '${args.file}', fmt=raw size=${size}${words}\n`);
  if (!Number.isSafeInteger(size))
    throw failure("The image size is too large for file format 'raw'");
  await createRaw(args.file, { size, preallocation });
}

/** Fields of the library's refusals, and what qemu-img says of them. */
const REFUSALS: Readonly<Record<string, string>> = {
  clusterSize: 'Cluster size must be a power of two between 512 and 2048k',
  refcountBits: 'Refcount width must be a power of two and may not exceed 64 bits',
};

/** Why no image can be made of these options, in qemu-img's words where it has some. */
export function creationFailure(file: string, error: Error): string {
  if (!(error instanceof ImageError)) return describeError(error);
  const { field = '', path = file } = error.context;
  const known = REFUSALS[field];
  if (known !== undefined && error.message.startsWith(`${field}: got`)) return known;
  switch (error.code) {
    case 'file_not_found':
      return path === file
        ? `Could not create '${path}': No such file or directory`
        : `Could not open '${path}': No such file or directory`;
    case 'image_in_use':
      return `Failed to get "write" lock: is another process using the image [${path}]?`;
    default:
      return describeError(error);
  }
}

/** qemu-img's line, with the zoned options where the proposals add them. */
function formattingLine(
  file: string,
  options: UnsizedCreateOptions & { readonly size: number },
  pairs: Pairs,
): string {
  const { size, clusterSize, zoned, backing, dataFile, preallocation, compressionType } = options;
  const given = (option: string) => pairs.findLast(([name]) => name === option)?.[1];
  const onOff = (value: boolean | undefined) => (value ? 'on' : 'off');
  const words = [
    ['cluster_size', clusterSize ?? DEFAULT_CLUSTER_BYTES],
    ['extended_l2', onOff(options.extendedL2)],
    ['preallocation', preallocation],
    ['compression_type', compressionType ?? 'zlib'],
    ...(zoned ? zonedWords(zoned) : []),
    ['size', size],
    ['compat', given('compat')],
    ['data_file', dataFile?.file],
    ['data_file_raw', dataFile?.raw === undefined ? undefined : onOff(dataFile.raw)],
    ['backing_file', backing?.file],
    ['backing_fmt', backing?.format],
    ['lazy_refcounts', onOff(options.lazyRefcounts)],
    ['refcount_bits', options.refcountBits ?? 16],
    ['nocow', given('nocow')],
  ].filter(([, value]) => value !== undefined);
  const text = words.map(([name, value]) => `${name}=${value}`).join(' ');
  return `Formatting '${file}', fmt=qcow2 ${text}\n`;
}

function zonedWords(zoned: NonNullable<UnsizedCreateOptions['zoned']>) {
  return [
    ['zoned_profile', zoned.profile ?? 'zbc'],
    ['zone_size', zoned.zoneSize],
    ['zone_capacity', zoned.zoneCapacity ?? zoned.zoneSize],
    ['zone_nr_conv', zoned.conventionalZones ?? 0],
    ['max_append_sectors', (zoned.maxAppendBytes ?? 0) / SECTOR_BYTES],
    ['max_active_zones', zoned.maxActiveZones ?? 0],
    ['max_open_zones', zoned.maxOpenZones ?? 0],
  ] as const;
}
