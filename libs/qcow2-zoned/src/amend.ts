/**
 * Changes what an image is, in place: version, refcount width, lazy refcounts, size, the name of the data file. Steps
 * come in an order in which each leaves a sound image, whole and durable before the next begins.
 */

import { Findings } from './check/findings.ts';
import { changeRefcountWidth } from './check/rebuild.ts';
import { repairTables } from './check/repair.ts';
import type { BackingOptions } from './create-options.ts';
import { ImageError, invalidOption } from './errors.ts';
import type { BlockFile } from './file.ts';
import { roundUp } from './format/bytes.ts';
import { AUTOCLEAR, COMPATIBLE } from './format/feature-bits.ts';
import { encodeFeatureNames } from './format/features.ts';
import {
  backingFormatOf,
  EXTENSION,
  findExtension,
  HEADER_LENGTH,
  type Qcow2Header,
  readHeader,
} from './format/header.ts';
import { rewriteHeader, withExtension } from './format/header-rewrite.ts';
import type { Qcow2Image } from './image/image.ts';
import { COPY_BYTES, MIN_CLUSTER_SIZE_FOR_NAMES } from './limits.ts';
import { type OpenedDisk, openDisk } from './open.ts';

/** What is left out stays as it is. */
export interface AmendOptions {
  readonly version?: 2 | 3 | undefined;
  readonly lazyRefcounts?: boolean | undefined;
  /** 1, 2, 4, … 64. */
  readonly refcountBits?: number | undefined;
  /** Bytes. */
  readonly size?: number | undefined;
  /** Another name for the external data file of an image that has one; neither file is touched. */
  readonly dataFile?: string | undefined;
  /** Only false does anything: the data file need no longer be the disk as a raw image. */
  readonly dataFileRaw?: boolean | undefined;
  /** Accepted where it is what the image has: another backing file is what a rebase is for. */
  readonly backing?: Pick<BackingOptions, 'file'> & Partial<Pick<BackingOptions, 'format'>>;
}

/** Errors: `invalid_option` for what cannot be, and nothing is changed then; those of `openDisk` and of resizing. */
export async function amendImage(path: string, options: AmendOptions): Promise<void> {
  const maintained = AUTOCLEAR.zoneTableValid;
  const disk = await openDisk(path, { format: 'qcow2', maintained });
  try {
    const image = disk.image as Qcow2Image;
    refuse(image.header, options);
    const { size, refcountBits } = options;
    if (options.version === 3 && image.header.version === 2) image.updateHeader(upgraded);
    if (size !== undefined && size !== image.size) await image.resize(size);
    if (options.version === 2 && image.header.version === 3) await expandZeroes(disk, image);
    await image.settle();
    const wanted = amended(image.header, options);
    if (wanted !== image.header) image.updateHeader(() => wanted);
    if (refcountBits !== undefined && refcountBits !== 2 ** image.header.refcountOrder)
      changeRefcountWidth(disk.file, refcountBits);
    if (options.version === 2 && image.header.version === 3) downgrade(disk.file);
  } finally {
    disk.abandon(); // settled above; what changed since is not in memory
  }
}

function no(field: string, given: string | number, message: string, allowed: string): never {
  throw new ImageError('invalid_option', message, { field, given, allowed });
}

function refuse(header: Qcow2Header, options: AmendOptions): void {
  const version = options.version ?? header.version;
  const { refcountBits = 2 ** header.refcountOrder, backing, size } = options;
  const order = Math.log2(refcountBits);
  if (version !== 2 && version !== 3) throw invalidOption('version', version, '2 or 3');
  if (!Number.isInteger(order) || order < 0 || order > 6)
    no(
      'refcountBits',
      refcountBits,
      'Refcount width must be a power of two and may not exceed 64 bits',
      'a power of two that does not exceed 64',
    );
  if (version === 2 && order !== 4)
    no(
      'refcountBits',
      refcountBits,
      'Refcount widths other than 16 bits require compatibility level 1.1 or above (use compat=1.1 or greater)',
      '16 in version 2',
    );
  if (version === 2 && options.lazyRefcounts === true)
    no(
      'lazyRefcounts',
      'on',
      'Lazy refcounts only supported with compatibility level 1.1 and above (use compat=1.1 or greater)',
      'off in version 2',
    );
  if (size !== undefined && size !== header.size && findExtension(header, EXTENSION.zoned))
    no('size', size, 'The size of a disk with zones is not amended, but resized', `${header.size}`);
  if (backing !== undefined && !isBackingOf(header, backing))
    no(
      'backing',
      backing.file,
      "Cannot amend the backing file; use 'rebase' instead",
      header.backingFile ?? 'none',
    );
  refuseDataFile(header, options);
  if (version < header.version) refuseDowngrade(header);
}

function isBackingOf(header: Qcow2Header, { file, format }: { file: string; format?: string }) {
  const sameFormat = format === undefined || format === backingFormatOf(header);
  return file === (header.backingFile ?? '') && sameFormat;
}

function refuseDataFile(header: Qcow2Header, { dataFile, dataFileRaw }: AmendOptions): void {
  const present = findExtension(header, EXTENSION.dataFile);
  if (dataFile !== undefined && present === undefined)
    no(
      'dataFile',
      dataFile,
      'data-file can only be set for images that use an external data file',
      'none',
    );
  const raw = (header.autoclearFeatures & AUTOCLEAR.rawDataFile) !== 0n;
  if (dataFileRaw === true && !raw)
    no('dataFileRaw', 'on', 'data-file-raw cannot be set on existing images', 'off');
}

function refuseDowngrade(header: Qcow2Header): void {
  if (header.incompatibleFeatures !== 0n)
    no(
      'version',
      2,
      `Cannot downgrade an image with incompatible features 0x${header.incompatibleFeatures.toString(16)} set`,
      '3',
    );
  if (header.snapshotCount > 0)
    no('version', 2, 'Internal snapshots prevent downgrade of image', '3');
  if (findExtension(header, EXTENSION.zoned)) no('version', 2, 'Zones need version 3', '3');
}

/** Version 3 of a version 2 header; nothing else of the image changes. */
function upgraded(header: Qcow2Header): Qcow2Header {
  const names =
    2 ** header.clusterBits >= MIN_CLUSTER_SIZE_FOR_NAMES ? encodeFeatureNames(false) : undefined;
  return {
    ...header,
    version: 3,
    headerLength: HEADER_LENGTH,
    extensions: withExtension(header.extensions, EXTENSION.featureNames, names),
  };
}

/** The header with the fields that stand alone; the same object where none of them changes. */
function amended(header: Qcow2Header, options: AmendOptions): Qcow2Header {
  const { dataFile, dataFileRaw, lazyRefcounts } = options;
  let next = header;
  const lazy = (header.compatibleFeatures & COMPATIBLE.lazyRefcounts) !== 0n;
  if (lazyRefcounts !== undefined && lazyRefcounts !== lazy)
    next = { ...next, compatibleFeatures: next.compatibleFeatures ^ COMPATIBLE.lazyRefcounts };
  if (dataFile !== undefined)
    next = {
      ...next,
      extensions: withExtension(next.extensions, EXTENSION.dataFile, Buffer.from(dataFile)),
    };
  if (dataFileRaw === false)
    next = { ...next, autoclearFeatures: next.autoclearFeatures & ~AUTOCLEAR.rawDataFile };
  return next;
}

/** Version 2 knows no zero clusters: they become unallocated, or zeroes on disk where a backing file would show. */
async function expandZeroes(disk: OpenedDisk, image: Qcow2Image): Promise<void> {
  const step = roundUp(COPY_BYTES, image.clusterSize);
  for (let from = 0; from < image.size; from += step) {
    let at = from;
    for (const extent of image.extents(from, Math.min(step, image.size - from))) {
      const own = extent.depth === 0 && extent.present && extent.zero && !extent.data;
      if (own && disk.backing === undefined) image.drop(at, extent.length);
      else if (own) image.write(at, Buffer.alloc(extent.length));
      at += extent.length;
    }
    if (image.crowded) await image.flush();
  }
}

/** What version 2 has no place for goes; bitmaps with all that they occupied. */
function downgrade(file: BlockFile): void {
  const header = readHeader(file);
  const gone: readonly number[] = [EXTENSION.featureNames, EXTENSION.bitmaps];
  rewriteHeader(file, {
    ...header,
    version: 2,
    extensions: header.extensions.filter(({ magic }) => !gone.includes(magic)),
    extraFields: Buffer.alloc(0),
  });
  if (findExtension(header, EXTENSION.bitmaps) !== undefined)
    repairTables(file, 'leaks', new Findings());
}
