/**
 * What an image's header tells, and the tables that it names beside the data. Opens no other file, takes no lock, and
 * allocates nothing by the numbers it reads beyond the bounds of limits.ts.
 */
import fs from 'node:fs';
import { ImageError } from './errors.ts';
import { type BlockFile, HostFile } from './file.ts';
import { backingPath, confine } from './file-name.ts';
import type { Bitmap } from './format/bitmaps.ts';
import { roundUp } from './format/bytes.ts';
import { type Encryption, encryptionOf } from './format/crypto-header.ts';
import { AUTOCLEAR, COMPATIBLE, INCOMPATIBLE } from './format/feature-bits.ts';
import { refuseUnsupportedFeatures } from './format/features.ts';
import { backingFormatOf, dataFileOf, type Qcow2Header, readHeader } from './format/header.ts';
import { decodeSnapshots, type Snapshot } from './format/snapshot-table.ts';
import { describeZoned, type ZonedDialect } from './format/zoned-dialects.ts';
import type { ZoneTableInfo } from './format/zoned-extension.ts';
import { locksWork } from './host-calls.ts';
import { readBitmaps } from './image/bitmap-list.ts';
import { MAX_BACKING_DEPTH } from './limits.ts';
import { type DiskFormat, probeFormat } from './probe.ts';
import type { ZonedGeometry } from './zones/zone.ts';

/** Sizes are bytes. */
export interface FileInfo {
  readonly path: string;
  readonly virtualSize: number;
  /** Space that the file occupies on its file system. */
  readonly actualSize: number;
}

export interface RawInfo extends FileInfo {
  readonly format: 'raw';
}

export interface ImageInfo extends FileInfo {
  readonly format: 'qcow2';
  readonly clusterSize: number;
  readonly version: 2 | 3;
  readonly refcountBits: number;
  readonly lazyRefcounts: boolean;
  readonly dirty: boolean;
  readonly corrupt: boolean;
  readonly extendedL2: boolean;
  readonly compressionType: 'zlib' | 'zstd';
  readonly encrypted: boolean;
  readonly encryption: Encryption | undefined;
  /** As the image names it. */
  readonly backingFile: string | undefined;
  readonly backingFormat: string | undefined;
  /** Where that is; undefined where the name is not of a kind that we follow. */
  readonly backingPath: string | undefined;
  /** `file` is undefined where the image has a data file and does not name it. */
  readonly dataFile: { readonly file: string | undefined; readonly raw: boolean } | undefined;
  readonly snapshotCount: number;
  readonly snapshots: readonly Snapshot[];
  /** Persistent bitmaps that are up to date, or were when the image was closed. */
  readonly bitmaps: readonly Bitmap[];
  readonly zoned: ZonedInfo | undefined;
  /** True where this platform can lock images as QEMU does. Without locks nothing keeps a second writer out. */
  readonly locks: boolean;
}

export interface ZonedInfo {
  readonly dialect: ZonedDialect;
  readonly geometry: ZonedGeometry;
  /** Undefined where the image has the geometry alone, and so cannot be written. */
  readonly zoneTable: (ZoneTableInfo & { readonly valid: boolean }) | undefined;
}

/** What the format defines so far; those that the engine lacks are refused by who opens an image for its data. */
const KNOWN_INCOMPATIBLE = Object.values(INCOMPATIBLE).reduce((sum, bit) => sum | bit, 0n);
const SECTOR_BYTES = 512;

/** Errors: `file_not_found`, `not_qcow2`, `invalid_image`, `unsupported_feature`, `io_error`. */
export async function inspectImage(path: string): Promise<ImageInfo> {
  return inspectOpen(path, (file) => describe(path, file));
}

/** The same for a file of any format; without `format` it is probed. */
export async function inspectDisk(
  path: string,
  options: { readonly format?: DiskFormat | undefined } = {},
): Promise<ImageInfo | RawInfo> {
  return inspectOpen(path, (file) => {
    const format = options.format ?? probeFormat(file);
    if (format === 'qcow2') return describe(path, file);
    const virtualSize = roundUp(file.length, SECTOR_BYTES);
    return { path, format, virtualSize, actualSize: file.occupied };
  });
}

/**
 * The image and, one by one, the files behind it, each only looked at. Errors: those of `inspectDisk`, `invalid_image`
 * for a chain that comes back to itself or is too long, `path_not_allowed`.
 */
export async function inspectChain(
  path: string,
  options: {
    readonly format?: DiskFormat | undefined;
    readonly allowedDirectories?: readonly string[];
  } = {},
): Promise<(ImageInfo | RawInfo)[]> {
  const chain: (ImageInfo | RawInfo)[] = [];
  const seen = new Set<string>();
  let next: { path: string; format: DiskFormat | undefined } | undefined = {
    path,
    format: options.format,
  };
  while (next !== undefined) {
    const { path: at, format } = next;
    const real = options.allowedDirectories ? confine(at, options.allowedDirectories) : at;
    const { dev, ino } = fs.statSync(real, { throwIfNoEntry: false }) ?? { dev: 0, ino: 0 };
    const identity = `${dev}:${ino}`;
    if (seen.has(identity) || chain.length === MAX_BACKING_DEPTH)
      throw new ImageError(
        'invalid_image',
        seen.has(identity)
          ? `${at}: the backing chain comes back to this file`
          : `${at}: the backing chain is longer than ${MAX_BACKING_DEPTH} images`,
        { path: at, field: 'backing_file' },
      );
    seen.add(identity);
    const info = await inspectDisk(at, { format });
    chain.push(info);
    next = behind(info);
  }
  return chain;
}

/** Throws `unsupported_feature` for a backing file whose name or format we do not follow. */
function behind(
  info: ImageInfo | RawInfo,
): { path: string; format: DiskFormat | undefined } | undefined {
  if (info.format === 'raw' || info.backingFile === undefined) return undefined;
  const format = info.backingFormat;
  if (format !== undefined && format !== 'raw' && format !== 'qcow2')
    throw new ImageError(
      'unsupported_feature',
      `${info.path}: backing format ${JSON.stringify(format)} is not supported, allowed is qcow2 or raw`,
      { path: info.path, field: 'backing_format', given: format, allowed: 'qcow2 or raw' },
    );
  return { path: backingPath(info.path, info.backingFile), format };
}

function inspectOpen<T>(path: string, look: (file: HostFile) => T): T {
  const file = HostFile.open(path, { readOnly: true });
  try {
    return look(file);
  } finally {
    file.close();
  }
}

function describe(path: string, file: HostFile): ImageInfo {
  const header = readHeader(file);
  refuseUnsupportedFeatures(header, KNOWN_INCOMPATIBLE);
  const has = (bit: bigint): boolean => (header.incompatibleFeatures & bit) !== 0n;
  const raw = (header.autoclearFeatures & AUTOCLEAR.rawDataFile) !== 0n;
  return {
    path,
    format: 'qcow2',
    virtualSize: header.size,
    actualSize: file.occupied,
    clusterSize: 2 ** header.clusterBits,
    version: header.version,
    refcountBits: 2 ** header.refcountOrder,
    lazyRefcounts: (header.compatibleFeatures & COMPATIBLE.lazyRefcounts) !== 0n,
    dirty: has(INCOMPATIBLE.dirty),
    corrupt: has(INCOMPATIBLE.corrupt),
    extendedL2: has(INCOMPATIBLE.extendedL2),
    compressionType: header.compressionType === 1 ? 'zstd' : 'zlib',
    encrypted: header.cryptMethod !== 0,
    encryption: encryptionOf(header, file),
    backingFile: header.backingFile,
    backingFormat: backingFormatOf(header),
    backingPath: resolved(path, header.backingFile),
    dataFile: has(INCOMPATIBLE.dataFile) ? { file: dataFileOf(header), raw } : undefined,
    snapshotCount: header.snapshotCount,
    snapshots: snapshotsOf(file, header),
    bitmaps: readBitmaps(file, header),
    zoned: zonedInfo(header),
    locks: locksWork,
  };
}

function resolved(image: string, name: string | undefined): string | undefined {
  try {
    return name === undefined ? undefined : backingPath(image, name);
  } catch {
    return undefined;
  }
}

function snapshotsOf(file: BlockFile, header: Qcow2Header): Snapshot[] {
  return decodeSnapshots(header.snapshotCount, (at, length) => {
    const bytes = Buffer.alloc(length);
    file.read(bytes, header.snapshotsOffset + at);
    return bytes;
  }).snapshots;
}

function zonedInfo(header: Qcow2Header): ZonedInfo | undefined {
  const zones = describeZoned(header);
  if (zones === undefined) return undefined;
  const { dialect, geometry, info } = zones;
  const valid = (header.autoclearFeatures & AUTOCLEAR.zoneTableValid) !== 0n;
  return { dialect, geometry, zoneTable: info && { ...info, valid } };
}
