/**
 * Creates qcow2 images, version 3, as the native dialect of docs/format.md where they have zones. The file appears
 * under its name whole and durable, or not at all.
 */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { ImageError, invalidOption } from './errors.ts';
import { HostFile, syncDirectory } from './file.ts';
import { writeU64 } from './format/bytes.ts';
import { ENTRY_BYTES, writeCopiedEntry } from './format/entries.ts';
import { AUTOCLEAR, encodeFeatureNames } from './format/features.ts';
import {
  EXTENSION,
  encodeHeader,
  HEADER_LENGTH,
  type HeaderExtension,
  type Qcow2Header,
} from './format/header.ts';
import {
  blockOfZone,
  putGeometry,
  putRecord,
  sealBlock,
  zoneTableBytes,
} from './format/zone-table.ts';
import { encodeV9Extension } from './format/zoned-dialects.ts';
import {
  bytesPerL1Entry,
  encodeZonedExtension,
  encodeZoneTableExtension,
  zoneTablePlace,
} from './format/zoned-extension.ts';
import { refcountCodec } from './image/refcount-codec.ts';
import { MAX_CLUSTER_BITS, MAX_L1_BYTES, MIN_CLUSTER_BITS } from './limits.ts';
import { addV9Zones, emptyZones } from './v9.ts';
import { type ZoneGeometryOptions, zoneGeometry } from './zones/geometry.ts';
import { type ZonedGeometry, ZoneState } from './zones/zone.ts';

export interface ZonedCreateOptions extends Omit<ZoneGeometryOptions, 'size'> {
  /** Default `native`; `v9` is for software that knows that one only, and is read-only to us. */
  readonly dialect?: 'native' | 'v9' | undefined;
}

/** Sizes are bytes. Without `zoned` the image is a plain disk. */
export interface CreateOptions {
  readonly size: number;
  /** Default 65536. */
  readonly clusterSize?: number;
  readonly zoned?: ZonedCreateOptions;
}

const DEFAULT_CLUSTER_SIZE = 65_536;
const REFCOUNT_ORDER = 4;
/** Clusters of 2 KiB and less have no room for the names beside the other extensions and a backing file name. */
const MIN_CLUSTER_SIZE_FOR_NAMES = 4096;
/** The refcount table is made for files of this many times the disk, so that snapshots can share it. */
const REFCOUNT_HEADROOM = 4;

/** Where everything lies in a new image. Offsets and sizes are bytes; L2 tables map the zone table's clusters. */
interface Layout {
  readonly clusterSize: number;
  readonly size: number;
  readonly geometry: ZonedGeometry | undefined;
  readonly refcountTableClusters: number;
  readonly refcountBlocks: number;
  readonly l1Entries: number;
  readonly l1Clusters: number;
  readonly zoneTable: {
    readonly offset: number;
    readonly clusters: number;
    readonly l2Tables: number;
  };
  readonly clusters: number;
}

/** Throws `invalid_option` naming the option, the value and what is allowed. */
export function validateCreateOptions(options: CreateOptions): void {
  plan(options);
}

/** Creates the image at `file`. Errors: `invalid_option`, `file_exists`, `no_space`, `io_error`. */
export async function createImage(file: string, options: CreateOptions): Promise<void> {
  const { layout, foreign } = plan(options);
  const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`;
  if (fs.existsSync(file))
    throw new ImageError('file_exists', `${file}: the file exists already`, { path: file });
  const folder = path.dirname(file);
  if (!fs.existsSync(folder))
    throw new ImageError('file_not_found', `${file}: there is no folder ${folder}`, { path: file });
  try {
    const target = HostFile.create(temporary);
    try {
      writeImage(target, layout);
      if (foreign !== undefined) await addV9Zones(target, foreign, emptyZones(foreign));
      await target.sync();
    } finally {
      target.close();
    }
    publish(temporary, file);
  } finally {
    fs.rmSync(temporary, { force: true });
  }
}

/** Gives the finished file its name, unless another has taken it meanwhile. */
export function publish(temporary: string, file: string): void {
  try {
    fs.linkSync(temporary, file);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
    throw new ImageError(
      'file_exists',
      `${file}: the file exists already`,
      { path: file },
      { cause },
    );
  }
  fs.rmSync(temporary);
  syncDirectory(path.dirname(file));
}

/** The zones of another dialect lie outside the layout: they are added to a plain image. */
function plan(options: CreateOptions): { layout: Layout; foreign: ZonedGeometry | undefined } {
  const { zoned, ...plain } = options;
  if (zoned?.dialect !== 'v9') return { layout: layOut(options), foreign: undefined };
  const foreign = zoneGeometry({ ...zoned, size: options.size });
  encodeV9Extension(foreign, 0);
  return { layout: layOut(plain), foreign };
}

function layOut(options: CreateOptions): Layout {
  const clusterSize = options.clusterSize ?? DEFAULT_CLUSTER_SIZE;
  const bits = Math.log2(clusterSize);
  if (!Number.isInteger(bits) || bits < MIN_CLUSTER_BITS || bits > MAX_CLUSTER_BITS)
    throw invalidOption(
      'clusterSize',
      clusterSize,
      `a power of two from ${2 ** MIN_CLUSTER_BITS} to ${2 ** MAX_CLUSTER_BITS}`,
    );
  const { size } = options;
  if (!Number.isSafeInteger(size) || size <= 0 || size % 512 !== 0)
    throw invalidOption('size', size, 'a multiple of 512, above 0');
  const geometry = options.zoned && zoneGeometry({ ...options.zoned, size });
  if (geometry !== undefined && geometry.zoneSize % clusterSize !== 0)
    throw invalidOption(
      'zoneSize',
      geometry.zoneSize,
      `a multiple of the cluster size ${clusterSize}`,
    );
  const span = bytesPerL1Entry(clusterSize);
  const place = geometry ? zoneTablePlace(geometry, clusterSize) : { offset: 0, length: 0 };
  const l1Entries = Math.ceil(Math.max(size, place.offset + place.length) / span);
  if (l1Entries * ENTRY_BYTES > MAX_L1_BYTES)
    throw invalidOption(
      'size',
      size,
      `what an L1 table of ${MAX_L1_BYTES} bytes maps; use larger clusters`,
    );
  const zoneTable = {
    offset: place.offset,
    clusters: place.length / clusterSize,
    l2Tables: Math.ceil(place.length / span),
  };
  return {
    clusterSize,
    size,
    geometry,
    l1Entries,
    zoneTable,
    ...sizeRefcounts(size, clusterSize, l1Entries, zoneTable),
  };
}

/** Refcount structures large enough to count themselves, the other metadata, and the file as it grows. */
function sizeRefcounts(
  size: number,
  clusterSize: number,
  l1Entries: number,
  zoneTable: Layout['zoneTable'],
): Pick<Layout, 'refcountTableClusters' | 'refcountBlocks' | 'l1Clusters' | 'clusters'> {
  const l1Clusters = Math.ceil((l1Entries * ENTRY_BYTES) / clusterSize);
  const clustersPerBlock = (clusterSize * 8) / 2 ** REFCOUNT_ORDER;
  const bytesPerTableCluster = (clusterSize / ENTRY_BYTES) * clustersPerBlock * clusterSize;
  const refcountTableClusters = 1 + Math.ceil((size * REFCOUNT_HEADROOM) / bytesPerTableCluster);
  const others = 1 + refcountTableClusters + l1Clusters + zoneTable.clusters + zoneTable.l2Tables;
  let refcountBlocks = 1;
  while (refcountBlocks * clustersPerBlock < others + refcountBlocks) refcountBlocks++;
  return { refcountTableClusters, refcountBlocks, l1Clusters, clusters: others + refcountBlocks };
}

/** Order in the file: header, refcount table, refcount blocks, L1, L2 tables and clusters of the zone table. */
function writeImage(file: HostFile, layout: Layout): void {
  const { clusterSize } = layout;
  const refcountTable = clusterSize;
  const refcountBlocks = refcountTable + layout.refcountTableClusters * clusterSize;
  const l1 = refcountBlocks + layout.refcountBlocks * clusterSize;
  const l2 = l1 + layout.l1Clusters * clusterSize;
  const zones = l2 + layout.zoneTable.l2Tables * clusterSize;
  file.truncate(layout.clusters * clusterSize);
  writeRefcounts(file, layout, refcountTable, refcountBlocks);
  writeMapping(file, layout, l1, l2, zones);
  if (layout.geometry !== undefined) file.write(newZoneTable(layout.geometry), zones);
  file.write(encodeHeader(newHeader(layout, refcountTable, l1)), 0);
}

function writeRefcounts(file: HostFile, layout: Layout, tableAt: number, blocksAt: number): void {
  const { clusterSize } = layout;
  const table = Buffer.alloc(layout.refcountBlocks * ENTRY_BYTES);
  for (let i = 0; i < layout.refcountBlocks; i++)
    writeU64(table, blocksAt + i * clusterSize, i * ENTRY_BYTES);
  file.write(table, tableAt);
  const codec = refcountCodec(REFCOUNT_ORDER);
  const blocks = Buffer.alloc(layout.refcountBlocks * clusterSize);
  for (let cluster = 0; cluster < layout.clusters; cluster++) codec.set(blocks, cluster, 1);
  file.write(blocks, blocksAt);
}

function writeMapping(
  file: HostFile,
  layout: Layout,
  l1At: number,
  l2At: number,
  zonesAt: number,
): void {
  const { clusterSize, zoneTable } = layout;
  const firstEntry = zoneTable.offset / bytesPerL1Entry(clusterSize);
  const l1 = Buffer.alloc(layout.l1Entries * ENTRY_BYTES);
  for (let i = 0; i < zoneTable.l2Tables; i++)
    writeCopiedEntry(l1, (firstEntry + i) * ENTRY_BYTES, l2At + i * clusterSize);
  file.write(l1, l1At);
  const l2 = Buffer.alloc(zoneTable.l2Tables * clusterSize);
  for (let i = 0; i < zoneTable.clusters; i++)
    writeCopiedEntry(l2, i * ENTRY_BYTES, zonesAt + i * clusterSize);
  file.write(l2, l2At);
}

function newZoneTable(geometry: ZonedGeometry): Buffer {
  const table = Buffer.alloc(zoneTableBytes(geometry.zoneCount));
  putGeometry(table, encodeZonedExtension(geometry), geometry.size);
  for (let index = 0; index < geometry.zoneCount; index++) {
    const conventional = index < geometry.conventionalZones;
    putRecord(table, index, {
      state: conventional ? ZoneState.NotWritePointer : ZoneState.Empty,
      conventional,
      writePointer: index * geometry.zoneSize,
      resetCount: 0,
    });
  }
  for (let block = 0; block <= blockOfZone(geometry.zoneCount - 1); block++)
    sealBlock(table, block);
  return table;
}

function newHeader(
  layout: Layout,
  refcountTableOffset: number,
  l1TableOffset: number,
): Qcow2Header {
  const { clusterSize, geometry, zoneTable } = layout;
  const extensions: HeaderExtension[] = [];
  if (geometry !== undefined) {
    const info = {
      offset: zoneTable.offset,
      length: zoneTable.clusters * clusterSize,
      logicalBlockSize: geometry.logicalBlockSize,
      unclean: false,
      cleanSize: layout.size,
      cleanFileLength: layout.clusters * clusterSize,
    };
    extensions.push(
      { magic: EXTENSION.zoned, data: encodeZonedExtension(geometry) },
      { magic: EXTENSION.zoneTable, data: encodeZoneTableExtension(info) },
    );
  }
  if (clusterSize >= MIN_CLUSTER_SIZE_FOR_NAMES)
    extensions.push({ magic: EXTENSION.featureNames, data: encodeFeatureNames() });
  return {
    version: 3,
    clusterBits: Math.log2(clusterSize),
    size: layout.size,
    cryptMethod: 0,
    l1Entries: layout.l1Entries,
    l1TableOffset,
    refcountTableOffset,
    refcountTableClusters: layout.refcountTableClusters,
    refcountOrder: REFCOUNT_ORDER,
    snapshotCount: 0,
    snapshotsOffset: 0,
    incompatibleFeatures: 0n,
    compatibleFeatures: 0n,
    autoclearFeatures: geometry === undefined ? 0n : AUTOCLEAR.zoneTableValid,
    headerLength: HEADER_LENGTH,
    compressionType: 0,
    extraFields: Buffer.alloc(0),
    backingFile: undefined,
    extensions,
  };
}
