/** Reads the snapshot table of an image. */
import type { BlockFile } from '../file.ts';
import type { Qcow2Header } from '../format/header.ts';
import { decodeSnapshots, type Snapshot } from '../format/snapshot-table.ts';

/** Snapshots in order, and the bytes that their table occupies. Throws `invalid_image`. */
export function readSnapshots(
  file: BlockFile,
  header: Qcow2Header,
): { snapshots: Snapshot[]; length: number } {
  return decodeSnapshots(header.snapshotCount, (at, length) => {
    const bytes = Buffer.alloc(length);
    file.read(bytes, header.snapshotsOffset + at);
    return bytes;
  });
}
