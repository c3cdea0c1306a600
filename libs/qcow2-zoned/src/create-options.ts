/** What a new image may be: every option of `qemu-img create -f qcow2`, those of zones, and which of them exclude others. */

import { ImageError, invalidOption } from './errors.ts';
import type { ZoneTableContent } from './format/zone-table.ts';
import {
  MAX_BACKING_NAME_BYTES,
  MAX_CLUSTER_BITS,
  MIN_CLUSTER_BITS,
  MIN_EXTENDED_L2_CLUSTER_BITS,
} from './limits.ts';
import type { DiskFormat } from './probe.ts';
import type { ZoneGeometryOptions } from './zones/geometry.ts';

export const PREALLOCATION_MODES = ['off', 'metadata', 'falloc', 'full'] as const;
export type Preallocation = (typeof PREALLOCATION_MODES)[number];

export interface ZonedCreateOptions extends Omit<ZoneGeometryOptions, 'size'> {
  /** Default `native`; `v9` is for software that knows that one only, and is read-only to us. */
  readonly dialect?: 'native' | 'v9' | undefined;
  /** What the zones are at the start; the data must agree. Default: empty. */
  readonly content?: ZoneTableContent | undefined;
}

/** Sizes are bytes. Without `zoned` the image is a plain disk. */
export interface CreateOptions {
  /** A multiple of 512. */
  readonly size: number;
  /** Default 65536. */
  readonly clusterSize?: number | undefined;
  /** Version of the format: 2 (compat 0.10) or 3 (compat 1.1). Default 3. */
  readonly version?: 2 | 3 | undefined;
  /** Width of a reference count: 1, 2, 4, … 64. Default 16. */
  readonly refcountBits?: number | undefined;
  /** Default false. */
  readonly lazyRefcounts?: boolean | undefined;
  /** L2 entries with 32 subclusters each. Default false. */
  readonly extendedL2?: boolean | undefined;
  /** What compressed clusters are going to be compressed with. Default `zlib`. */
  readonly compressionType?: 'zlib' | 'zstd' | undefined;
  /** What of the disk has its place in the file from the start. Default `off`; `metadata` with a raw data file. */
  readonly preallocation?: Preallocation | undefined;
  readonly backing?: BackingOptions | undefined;
  /** Where the data is to lie, instead of in the image. */
  readonly dataFile?: DataFileOptions | undefined;
  readonly zoned?: ZonedCreateOptions | undefined;
  /** True: a file of that name is replaced, unless somebody has it open. Default false: it is refused. */
  readonly overwrite?: boolean | undefined;
}

export interface BackingOptions {
  /** As the image is to name it: a relative name starts from the image's directory. */
  readonly file: string;
  readonly format: DiskFormat;
  /** True: the file is not looked at, and need not exist. The size must be given then. */
  readonly unchecked?: boolean | undefined;
}

export interface DataFileOptions {
  /** As the image is to name it: a relative name starts from the working directory. It is made new. */
  readonly file: string;
  /** True: the file alone is the disk as a raw image, at all times. Default false. */
  readonly raw?: boolean | undefined;
}

/** `CreateOptions` in which the size may be left to the backing file. */
export type UnsizedCreateOptions = Omit<CreateOptions, 'size'> & { readonly size?: number };

/** Options with the defaults filled in. */
export type Settings = CreateOptions &
  Required<
    Pick<
      CreateOptions,
      'version' | 'refcountBits' | 'lazyRefcounts' | 'extendedL2' | 'compressionType'
    >
  > & { readonly clusterSize: number; readonly preallocation: Preallocation };

export const DEFAULT_CLUSTER_SIZE = 65_536;
const DEFAULT_REFCOUNT_BITS = 16;

/** Fills in the defaults. Throws `invalid_option` for what cannot be, alone or together. */
export function settle(options: CreateOptions): Settings {
  const raw = options.dataFile?.raw === true;
  const given = options.preallocation ?? 'off';
  const settings: Settings = {
    ...options,
    clusterSize: options.clusterSize ?? DEFAULT_CLUSTER_SIZE,
    version: options.version ?? 3,
    refcountBits: options.refcountBits ?? DEFAULT_REFCOUNT_BITS,
    lazyRefcounts: options.lazyRefcounts ?? false,
    extendedL2: options.extendedL2 ?? false,
    compressionType: options.compressionType ?? 'zlib',
    preallocation: raw && given === 'off' ? 'metadata' : given,
  };
  checkValues(settings);
  checkVersion(settings);
  checkCompanions(settings);
  checkZoned(settings);
  return settings;
}

function checkValues(settings: Settings): void {
  const { clusterSize, size, refcountBits, compressionType, version, preallocation } = settings;
  const bits = Math.log2(clusterSize);
  if (!Number.isInteger(bits) || bits < MIN_CLUSTER_BITS || bits > MAX_CLUSTER_BITS)
    throw invalidOption(
      'clusterSize',
      clusterSize,
      `a power of two from ${2 ** MIN_CLUSTER_BITS} to ${2 ** MAX_CLUSTER_BITS}`,
    );
  if (size > Number.MAX_SAFE_INTEGER) throw tooLarge(size);
  if (!Number.isSafeInteger(size) || size < 0 || size % 512 !== 0)
    throw invalidOption('size', size, 'a multiple of 512, not below 0');
  if (version !== 2 && version !== 3) throw invalidOption('version', version, '2 or 3');
  const order = Math.log2(refcountBits);
  if (!Number.isInteger(order) || order < 0 || order > 6)
    throw invalidOption('refcountBits', refcountBits, 'a power of two that does not exceed 64');
  if (compressionType !== 'zlib' && compressionType !== 'zstd')
    throw invalidOption('compressionType', compressionType, 'zlib or zstd');
  if (!PREALLOCATION_MODES.includes(preallocation))
    throw invalidOption('preallocation', preallocation, PREALLOCATION_MODES.join(', '));
}

/** Two options, each well formed, that do not go together. */
function refuse(field: string, given: string | number, message: string, allowed: string): never {
  throw new ImageError('invalid_option', message, { field, given, allowed });
}

/** The disk is longer than an L1 table maps, or than numbers count. */
export function tooLarge(size: number): ImageError {
  return new ImageError(
    'invalid_option',
    "The image size is too large for file format 'qcow2' (try using a larger cluster size)",
    { field: 'size', given: size, allowed: 'a smaller size, or larger clusters' },
  );
}

function checkVersion(settings: Settings): void {
  if (settings.version === 3) return;
  const needs = (field: string, given: string | number, what: string): never =>
    refuse(
      field,
      given,
      `${what} only supported with compatibility level 1.1 and above (use version=v3 or greater)`,
      'what version 2 has',
    );
  if (settings.dataFile) needs('dataFile', settings.dataFile.file, 'External data files are');
  if (settings.lazyRefcounts) needs('lazyRefcounts', 'on', 'Lazy refcounts are');
  if (settings.extendedL2) needs('extendedL2', 'on', 'Extended L2 entries are');
  if (settings.compressionType !== 'zlib')
    needs('compressionType', settings.compressionType, 'Other compression types than zlib are');
  if (settings.refcountBits !== DEFAULT_REFCOUNT_BITS)
    needs('refcountBits', settings.refcountBits, 'Other refcount widths than 16 bits are');
  if (settings.zoned) needs('zoned', 'zones', 'Zones are');
}

function checkCompanions(settings: Settings): void {
  const { backing, dataFile, preallocation, clusterSize, extendedL2 } = settings;
  if (extendedL2 && clusterSize < 2 ** MIN_EXTENDED_L2_CLUSTER_BITS)
    refuse(
      'clusterSize',
      clusterSize,
      'Extended L2 entries are only supported with cluster sizes of at least 16384 bytes',
      'at least 16384',
    );
  if (dataFile !== undefined) checkName('dataFile', dataFile.file);
  if (backing === undefined) return;
  checkName('backing', backing.file);
  if (backing.format !== 'qcow2' && backing.format !== 'raw')
    throw invalidOption('backing format', backing.format, 'qcow2 or raw');
  if (dataFile?.raw === true)
    refuse(
      'dataFile',
      dataFile.file,
      'Backing file and data-file-raw cannot be used at the same time',
      'a data file that is not raw',
    );
  if (preallocation !== 'off' && !extendedL2)
    refuse(
      'preallocation',
      preallocation,
      'Backing file and preallocation can only be used at the same time if extended_l2 is on',
      'off',
    );
}

function checkName(field: string, name: string): void {
  const bytes = Buffer.byteLength(name);
  if (bytes === 0 || bytes > MAX_BACKING_NAME_BYTES)
    throw invalidOption(field, name, `a name of 1 to ${MAX_BACKING_NAME_BYTES} bytes`);
}

function checkZoned({ zoned, size, dataFile, backing, preallocation }: Settings): void {
  if (zoned === undefined) return;
  if (size === 0) throw invalidOption('size', size, 'above 0 for a disk with zones');
  if (dataFile)
    refuse('dataFile', dataFile.file, 'Zones and external data files exclude each other', 'none');
  if (backing && zoned.dialect === 'v9')
    refuse('dialect', 'v9', 'Zones of dialect v9 have no backing file', 'native');
  if (preallocation !== 'off')
    refuse('preallocation', preallocation, 'Zones are never preallocated', 'off');
}
