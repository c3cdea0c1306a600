/** Where everything lies in a new image, and writing it there. */
import { type Settings, tooLarge } from './create-options.ts';
import { invalidOption } from './errors.ts';
import type { BlockFile } from './file.ts';
import { writeU64 } from './format/bytes.ts';
import { ENTRY_BYTES, EXTENDED_ENTRY_BYTES, writeCopiedEntry } from './format/entries.ts';
import { encodeZoneTable } from './format/zone-table.ts';
import { encodeZonedExtension, zoneTablePlace } from './format/zoned-extension.ts';
import { writeZeroes } from './image/data-writer.ts';
import { allocateSubclusters } from './image/l2-layout.ts';
import { refcountCodec } from './image/refcount-codec.ts';
import { MAX_L1_BYTES, MAX_REFCOUNT_TABLE_BYTES } from './limits.ts';
import { emptyZones } from './zones/empty.ts';
import { zoneGeometry } from './zones/geometry.ts';
import type { ZonedGeometry } from './zones/zone.ts';

/** The refcount table is made for files of this many times the disk, so that snapshots can share it. */
const REFCOUNT_HEADROOM = 4;

/** A run of guest clusters that are mapped from the start. */
interface MappedRun {
  /** The first L1 entry, and how many. */
  readonly l1Entry: number;
  readonly l2Tables: number;
  readonly clusters: number;
}

/**
 * In the file, in this order: header, refcount table, refcount blocks, L1 table; then of each run its L2 tables and its
 * clusters. Offsets and sizes are bytes.
 */
export interface Layout {
  readonly settings: Settings;
  readonly geometry: ZonedGeometry | undefined;
  readonly entryBytes: 8 | 16;
  readonly l1Entries: number;
  readonly l1Clusters: number;
  readonly refcountTableClusters: number;
  readonly refcountBlocks: number;
  /** The disk, where it is preallocated. */
  readonly disk: MappedRun;
  /** The zone table, where there are zones. */
  readonly zoneTable: MappedRun & { readonly offset: number; readonly length: number };
  /** Clusters of the whole file. */
  readonly clusters: number;
}

const NOTHING: MappedRun = { l1Entry: 0, l2Tables: 0, clusters: 0 };

/** Throws `invalid_option` where a table would become larger than images may have. */
export function layOut(settings: Settings): Layout {
  const { clusterSize, size, zoned } = settings;
  const geometry = zoned && zoneGeometry({ ...zoned, size });
  if (geometry !== undefined && geometry.zoneSize % clusterSize !== 0)
    throw invalidOption(
      'zoneSize',
      geometry.zoneSize,
      `a multiple of the cluster size ${clusterSize}`,
    );
  const entryBytes = settings.extendedL2 ? EXTENDED_ENTRY_BYTES : ENTRY_BYTES;
  const span = clusterSize * (clusterSize / entryBytes);
  const place = geometry
    ? zoneTablePlace(geometry, clusterSize, entryBytes)
    : { offset: 0, length: 0 };
  const l1Entries = Math.ceil(Math.max(size, place.offset + place.length) / span);
  if (l1Entries * ENTRY_BYTES > MAX_L1_BYTES) throw tooLarge(size);
  const run = (offset: number, length: number): MappedRun => ({
    l1Entry: offset / span,
    l2Tables: Math.ceil(length / span),
    clusters: Math.ceil(length / clusterSize),
  });
  const disk = settings.preallocation === 'off' ? NOTHING : run(0, size);
  const zoneTable = { ...run(place.offset, place.length), ...place };
  const l1Clusters = Math.ceil((l1Entries * ENTRY_BYTES) / clusterSize);
  const inFile = settings.dataFile === undefined ? disk.clusters : 0;
  const others = 1 + l1Clusters + disk.l2Tables + inFile + zoneTable.l2Tables + zoneTable.clusters;
  const refcounts = sizeRefcounts(settings, others);
  const clusters = others + refcounts.refcountTableClusters + refcounts.refcountBlocks;
  return {
    settings,
    geometry,
    entryBytes,
    l1Entries,
    l1Clusters,
    disk,
    zoneTable,
    clusters,
    ...refcounts,
  };
}

/** Refcount structures large enough to count `others` clusters, themselves, and the file as it grows. */
function sizeRefcounts(
  { size, clusterSize, refcountBits }: Settings,
  others: number,
): Pick<Layout, 'refcountTableClusters' | 'refcountBlocks'> {
  const perBlock = (clusterSize * 8) / refcountBits;
  const blocksPerTable = clusterSize / ENTRY_BYTES;
  const most = MAX_REFCOUNT_TABLE_BYTES / clusterSize;
  const wanted = Math.ceil((size * REFCOUNT_HEADROOM) / (blocksPerTable * perBlock * clusterSize));
  let refcountTableClusters = Math.min(Math.max(1, wanted), most);
  let refcountBlocks = 1;
  for (;;) {
    const all = others + refcountTableClusters + refcountBlocks;
    const blocks = Math.ceil(all / perBlock);
    const tables = Math.ceil(blocks / blocksPerTable);
    if (blocks <= refcountBlocks && tables <= refcountTableClusters) break;
    refcountBlocks = Math.max(refcountBlocks, blocks);
    refcountTableClusters = Math.max(refcountTableClusters, tables);
  }
  if (refcountTableClusters > most)
    throw invalidOption(
      'size',
      size,
      `what a refcount table of ${MAX_REFCOUNT_TABLE_BYTES} bytes counts; use larger clusters or fewer refcount bits`,
    );
  return { refcountTableClusters, refcountBlocks };
}

/** Where the tables lie that the header points at. Bytes. */
export function tablePlaces(layout: Layout): { refcountTable: number; l1: number } {
  const { clusterSize } = layout.settings;
  const { refcountTableClusters, refcountBlocks, l1Entries } = layout;
  const l1 = (1 + refcountTableClusters + refcountBlocks) * clusterSize;
  return { refcountTable: clusterSize, l1: l1Entries === 0 ? 0 : l1 };
}

/** Writes everything but the header. `data` is where the clusters of the disk lie. */
export function writeTables(file: BlockFile, data: BlockFile, layout: Layout): void {
  const { clusterSize } = layout.settings;
  file.truncate(layout.clusters * clusterSize);
  writeRefcounts(file, layout);
  const l1 = Buffer.alloc(layout.l1Entries * ENTRY_BYTES);
  const { refcountTableClusters, refcountBlocks, l1Clusters } = layout;
  let at = (1 + refcountTableClusters + refcountBlocks + l1Clusters) * clusterSize;
  if (data !== file) mapRun(file, layout, layout.disk, { l1, tablesAt: at, clustersAt: 0 });
  else mapRun(file, layout, layout.disk, { l1, tablesAt: at });
  at += layout.disk.l2Tables * clusterSize;
  const diskAt = data === file ? at : 0;
  if (data === file) at += layout.disk.clusters * clusterSize;
  else data.truncate(layout.settings.size);
  reserve(data, layout, diskAt);
  mapRun(file, layout, layout.zoneTable, { l1, tablesAt: at, holdsData: true });
  at += layout.zoneTable.l2Tables * clusterSize;
  if (layout.geometry !== undefined) file.write(newZoneTable(layout, layout.geometry), at);
  const places = tablePlaces(layout);
  if (l1.length > 0) file.write(l1, places.l1);
}

function writeRefcounts(file: BlockFile, layout: Layout): void {
  const { clusterSize, refcountBits } = layout.settings;
  const blocksAt = (1 + layout.refcountTableClusters) * clusterSize;
  const table = Buffer.alloc(layout.refcountBlocks * ENTRY_BYTES);
  for (let i = 0; i < layout.refcountBlocks; i++)
    writeU64(table, blocksAt + i * clusterSize, i * ENTRY_BYTES);
  file.write(table, clusterSize);
  const codec = refcountCodec(Math.log2(refcountBits));
  const perBlock = (clusterSize * 8) / refcountBits;
  const block = Buffer.alloc(clusterSize);
  for (let i = 0; i < layout.refcountBlocks; i++) {
    const used = Math.min(perBlock, layout.clusters - i * perBlock);
    if (used === perBlock && i > 0) {
      file.write(block, blocksAt + i * clusterSize); // full, as the one before
      continue;
    }
    block.fill(0);
    for (let cluster = 0; cluster < used; cluster++) codec.set(block, cluster, 1);
    file.write(block, blocksAt + i * clusterSize);
  }
}

/**
 * L2 tables of a run at `tablesAt`, and its clusters right behind, or at `clustersAt`. Extended entries say that no
 * subcluster is allocated, so that a backing file shows through, but where the run holds data.
 */
function mapRun(
  file: BlockFile,
  { settings: { clusterSize }, entryBytes }: Layout,
  run: MappedRun,
  {
    l1,
    tablesAt,
    clustersAt,
    holdsData = false,
  }: { l1: Buffer; tablesAt: number; clustersAt?: number; holdsData?: boolean },
): void {
  const first = clustersAt ?? tablesAt + run.l2Tables * clusterSize;
  const perTable = clusterSize / entryBytes;
  for (let i = 0; i < run.l2Tables; i++) {
    const table = Buffer.alloc(clusterSize);
    const used = Math.min(perTable, run.clusters - i * perTable);
    for (let entry = 0; entry < used; entry++) {
      const at = entry * entryBytes;
      writeCopiedEntry(table, at, first + (i * perTable + entry) * clusterSize);
      if (holdsData && entryBytes === EXTENDED_ENTRY_BYTES) allocateSubclusters(table, at);
    }
    file.write(table, tablesAt + i * clusterSize);
    writeCopiedEntry(l1, (run.l1Entry + i) * ENTRY_BYTES, tablesAt + i * clusterSize);
  }
}

/** Takes the space of the disk's clusters. `falloc` is done as `full`, by writing zeroes, where the host cannot. */
function reserve(data: BlockFile, { settings, disk }: Layout, at: number): void {
  const { preallocation, clusterSize, dataFile, size } = settings;
  if (preallocation !== 'falloc' && preallocation !== 'full') return;
  const length = dataFile === undefined ? disk.clusters * clusterSize : size;
  // with the tables before it: written thinly, they would make QEMU take the disk's clusters for holes
  const taken = preallocation === 'falloc' && data.allocate?.(0, at + length);
  if (!taken) writeZeroes(data, at, length);
}

function newZoneTable(layout: Layout, geometry: ZonedGeometry): Buffer {
  const content = layout.settings.zoned?.content;
  return encodeZoneTable(content ?? { records: emptyZones(geometry), extensions: new Map() }, {
    extension: encodeZonedExtension(geometry),
    size: geometry.size,
    extensionSize: geometry.descriptorExtensionSize ?? 0,
  });
}
