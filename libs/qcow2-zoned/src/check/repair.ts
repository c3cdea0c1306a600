/**
 * Repairs an image, as `qemu-img check -r` does, and further where QEMU leaves errors behind.
 *
 * The order keeps everything readable that was readable before, at whatever point the repair is cut off; each step is
 * durable before the next:
 *
 * 0. Snapshots and bitmaps whose entries cannot be read are left out (`salvage.ts`), an L1 table past the end is moved.
 * 1. Entries that cannot be read become zeroes (`mend.ts`). Nothing else of the image changes.
 * 2. Where refcount blocks are missing or damaged, or the snapshot table must change: new ones are written past the
 *    end of the file, and one sector of the header switches to them (`rebuild.ts`). Else refcounts are raised in place,
 * 3. and only then lowered. Between the two, the file holds leaks at most.
 * 4. COPIED flags follow the refcounts. Flags that are missing cost a copy; flags too many stand where refcounts were
 *    too low before the repair began, and 2 does not make that worse.
 * 5. The dirty and corrupt bits are cleared, when nothing is left to find.
 */
import { ImageError } from '../errors.ts';
import type { BlockFile } from '../file.ts';
import { bitmapDirectory } from '../format/bitmaps.ts';
import { roundUp } from '../format/bytes.ts';
import { ENTRY_BYTES } from '../format/entries.ts';
import { AUTOCLEAR, INCOMPATIBLE } from '../format/feature-bits.ts';
import { EXTENSION, findExtension } from '../format/header.ts';
import { rewriteHeader, withExtension } from '../format/header-rewrite.ts';
import { encodeSnapshots, newExtra, type Snapshot } from '../format/snapshot-table.ts';
import { MAX_REFCOUNT_ORDER } from '../limits.ts';
import { readDirectory } from './bitmaps.ts';
import { differences } from './compare.ts';
import { Findings } from './findings.ts';
import { Mender, rootTest } from './mend.ts';
import { growL1, rebuildRefcounts } from './rebuild.ts';
import { keepSoundBitmaps, salvageSnapshots } from './salvage.ts';
import { openSubject, type Subject } from './subject.ts';
import { SNAPSHOT_EXTRA_BYTES, type Survey, snapshotFault, survey } from './survey.ts';

/** `leaks`: frees what nothing uses, and touches nothing else. */
export type RepairMode = 'leaks' | 'all';

const OWN_AUTOCLEAR = Object.values(AUTOCLEAR).reduce((all, bit) => all | bit, 0n);

/**
 * Repairs the refcounts and tables of an image that is open for writing and locked; zones are not looked at. `flags`
 * takes the COPIED flags that were wrong. Throws `invalid_image` where its references cannot be known.
 */
export function repairTables(file: BlockFile, mode: RepairMode, flags: Findings): void {
  prepareHeader(file, mode);
  if (mode === 'all') {
    mendSnapshots(file);
    mendL1(file);
    mendEntries(file);
    widenRefcounts(file);
  }
  const seen = survey(openSubject(file), new Findings());
  if (mode === 'all' && needsRebuild(seen)) {
    rebuild(openSubject(file));
  } else if (!seen.mustRebuild) {
    if (mode === 'all') setRefcounts(seen, (stored, counted) => stored < counted);
    setRefcounts(seen, (stored, counted) => stored > counted);
  }
  if (mode === 'all' || onlyFlagsAreWrong(file)) mendFlags(file, flags);
}

/** Feature bits and extensions that cannot stay as they are when software that does not know them writes. */
function prepareHeader(file: BlockFile, mode: RepairMode): void {
  if (mode === 'all' && !bitmapsReadable(file)) keepSoundBitmaps(file);
  const { header } = openSubject(file);
  const stale = (header.autoclearFeatures & AUTOCLEAR.bitmaps) === 0n;
  const dropBitmaps =
    findExtension(header, EXTENSION.bitmaps) !== undefined &&
    (stale || (mode === 'all' && !bitmapsReadable(file)));
  const extensions = dropBitmaps
    ? withExtension(header.extensions, EXTENSION.bitmaps, undefined)
    : header.extensions;
  const kept = dropBitmaps ? OWN_AUTOCLEAR & ~AUTOCLEAR.bitmaps : OWN_AUTOCLEAR;
  const autoclearFeatures = header.autoclearFeatures & kept;
  if (dropBitmaps || autoclearFeatures !== header.autoclearFeatures)
    rewriteHeader(file, { ...header, extensions, autoclearFeatures });
}

function bitmapsReadable(file: BlockFile): boolean {
  const subject = openSubject(file);
  try {
    const directory = bitmapDirectory(subject.header);
    const tables = directory === undefined ? [] : readDirectory(subject, directory);
    return tables.every(({ offset, size }) => offset + size <= file.length);
  } catch (error) {
    if (error instanceof ImageError && error.code === 'invalid_image') return false;
    throw error;
  }
}

function mendEntries(file: BlockFile): void {
  const subject = openSubject(file);
  const isRoot = rootTest(subject);
  const mender = new Mender(survey(subject, new Findings(), { isNoTable: isRoot }), isRoot);
  survey(subject, new Findings(), { mender });
  file.syncNow();
}

/**
 * Snapshots whose L1 table cannot be are dropped; one that reaches past the end of the file is cut to what its disk
 * needs; extra data that version 3 asks for is added. The new table is written past the end of the file, and the write
 * that switches to new refcounts switches to it as well.
 */
function mendSnapshots(file: BlockFile): void {
  const subject = openSubject(file);
  const { header, clusterSize } = subject;
  const { snapshots: before, whole } = salvageSnapshots(subject);
  const after = before
    .map((snapshot) => withFullExtra(subject, withFittingL1(subject, snapshot)))
    .filter((snapshot) => isReadable(subject, snapshot));
  const same = after.length === before.length && after.every((one, i) => one === before[i]);
  if (whole && same) return;
  const snapshotsOffset = after.length === 0 ? 0 : roundUp(file.length, clusterSize);
  if (after.length > 0) file.write(encodeSnapshots(after), snapshotsOffset);
  rebuild({
    ...openSubject(file),
    header: { ...header, snapshotCount: after.length, snapshotsOffset },
  });
}

function isReadable(subject: Subject, { l1TableOffset, l1Entries }: Snapshot): boolean {
  const inside = l1TableOffset + l1Entries * ENTRY_BYTES <= subject.file.length;
  return inside && snapshotFault(subject, l1TableOffset, l1Entries) === undefined;
}

function withFittingL1(subject: Subject, snapshot: Snapshot): Snapshot {
  if (isReadable(subject, snapshot)) return snapshot;
  const { clusterSize, entryBytes, header } = subject;
  const size = snapshot.diskSize ?? header.size;
  return { ...snapshot, l1Entries: Math.ceil(size / (clusterSize * (clusterSize / entryBytes))) };
}

function withFullExtra({ header }: Subject, snapshot: Snapshot): Snapshot {
  if (header.version < 3 || snapshot.extra.length >= SNAPSHOT_EXTRA_BYTES) return snapshot;
  const extra = newExtra(snapshot.diskSize ?? header.size).subarray(0, SNAPSHOT_EXTRA_BYTES);
  extra.writeBigUInt64BE(BigInt(snapshot.vmStateSize), 0);
  return { ...snapshot, extra };
}

/**
 * An active L1 table that reaches past the end of the file is cut to what the disk needs, or moved with what of it can be
 * read.
 */
function mendL1(file: BlockFile): void {
  const subject = openSubject(file);
  const { header, clusterSize, entryBytes } = subject;
  const { l1TableOffset, l1Entries } = header;
  if (l1TableOffset + l1Entries * ENTRY_BYTES - file.length < clusterSize) return;
  const span = clusterSize * (clusterSize / entryBytes);
  // a zone table lies past the end of the disk
  const zoned = findExtension(header, EXTENSION.zoned) !== undefined;
  const needed = zoned ? l1Entries : Math.ceil(header.size / span);
  const entries = Math.min(l1Entries, needed);
  if (l1TableOffset + entries * ENTRY_BYTES > file.length) growL1(file, entries);
  else rebuild({ ...subject, header: { ...header, l1Entries: entries } });
}

/** Where refcounts have no room for all references to a cluster, they become wider. Version 2 has one width alone. */
function widenRefcounts(file: BlockFile): void {
  const subject = openSubject(file);
  const { header } = subject;
  const count = (refcountOrder: number): Survey => {
    const wider = { ...subject, header: { ...header, refcountOrder } };
    // the old blocks, read with another width, say nothing of flags
    const options = { withoutRefcounts: true, flags: new Findings() };
    return survey(wider, new Findings(), options);
  };
  let counted = count(header.refcountOrder);
  if (counted.references.overflowed === 0 || header.version < 3) return;
  let order = header.refcountOrder;
  while (counted.references.overflowed > 0 && order < MAX_REFCOUNT_ORDER) counted = count(++order);
  rebuildRefcounts(counted, rewriteHeader);
}

function rebuild(subject: Subject): void {
  rebuildRefcounts(survey(subject, new Findings(), { withoutRefcounts: true }));
}

function needsRebuild(seen: Survey): boolean {
  if (seen.mustRebuild) return true;
  const failures = new Findings();
  for (const { cluster, counted } of differences(seen, failures)) {
    const block = seen.stored.blockOffsets[Math.floor(cluster / seen.stored.entriesPerBlock)] ?? 0;
    if (block === 0 && counted > 0) return true;
  }
  return failures.found.failure > 0;
}

/** Sets refcounts to what was counted, in place, where `select` says so. Every block must be sound. */
function setRefcounts(seen: Survey, select: (stored: number, counted: number) => boolean): void {
  const { stored, references } = seen;
  const { file } = references.subject;
  let dirty = -1;
  const write = (): void => {
    if (dirty >= 0) file.write(stored.block(dirty), stored.blockOffsets[dirty] as number);
  };
  for (const { cluster, stored: count, counted } of differences(seen, new Findings())) {
    if (!select(count, counted)) continue;
    const index = Math.floor(cluster / stored.entriesPerBlock);
    if (index !== dirty) write();
    dirty = index;
    stored.codec.set(stored.block(index), cluster % stored.entriesPerBlock, counted);
  }
  write();
  file.syncNow();
}

function onlyFlagsAreWrong(file: BlockFile): boolean {
  const findings = new Findings();
  const seen = survey(openSubject(file), findings, { flags: new Findings() });
  for (const _ of differences(seen, findings)) return false;
  return findings.list.length === 0;
}

function mendFlags(file: BlockFile, flags: Findings): void {
  const writeFlag = (entry: Buffer, position: number): void => file.write(entry, position);
  survey(openSubject(file), new Findings(), { writeFlag, flags });
  file.syncNow();
}

/** The image has been checked and is sound. */
export function markSound(file: BlockFile): void {
  const { header } = openSubject(file);
  const doubt = INCOMPATIBLE.dirty | INCOMPATIBLE.corrupt;
  if ((header.incompatibleFeatures & doubt) === 0n) return;
  rewriteHeader(file, { ...header, incompatibleFeatures: header.incompatibleFeatures & ~doubt });
}
