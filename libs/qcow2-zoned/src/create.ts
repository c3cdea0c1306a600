/**
 * Creates qcow2 images of every kind that qemu-img creates, and zoned ones as docs/format.md has them. The file
 * appears under its name whole and durable, or not at all.
 */
import path from 'node:path';
import { type Layout, layOut, tablePlaces, writeTables } from './create-layout.ts';
import {
  type CreateOptions,
  settle,
  type UnsizedCreateOptions,
  type ZonedCreateOptions,
} from './create-options.ts';
import { contentOf, loadZones } from './device/load.ts';
import { ImageError, invalidOption } from './errors.ts';
import type { BlockFile } from './file.ts';
import { type Durability, FileDraft } from './file-draft.ts';
import { backingPath, dataFilePath } from './file-name.ts';
import { roundUp } from './format/bytes.ts';
import { AUTOCLEAR, COMPATIBLE, INCOMPATIBLE } from './format/feature-bits.ts';
import { encodeFeatureNames } from './format/features.ts';
import {
  EXTENSION,
  encodeHeader,
  HEADER_LENGTH,
  type HeaderExtension,
  type Qcow2Header,
} from './format/header.ts';
import { inFileOrder } from './format/header-rewrite.ts';
import { describeZoned, encodeV9Extension } from './format/zoned-dialects.ts';
import {
  encodeZonedExtension,
  encodeZoneTableExtension,
  type ZoneTableInfo,
  zoneTableInfo,
} from './format/zoned-extension.ts';
import { Qcow2Image } from './image/image.ts';
import { MIN_CLUSTER_SIZE_FOR_NAMES, ZEROED_STEP_BYTES } from './limits.ts';
import { openDisk } from './open.ts';
import { addV9Zones } from './v9.ts';
import { emptyZones } from './zones/empty.ts';
import { zoneGeometry } from './zones/geometry.ts';
import type { ZonedGeometry } from './zones/zone.ts';

export type {
  BackingOptions,
  CreateOptions,
  DataFileOptions,
  Preallocation,
  UnsizedCreateOptions,
  ZonedCreateOptions,
} from './create-options.ts';

/** Throws `invalid_option` naming the option, the value and what is allowed. */
export function validateCreateOptions(options: CreateOptions): void {
  encodeHeader(newHeader(plan(options).layout));
}

/**
 * Creates the image at `file`, and its data file. Errors: `invalid_option`, `file_exists`, `image_in_use`, `no_space`,
 * `io_error`, and those of opening the backing file.
 */
export async function createImage(
  file: string,
  options: UnsizedCreateOptions,
  { durable }: Durability = {},
): Promise<void> {
  const sized = await withBackingSize(file, options);
  const { layout, foreign } = plan(sized);
  const header = encodeHeader(newHeader(layout));
  const { dataFile, overwrite = false } = sized;
  const image = FileDraft.begin(file, { overwrite, durable });
  let data: FileDraft | undefined;
  try {
    if (dataFile !== undefined)
      data = FileDraft.begin(dataFilePath(file, dataFile.file), { overwrite });
    writeTables(image.file, data?.file ?? image.file, layout);
    image.file.write(header, 0);
    if (foreign !== undefined) await addV9Zones(image.file, foreign, emptyZones(foreign));
    if (sized.backing && sized.zoned && sized.zoned.content === undefined)
      await hideBacking(image.file);
    await data?.publish();
    await image.publish();
  } finally {
    image.discard();
    data?.discard();
  }
}

/**
 * The options with the size filled in from the backing file where there is none. The backing file is looked at in any
 * case, unless it is `unchecked`. Errors: `invalid_option`, those of `openDisk`.
 */
export async function withBackingSize(
  file: string,
  options: UnsizedCreateOptions,
): Promise<CreateOptions> {
  const { backing, size } = options;
  if (backing === undefined || backing.unchecked === true) {
    if (size === undefined)
      throw invalidOption(
        'size',
        'none',
        'bytes, a multiple of 512, without a backing file to take it from',
      );
    return { ...options, size };
  }
  const base = backingPath(file, backing.file);
  if (path.resolve(base) === path.resolve(file))
    throw invalidOption('backing', backing.file, 'another file than the new image');
  const disk = await openDisk(base, { format: backing.format, readOnly: true, shared: true });
  try {
    const zoned = disk.image && zonesForOverlay(base, disk.image);
    if (zoned === undefined) return { ...options, size: size ?? disk.size };
    if (options.zoned !== undefined)
      throw invalidOption('zoned', 'given', `nothing: an overlay has the zones of ${base}`);
    if (size !== undefined && size !== disk.size)
      throw invalidOption('size', size, `${disk.size}, the size of ${base}, which has zones`);
    return { ...options, size: disk.size, zoned };
  } finally {
    await disk.close();
  }
}

/** The zones that an overlay begins with: its base's. Undefined for a base without. Throws `image_read_only`. */
function zonesForOverlay(base: string, image: Qcow2Image): ZonedCreateOptions | undefined {
  const zones = loadZones(image, { enforceLimits: false });
  if (zones === undefined) return undefined;
  const [doubt] = zones.info?.unclean ? ['it was not closed cleanly'] : zones.doubts;
  if (doubt !== undefined)
    throw new ImageError(
      'image_read_only',
      `${base}: its zones must be put in order before it can be a backing file: ${doubt}`,
      { path: base, field: 'backing' },
    );
  return { ...zones.machine.geometry, content: contentOf(zones) };
}

/** Empty zones over a disk without zones: none of its bytes show. */
async function hideBacking(file: BlockFile): Promise<void> {
  const image = new Qcow2Image(file, false, { maintained: AUTOCLEAR.zoneTableValid });
  const end = roundUp(image.size, image.clusterSize);
  const step = roundUp(ZEROED_STEP_BYTES, image.clusterSize);
  for (let at = 0; at < end; at += step) {
    if (image.crowded) await image.flush();
    image.writeZeroes(at, Math.min(step, end - at));
  }
  await image.settle();
  const info = describeZoned(image.header)?.info as ZoneTableInfo;
  const left = encodeZoneTableExtension({ ...info, cleanFileLength: image.fileLength });
  image.patchHeader(image.header.autoclearFeatures, EXTENSION.zoneTable, left);
}

/** The zones of another dialect lie outside the layout: they are added to a plain image. */
function plan(options: CreateOptions): { layout: Layout; foreign: ZonedGeometry | undefined } {
  const settings = settle(options);
  const { zoned, ...plain } = settings;
  if (zoned?.dialect !== 'v9') return { layout: layOut(settings), foreign: undefined };
  const foreign = zoneGeometry({ ...zoned, size: options.size });
  encodeV9Extension(foreign, 0);
  return { layout: layOut(plain), foreign };
}

function newHeader(layout: Layout): Qcow2Header {
  const { settings, geometry } = layout;
  const { version, backing, dataFile } = settings;
  const places = tablePlaces(layout);
  const bits = (...pairs: readonly (readonly [boolean, bigint])[]): bigint =>
    pairs.reduce((sum, [set, bit]) => (set ? sum | bit : sum), 0n);
  return {
    version,
    clusterBits: Math.log2(settings.clusterSize),
    size: settings.size,
    cryptMethod: 0,
    l1Entries: layout.l1Entries,
    l1TableOffset: places.l1,
    refcountTableOffset: places.refcountTable,
    refcountTableClusters: layout.refcountTableClusters,
    refcountOrder: Math.log2(settings.refcountBits),
    snapshotCount: 0,
    snapshotsOffset: 0,
    incompatibleFeatures: bits(
      [dataFile !== undefined, INCOMPATIBLE.dataFile],
      [settings.compressionType !== 'zlib', INCOMPATIBLE.compressionType],
      [settings.extendedL2, INCOMPATIBLE.extendedL2],
    ),
    compatibleFeatures: bits([settings.lazyRefcounts, COMPATIBLE.lazyRefcounts]),
    autoclearFeatures: bits(
      [dataFile?.raw === true, AUTOCLEAR.rawDataFile],
      [geometry !== undefined, AUTOCLEAR.zoneTableValid],
    ),
    headerLength: HEADER_LENGTH,
    compressionType: settings.compressionType === 'zstd' ? 1 : 0,
    extraFields: Buffer.alloc(0),
    backingFile: backing?.file,
    extensions: inFileOrder(newExtensions(layout)),
  };
}

function newExtensions({ settings, geometry, zoneTable, clusters }: Layout): HeaderExtension[] {
  const { version, clusterSize, size, backing, dataFile } = settings;
  const extensions: HeaderExtension[] = [];
  if (geometry !== undefined) {
    const info = zoneTableInfo(geometry, {
      offset: zoneTable.offset,
      length: zoneTable.length,
      cleanSize: size,
      cleanFileLength: clusters * clusterSize,
    });
    extensions.push(
      { magic: EXTENSION.zoned, data: encodeZonedExtension(geometry) },
      { magic: EXTENSION.zoneTable, data: encodeZoneTableExtension(info) },
    );
  }
  if (backing)
    extensions.push({ magic: EXTENSION.backingFormat, data: Buffer.from(backing.format) });
  if (dataFile) extensions.push({ magic: EXTENSION.dataFile, data: Buffer.from(dataFile.file) });
  if (version === 3 && clusterSize >= MIN_CLUSTER_SIZE_FOR_NAMES)
    extensions.push({
      magic: EXTENSION.featureNames,
      data: encodeFeatureNames(geometry !== undefined),
    });
  return extensions;
}
