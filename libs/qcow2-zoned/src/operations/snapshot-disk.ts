/** An internal snapshot as a disk that can be read beside the present state. */
import { ImageError } from '../errors.ts';
import type { BlockFile } from '../file.ts';
import { encodePointers, POINTERS_AT } from '../format/header.ts';
import type { Snapshot } from '../format/snapshot-table.ts';
import { Qcow2Image } from '../image/image.ts';
import type { OpenedDisk } from '../open.ts';

/**
 * The disk as it was, over the same open files; nothing may be written to them meanwhile. Throws
 * `unsupported_feature` for a disk that is not qcow2.
 */
export function snapshotDisk(disk: OpenedDisk, snapshot: Snapshot): Qcow2Image {
  const { image, file, dataFile, backing } = disk;
  if (image === undefined)
    throw new ImageError('unsupported_feature', `${disk.path}: a raw disk has no snapshots`, {
      path: disk.path,
    });
  const { l1TableOffset, l1Entries, diskSize: size = image.size } = snapshot;
  const pointers = encodePointers({ ...image.header, l1TableOffset, l1Entries, size });
  return new Qcow2Image(overlaid(file, pointers, POINTERS_AT), true, { dataFile, backing });
}

/** The file, read as if `bytes` stood at `at`. */
function overlaid(file: BlockFile, bytes: Buffer, at: number): BlockFile {
  const refuse = (): never => {
    throw new ImageError('image_read_only', `${file.path}: a snapshot cannot be written`, {
      path: file.path,
    });
  };
  return {
    path: file.path,
    length: file.length,
    read(target, position) {
      file.read(target, position);
      const from = Math.max(position, at);
      const to = Math.min(position + target.length, at + bytes.length);
      if (from < to) target.set(bytes.subarray(from - at, to - at), from - position);
    },
    write: refuse,
    sync: refuse,
    syncNow: refuse,
    truncate: refuse,
    close: () => {},
  };
}
