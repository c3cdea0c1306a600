/**
 * Opens disks of any format that we read, raw or qcow2, with the files behind them: the chain of backing files, read-only,
 * and external data files. Nothing is opened that the image does not name plainly, nothing outside the directories
 * that the caller allows, and nothing stays open when one of them fails.
 */
import { ImageError, invalidOption } from './errors.ts';
import { type BlockFile, HostFile } from './file.ts';
import { backingPath, confine, dataFilePath } from './file-name.ts';
import { encryptionOf } from './format/crypto-header.ts';
import { INCOMPATIBLE } from './format/feature-bits.ts';
import { backingFormatOf, dataFileOf, type Qcow2Header, readHeader } from './format/header.ts';
import type { Disk, Extent } from './image/disk.ts';
import { Qcow2Image } from './image/image.ts';
import { MAX_BACKING_DEPTH } from './limits.ts';
import { type DiskFormat, probeFormat } from './probe.ts';
import { RawDisk } from './raw-disk.ts';

export interface OpenDiskOptions {
  /** Without it the file is probed; raw is never guessed for a disk that is to be written. */
  readonly format?: DiskFormat;
  /** Default false. Backing files are read-only in any case. */
  readonly readOnly?: boolean;
  /** True: neither look at others' locks on the files nor take any. For readers only. */
  readonly shared?: boolean;
  /** False: flushes do not wait for the disk below: for new files that nobody relies on yet. Default true. */
  readonly sync?: boolean;
  /**
   * False: the backing file stays closed; reading what only it has is refused. A disk: it stands in for the backing
   * file, and stays the caller's to close.
   */
  readonly backing?: boolean | Disk;
  /** Every file must lie in one of these or below, symbolic links followed. Without it any place will do. */
  readonly allowedDirectories?: readonly string[];
  /** Autoclear bits that the caller keeps true while it writes (`ImageParts.maintained`). */
  readonly maintained?: bigint;
  /** Stands between the engine and the image file, or its data file. Backing files are not asked about. */
  readonly wrap?: (file: BlockFile, role: 'image' | 'data') => BlockFile;
}

/** An open disk with all its files. Offsets and lengths are bytes. */
export class OpenedDisk implements Disk {
  constructor(
    readonly path: string,
    readonly format: DiskFormat,
    /** What holds the bytes: a `Qcow2Image` or a `RawDisk`. */
    readonly content: Qcow2Image | RawDisk,
    /** The image file itself. */
    readonly file: BlockFile,
    readonly dataFile: BlockFile | undefined,
    readonly backing: OpenedDisk | undefined,
  ) {}

  get readOnly(): boolean {
    return this.content.readOnly;
  }

  get size(): number {
    return this.content.size;
  }

  /** Undefined for a raw disk. */
  get image(): Qcow2Image | undefined {
    return this.content instanceof Qcow2Image ? this.content : undefined;
  }

  read(offset: number, target: Uint8Array): void {
    this.content.read(offset, target);
  }

  extents(offset: number, length: number): Extent[] {
    return this.content.extents(offset, length);
  }

  /** The file in which the host offset of one of the disk's extents lies; undefined where that is not known. */
  fileOf(depth: number): BlockFile | undefined {
    if (depth > 0) return this.backing?.fileOf(depth - 1);
    return this.dataFile ?? this.file;
  }

  write(offset: number, data: Uint8Array): void {
    this.content.write(offset, data);
  }

  writeZeroes(offset: number, length: number): void {
    this.content.writeZeroes(offset, length);
  }

  unmap(offset: number, length: number): void {
    this.content.unmap(offset, length);
  }

  flush(): Promise<void> {
    return this.content.flush();
  }

  /** Makes everything durable and closes every file of the chain, also where one of the steps fails. */
  async close(): Promise<void> {
    try {
      if (!this.readOnly) await (this.image?.settle() ?? this.flush());
    } finally {
      this.abandon();
    }
  }

  /** Closes every file as it is. */
  abandon(): void {
    try {
      this.dataFile?.close();
      this.backing?.abandon();
    } finally {
      this.file.close();
    }
  }
}

/**
 * Opens the disk in the file `path`, for writing unless told otherwise; the refcounts of an image that was not closed
 * cleanly are repaired before it is written. Errors: `file_not_found`, `not_qcow2`,
 * `invalid_image`, `unsupported_feature`, `image_in_use`, `image_read_only`, `path_not_allowed`, `io_error`.
 */
export async function openDisk(path: string, options: OpenDiskOptions = {}): Promise<OpenedDisk> {
  return openOne(path, options, []);
}

/** `above`: identities of the images that this one stands below. */
async function openOne(
  path: string,
  options: OpenDiskOptions,
  above: readonly string[],
): Promise<OpenedDisk> {
  const readOnly = options.readOnly ?? false;
  const file = openFile(path, options, above);
  try {
    const format = options.format ?? guessFormat(file, readOnly);
    if (format === 'raw') return openRaw(path, file, options);
    return await openQcow2(path, file, options, [...above, file.identity]);
  } catch (error) {
    file.close();
    throw error;
  }
}

function openFile(path: string, options: OpenDiskOptions, above: readonly string[]): HostFile {
  const { allowedDirectories } = options;
  const readOnly = options.readOnly ?? false;
  const real = allowedDirectories === undefined ? path : confine(path, allowedDirectories);
  const file = HostFile.open(real, { readOnly, sync: options.sync });
  try {
    if (above.includes(file.identity))
      throw new ImageError('invalid_image', `${path}: the backing chain comes back to this file`, {
        path,
        field: 'backing_file',
      });
    if (!options.shared) file.lock(readOnly ? 'reader' : 'writer');
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

function guessFormat(file: HostFile, readOnly: boolean): DiskFormat {
  const format = probeFormat(file);
  if (format === 'qcow2' || readOnly) return format;
  throw invalidOption(
    'format',
    'none',
    `raw, said outright: ${file.path} is not qcow2, and a guest can make a raw disk look like anything`,
  );
}

function openRaw(path: string, host: HostFile, options: OpenDiskOptions): OpenedDisk {
  const sparse = host.occupied < host.length;
  const file = options.wrap?.(host, 'image') ?? host;
  const disk = new RawDisk(file, options.readOnly ?? false, sparse);
  return new OpenedDisk(path, 'raw', disk, file, undefined, undefined);
}

async function openQcow2(
  path: string,
  host: HostFile,
  options: OpenDiskOptions,
  chain: readonly string[],
): Promise<OpenedDisk> {
  const readOnly = options.readOnly ?? false;
  const file = options.wrap?.(host, 'image') ?? host;
  const header = readHeader(file);
  refuseClosedToUs(path, header, readOnly);
  if (!readOnly && (header.incompatibleFeatures & INCOMPATIBLE.dirty) !== 0n) {
    // its refcounts were put off and never written; loaded here, since most images need no repair
    const { repairRefcounts } = await import('./check/tables.ts');
    repairRefcounts(file);
  }
  const dataFile = await openDataFile(path, header, options, chain);
  let backing: OpenedDisk | undefined;
  try {
    backing = await openBacking(path, header, options, chain);
    const { maintained, backing: given } = options;
    const below = typeof given === 'object' ? given : backing;
    const image = await Qcow2Image.open(file, readOnly, { backing: below, dataFile, maintained });
    return new OpenedDisk(path, 'qcow2', image, file, dataFile, backing);
  } catch (error) {
    dataFile?.close();
    backing?.abandon();
    throw error;
  }
}

/** States in which an image tells of itself, but its data is not to be had. */
function refuseClosedToUs(path: string, header: Qcow2Header, readOnly: boolean): void {
  const has = (bit: bigint): boolean => (header.incompatibleFeatures & bit) !== 0n;
  const method = encryptionOf(header)?.method;
  if (method !== undefined)
    throw new ImageError(
      'unsupported_feature',
      `${path}: the image is encrypted (${method}): its data cannot be read, only its description`,
      { path, field: 'crypt_method', given: header.cryptMethod, allowed: '0 (none)' },
    );
  if (readOnly) return;
  if (has(INCOMPATIBLE.corrupt))
    throw new ImageError(
      'image_corrupt',
      `${path}: Image is corrupt; cannot be opened read/write. Repair it first`,
      { path, field: 'incompatible_features', given: 'corrupt bit' },
    );
}

async function openDataFile(
  path: string,
  header: Qcow2Header,
  options: OpenDiskOptions,
  chain: readonly string[],
): Promise<BlockFile | undefined> {
  if ((header.incompatibleFeatures & INCOMPATIBLE.dataFile) === 0n) return undefined;
  const name = dataFileOf(header);
  if (name === undefined)
    throw new ImageError(
      'invalid_image',
      `${path}: the image has an external data file, but does not name it`,
      { path, field: 'data_file' },
    );
  return behind(path, 'data file', () => {
    const file = openFile(dataFilePath(path, name), options, chain);
    return options.wrap?.(file, 'data') ?? file;
  });
}

async function openBacking(
  path: string,
  header: Qcow2Header,
  options: OpenDiskOptions,
  chain: readonly string[],
): Promise<OpenedDisk | undefined> {
  const name = header.backingFile;
  if (name === undefined || (options.backing ?? true) !== true) return undefined;
  if (chain.length >= MAX_BACKING_DEPTH)
    throw new ImageError(
      'invalid_image',
      `${path}: the backing chain is longer than ${MAX_BACKING_DEPTH} images`,
      { path, field: 'backing_file', given: name, allowed: `at most ${MAX_BACKING_DEPTH} images` },
    );
  const { shared, allowedDirectories } = options;
  const format = backingFormat(path, header);
  return behind(path, 'backing file', () =>
    openOne(
      backingPath(path, name),
      { readOnly: true, ...(format && { format }), shared, allowedDirectories },
      chain,
    ),
  );
}

/** The format that the image gives its backing file; undefined where it leaves that to be probed. */
export function backingFormat(path: string, header: Qcow2Header): DiskFormat | undefined {
  const format = backingFormatOf(header);
  if (format === undefined || format === 'qcow2' || format === 'raw') return format;
  throw new ImageError(
    'unsupported_feature',
    `${path}: backing format ${JSON.stringify(format)} is not supported, allowed is qcow2 or raw`,
    { path, field: 'backing_format', given: format, allowed: 'qcow2 or raw' },
  );
}

/** Tells of which image a file is missing, where it cannot be opened. */
async function behind<T>(path: string, what: string, open: () => T | Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (cause) {
    if (!(cause instanceof ImageError) || cause.context.path === path) throw cause;
    throw new ImageError(cause.code, `${path}: its ${what}: ${cause.message}`, cause.context, {
      cause,
    });
  }
}
