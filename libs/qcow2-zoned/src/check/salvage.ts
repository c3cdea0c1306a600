/** What can still be read of a snapshot table or a bitmap directory that is damaged in part. */
import { ImageError } from '../errors.ts';
import type { BlockFile } from '../file.ts';
import {
  type Bitmap,
  bitmapDirectory,
  bitmapEntryLength,
  decodeBitmaps,
  encodeBitmaps,
  encodeBitmapsExtension,
} from '../format/bitmaps.ts';
import { roundUp } from '../format/bytes.ts';
import { EXTENSION } from '../format/header.ts';
import { rewriteHeader, withExtension } from '../format/header-rewrite.ts';
import {
  decodeSnapshots,
  SNAPSHOT_FIXED_BYTES,
  type Snapshot,
  snapshotEntryLength,
} from '../format/snapshot-table.ts';
import { refuseUnfitting } from './bitmaps.ts';
import { Findings } from './findings.ts';
import { rebuildRefcounts } from './rebuild.ts';
import { openSubject, type Subject } from './subject.ts';
import { survey } from './survey.ts';

/**
 * The snapshots whose entries can be read. An entry that cannot is left out; where its length cannot be believed, so are
 * all behind it. `whole`: nothing was left out.
 */
export function salvageSnapshots(subject: Subject): { snapshots: Snapshot[]; whole: boolean } {
  const { header, file } = subject;
  const snapshots: Snapshot[] = [];
  let start = header.snapshotsOffset;
  for (let index = 0; index < header.snapshotCount; index++) {
    const fixed = Buffer.alloc(SNAPSHOT_FIXED_BYTES);
    if (start + fixed.length > file.length) break;
    subject.readTable(fixed, start);
    const length = snapshotEntryLength(fixed);
    if (length === undefined || start + length > roundUp(file.length, 8)) break;
    const snapshot = unlessInvalid(() =>
      decodeSnapshots(1, (at, bytes) => readPiece(subject, start + at, bytes)),
    )?.snapshots[0];
    // an entry of zeroes is none
    if (snapshot !== undefined && snapshot.id !== '') snapshots.push(snapshot);
    start += length;
  }
  return { snapshots, whole: snapshots.length === header.snapshotCount };
}

function readPiece(subject: Subject, position: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  subject.readTable(bytes, position);
  return bytes;
}

/**
 * Gives the image a bitmap directory without the entries that cannot be, behind the end of the file. Nothing
 * changes where no entry is left, or where more than bitmaps is damaged.
 */
export function keepSoundBitmaps(file: BlockFile): void {
  const subject = openSubject(file);
  const kept = soundBitmaps(subject);
  if (kept.length === 0) return;
  const bytes = encodeBitmaps(kept);
  const offset = roundUp(file.length, subject.clusterSize);
  const data = encodeBitmapsExtension({ count: kept.length, offset, size: bytes.length });
  const extensions = withExtension(subject.header.extensions, EXTENSION.bitmaps, data);
  file.write(bytes, offset);
  const after = { ...openSubject(file), header: { ...subject.header, extensions } };
  unlessInvalid(() =>
    rebuildRefcounts(survey(after, new Findings(), { withoutRefcounts: true }), rewriteHeader),
  );
}

/** Bitmaps whose entries hold, each name once. */
function soundBitmaps(subject: Subject): Bitmap[] {
  const { header, file, clusterSize } = subject;
  const directory = unlessInvalid(() => bitmapDirectory(header));
  if (directory === undefined) return [];
  const held = Math.max(0, Math.min(directory.size, file.length - directory.offset));
  const bytes = readPiece(subject, directory.offset, held);
  const kept = new Map<string, Bitmap>();
  for (let at = 0, index = 0; index < directory.count; index++) {
    const length = bitmapEntryLength(bytes, at);
    if (length === undefined) break;
    const entry = bytes.subarray(at, at + length);
    const place = { count: 1, offset: directory.offset + at, size: length };
    const bitmap = unlessInvalid(() => {
      const [found] = decodeBitmaps(entry, place, clusterSize) as [Bitmap];
      refuseUnfitting(subject, found, index);
      return found;
    });
    const inside = bitmap && bitmap.table.offset + bitmap.table.size <= file.length;
    if (bitmap && inside && !kept.has(bitmap.name)) kept.set(bitmap.name, bitmap);
    at += length;
  }
  return [...kept.values()];
}

function unlessInvalid<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof ImageError && error.code === 'invalid_image') return undefined;
    throw error;
  }
}
