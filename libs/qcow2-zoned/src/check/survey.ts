/**
 * One pass over everything that an image's metadata refers to, in the order in which QEMU's check reports it, and the
 * comparison of the sums with the refcounts on disk.
 */
import { ImageError } from '../errors.ts';
import { readU64 } from '../format/bytes.ts';
import { ENTRY_BYTES } from '../format/entries.ts';
import { INCOMPATIBLE } from '../format/feature-bits.ts';
import { EXTENSION, findExtension } from '../format/header.ts';
import { decodeSnapshots, type Snapshot } from '../format/snapshot-table.ts';
import { MAX_L1_BYTES } from '../limits.ts';
import { countBitmaps } from './bitmaps.ts';
import { CopiedFlags } from './copied.ts';
import type { Findings } from './findings.ts';
import { type Allocation, type EntryMender, MappingWalk, type TableUses } from './mapping.ts';
import { References } from './references.ts';
import { StoredRefcounts } from './stored-refcounts.ts';
import type { Subject } from './subject.ts';

/** Extra data that every snapshot of a version 3 image must have. */
export const SNAPSHOT_EXTRA_BYTES = 16;

/** Where the unmerged dialects of the zoned extension name their zone array (docs/format.md has the native one). */
const FOREIGN_ZONE_ARRAYS = [
  { length: 48, bit: false, offsetAt: 32, sizeAt: 40 },
  { length: 48, bit: true, offsetAt: 40, sizeAt: 32 },
  { length: 56, bit: true, offsetAt: 48, sizeAt: 40 },
] as const;

export interface Survey {
  readonly references: References;
  readonly stored: StoredRefcounts;
  readonly allocation: Allocation;
  /** L2 tables by their host offsets. */
  readonly tables: ReadonlyMap<number, TableUses>;
  /** The refcount structures themselves are damaged, and must be made anew. */
  readonly mustRebuild: boolean;
}

export interface SurveyOptions {
  /** Takes what is found of COPIED flags, which QEMU tells last. */
  readonly flags?: Findings;
  /** Mends wrong COPIED flags on the way. */
  readonly writeFlag?: (entry: Buffer, position: number) => void;
  /** Mends entries at fault on the way; flags are not looked at then. */
  readonly mender?: EntryMender;
  /** L2 tables that are not read: what they seem to refer to is not counted. */
  readonly isNoTable?: (offset: number) => boolean;
  /** Leaves the refcount table and its blocks out, to make them anew. */
  readonly withoutRefcounts?: boolean;
}

/**
 * Counts all references. Throws `invalid_image` where the
 * references cannot be known: an unreadable snapshot table or bitmap directory.
 */
export function survey(subject: Subject, findings: Findings, options: SurveyOptions = {}): Survey {
  const { header, clusterSize } = subject;
  const references = new References(subject, findings);
  const stored = new StoredRefcounts(subject);
  const flags =
    options.mender === undefined
      ? new CopiedFlags(subject, stored, options.flags ?? findings, options.writeFlag)
      : undefined;
  const walk = new MappingWalk(references, flags, options.mender, options.isNoTable);
  const { snapshots, length } = readSnapshotTable(subject);
  references.add(0, clusterSize);
  walk.countActive(header.l1TableOffset, header.l1Entries);
  walk.countInactive(snapshotTables(subject, snapshots, findings));
  walk.countTables();
  references.add(header.snapshotsOffset, length);
  countExtensions(references);
  countBitmaps(references, options.mender);
  if (header.version === 3) checkExtraData(snapshots, findings);
  if (options.withoutRefcounts)
    return {
      references,
      stored,
      allocation: walk.allocation,
      tables: walk.tables,
      mustRebuild: true,
    };
  references.add(header.refcountTableOffset, header.refcountTableClusters * clusterSize);
  const mustRebuild = countBlocks(references, stored);
  return { references, stored, allocation: walk.allocation, tables: walk.tables, mustRebuild };
}

export function readSnapshotTable(subject: Subject): { snapshots: Snapshot[]; length: number } {
  const { header, file } = subject;
  return decodeSnapshots(header.snapshotCount, (at, length) => {
    const bytes = Buffer.alloc(length);
    const position = header.snapshotsOffset + at;
    if (position >= file.length)
      throw new ImageError(
        'invalid_image',
        `snapshot table: ${position} is past the end of the file`,
        {
          field: 'snapshots_offset',
          given: header.snapshotsOffset,
          allowed: `below ${file.length}`,
        },
      );
    subject.readTable(bytes, position);
    return bytes;
  });
}

/** The snapshots' L1 tables that can be read; the others are corruptions. */
function snapshotTables(
  subject: Subject,
  snapshots: readonly Snapshot[],
  findings: Findings,
): { offset: number; entries: number }[] {
  if (subject.dataFile && snapshots.length > 0)
    findings.add('corruption', () => `ERROR ${snapshots.length} snapshots in image with data file`);
  return snapshots.flatMap(({ id, name, l1TableOffset, l1Entries }) => {
    const fault = snapshotFault(subject, l1TableOffset, l1Entries);
    if (fault === undefined) return [{ offset: l1TableOffset, entries: l1Entries }];
    findings.add(
      'corruption',
      () =>
        `ERROR snapshot ${id} (${name}) l1_offset=${l1TableOffset.toString(16)}: ${fault}; snapshot table entry corrupted`,
    );
    return [];
  });
}

export function snapshotFault(
  { clusterSize }: Subject,
  l1TableOffset: number,
  l1Entries: number,
): string | undefined {
  if (l1TableOffset % clusterSize !== 0) return 'L1 table is not cluster aligned';
  return l1Entries * ENTRY_BYTES > MAX_L1_BYTES ? 'L1 table is too large' : undefined;
}

/** Clusters that header extensions name: the LUKS header, and the zone array of the unmerged dialects. */
function countExtensions(references: References): void {
  const { header } = references.subject;
  const crypto = findExtension(header, EXTENSION.cryptoHeader);
  if (crypto !== undefined && crypto.length >= 16)
    references.add(
      readU64(crypto, 0, 'crypto header offset'),
      readU64(crypto, 8, 'crypto header length'),
    );
  const zoned = findExtension(header, EXTENSION.zoned);
  const bit = (header.incompatibleFeatures & INCOMPATIBLE.zonedFormat) !== 0n;
  const place =
    zoned && FOREIGN_ZONE_ARRAYS.find((row) => row.length === zoned.length && row.bit === bit);
  if (zoned !== undefined && place !== undefined)
    references.add(
      readU64(zoned, place.offsetAt, 'zonedmeta_offset'),
      readU64(zoned, place.sizeAt, 'zonedmeta_size'),
    );
}

/** Refcount blocks must be aligned, in the file, and nothing else. Returns whether they must be made anew. */
function countBlocks(references: References, stored: StoredRefcounts): boolean {
  const { subject, findings, counts } = references;
  let mustRebuild = !standsAlone(references);
  const corrupt = (message: () => string): void => {
    mustRebuild = true;
    findings.add('corruption', message);
  };
  for (const [index, offset] of stored.blockOffsets.entries()) {
    const cluster = offset / subject.clusterSize;
    if (stored.reserved.has(index))
      corrupt(() => `ERROR refcount table entry ${index} has reserved bits set`);
    else if (offset === 0) continue;
    else if (!Number.isInteger(cluster))
      corrupt(
        () =>
          `ERROR refcount block ${index} is not cluster aligned; refcount table entry corrupted`,
      );
    else if (cluster >= subject.fileClusters)
      corrupt(() => `ERROR refcount block ${index} is outside image`);
    else {
      references.add(offset, subject.clusterSize);
      const count = counts.get(cluster);
      if (count !== 1) corrupt(() => `ERROR refcount block ${index} refcount=${count}`);
    }
  }
  return mustRebuild;
}

/** False where the refcount table is not in the file, or something else lies in its clusters too. */
function standsAlone({ subject, counts }: References): boolean {
  const { header, clusterSize, fileClusters } = subject;
  const first = header.refcountTableOffset / clusterSize;
  const end = first + header.refcountTableClusters;
  if (end > fileClusters) return false;
  for (let cluster = first; cluster < end; cluster++) if (counts.get(cluster) !== 1) return false;
  return true;
}

function checkExtraData(snapshots: readonly Snapshot[], findings: Findings): void {
  snapshots.forEach(({ extra }, index) => {
    if (extra.length < SNAPSHOT_EXTRA_BYTES)
      findings.add('corruption', () => `ERROR snapshot table entry ${index} is incomplete`);
  });
}
