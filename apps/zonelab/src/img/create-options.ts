/** Reads `-o` lists into what the library makes images from. */
import {
  type AmendOptions,
  type CreateFromZonesOptions,
  invalidOption,
  type MeasureOptions,
  type UnsizedCreateOptions,
} from '@zonelab/qcow2-zoned';
import { asFormat, failure, sizeOrRefuse } from './arguments.ts';
import { type Draft, type OptionRule, RULES } from './create-rules.ts';

export type Pairs = readonly (readonly [name: string, value: string])[];

/** What the pairs say. A later pair wins. */
function readDraft(pairs: Pairs): { draft: Draft; isZoned: boolean } {
  const draft: Draft = { zoned: {} };
  let isZoned = false;
  for (const [name, text] of pairs) {
    const rule = RULES.find(({ names }) => names.includes(name));
    if (!rule) throw failure(`Invalid parameter '${name}'`);
    rule.set(draft, name, text);
    isZoned ||= rule.zoned;
  }
  return { draft, isZoned };
}

/** Options for `createImage`, from the SIZE argument and the `-o` pairs. */
export function readCreateOptions(
  sizeArgument: string | undefined,
  pairs: Pairs,
): UnsizedCreateOptions {
  const options = withZoneSize(readImageOptions(pairs));
  if (sizeArgument === undefined) return options;
  if (options.size !== undefined) throw failure('The image size must be specified only once');
  return { ...options, size: sizeOrRefuse('image size', sizeArgument) };
}

/** Options of an image that is made from another, whose zones may fill in what is not given. */
export type ImageOptions = Omit<UnsizedCreateOptions, 'zoned'> & {
  readonly zoned?: Draft['zoned'];
};

/** Throws `invalid_option` for a zoned image that nobody said the size of a zone of. */
export function withZoneSize({ zoned, ...options }: ImageOptions): UnsizedCreateOptions {
  if (zoned === undefined) return options;
  const { zoneSize } = zoned;
  if (zoneSize === undefined)
    throw invalidOption('zone_size', 'none', 'a size, since another option makes the image zoned');
  return { ...options, zoned: { ...zoned, zoneSize } };
}

/** The same of an image whose size is known otherwise. */
export function readImageOptions(pairs: Pairs): ImageOptions {
  const { draft, isZoned } = readDraft(pairs);
  const { zoned, backingFile, backingFormat, dataFile, dataFileRaw, nocow, ...base } = draft;
  const files = {
    ...readBacking(backingFile, backingFormat),
    ...readDataFile(dataFile, dataFileRaw),
  };
  return { ...base, ...files, ...(isZoned && { zoned }) };
}

/** Options of an image whose size and zones are known from elsewhere. */
export function readZonedOptions(pairs: Pairs): CreateFromZonesOptions {
  const { draft } = readDraft(pairs);
  const { zoned, clusterSize, refcountBits, lazyRefcounts, extendedL2, compressionType } = draft;
  for (const [name] of pairs)
    if (!zonedWith(name)) throw failure(`Invalid parameter '${name}' for zones of a report`);
  return { ...{ clusterSize, refcountBits, lazyRefcounts, extendedL2, compressionType }, zoned };
}

const zonedWith = (name: string) =>
  ['cluster_size', 'refcount_bits', 'lazy_refcounts', 'extended_l2', 'compression_type'].includes(
    name,
  ) || RULES.some(({ names, zoned }) => zoned && names.includes(name));

function readBacking(file: string | undefined, format: string | undefined) {
  if (file === undefined || file === '') {
    if (format === undefined) return {};
    throw failure('Backing format cannot be used without backing file');
  }
  if (format === undefined) throw failure('Backing file specified without backing format');
  if (format !== 'raw' && format !== 'qcow2') throw failure(`Unknown driver '${format}'`);
  return { backing: { file, format } as const };
}

function readDataFile(file: string | undefined, raw: boolean | undefined) {
  if (file !== undefined) return { dataFile: { file, raw } };
  if (raw) throw failure('data-file-raw requires data-file');
  return {};
}

/** Options that an image which is there can be given. */
const AMENDABLE = [
  ...['backing_file', 'backing_fmt', 'compat', 'data_file', 'data_file_raw'],
  ...['lazy_refcounts', 'refcount_bits', 'size'],
];

export function readAmendOptions(pairs: Pairs): AmendOptions {
  for (const [name] of pairs)
    if (!AMENDABLE.includes(name)) {
      const known = RULES.some(({ names }) => names.includes(name));
      const reason = known ? ': this option is only supported for image creation' : '';
      throw failure(`Invalid parameter '${name}'${reason}`);
    }
  const { backingFile, backingFormat, version, lazyRefcounts, refcountBits, ...others } =
    readDraft(pairs).draft;
  const { size, dataFile, dataFileRaw } = others;
  const format = backingFormat === undefined ? undefined : asFormat('', backingFormat);
  return {
    ...{ version, lazyRefcounts, refcountBits, size, dataFile, dataFileRaw },
    ...(backingFile !== undefined && { backing: { file: backingFile, ...(format && { format }) } }),
  };
}

/** What `amend -o help` prints. */
export function amendOptionsHelp(): string {
  return `Amend options for 'qcow2':\n${RULES.filter(({ names }) =>
    names.some((name) => AMENDABLE.includes(name)),
  )
    .map(helpLine)
    .join('')}`;
}

/** What decides how large an image becomes. `backed`: it will have a backing file. */
export function readMeasureOptions(pairs: Pairs): MeasureOptions & { readonly backed: boolean } {
  const { clusterSize, refcountBits, extendedL2, preallocation, backingFile } =
    readDraft(pairs).draft;
  const preallocated = preallocation === 'falloc' || preallocation === 'full';
  return { clusterSize, refcountBits, extendedL2, preallocated, backed: backingFile !== undefined };
}

/** What `-o help` prints. */
export function createOptionsHelp(): string {
  return `Supported qcow2 options:\n${RULES.map(helpLine).join('')}`;
}

function helpLine({ names, value, help }: OptionRule): string {
  const forms = names.map((name) => `${name}=${value}`).join(', ');
  return `  ${forms.padEnd(22)} - ${help}\n`;
}
