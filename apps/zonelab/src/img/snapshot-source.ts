/** An internal snapshot as the source of a conversion. */
import { type Disk, type OpenedDisk, snapshotDisk } from '@zonelab/qcow2-zoned';
import { failure } from './arguments.ts';
import { parseOptionList } from './option-list.ts';

/** Which snapshot -l asks for: by id, by name, or either. */
export interface SnapshotName {
  readonly id?: string;
  readonly name?: string;
  readonly idOrName?: string;
}

/** Reads `snapshot.id=1,snapshot.name=x`, or a plain id or name. */
export function readSnapshotName(text: string | undefined): SnapshotName | undefined {
  if (text === undefined) return undefined;
  if (!text.startsWith('snapshot.')) return { idOrName: text };
  const options = new Map(parseOptionList(text));
  return { id: options.get('snapshot.id'), name: options.get('snapshot.name') };
}

/** The disk itself, or as a snapshot of it was. */
export function sourceOf(disk: OpenedDisk, wanted: SnapshotName | undefined): Disk {
  if (wanted === undefined) return disk;
  const { image } = disk;
  if (image === undefined)
    throw failure(
      'Failed to load snapshot: ' +
        "Block format 'raw' used by device '' does not support temporarily loading internal snapshots",
    );
  const { id, name, idOrName } = wanted;
  const all = image.snapshots();
  const found =
    idOrName === undefined
      ? all.find((one) => (id ?? one.id) === one.id && (name ?? one.name) === one.name)
      : (all.find((one) => one.id === idOrName) ?? all.find((one) => one.name === idOrName));
  if (found === undefined) throw failure("Failed to load snapshot: Can't find snapshot");
  return snapshotDisk(disk, found);
}
