/** `zonelab img snapshot`: lists, makes, applies and deletes internal snapshots. */
import { ImageError, ZonedDevice } from '@zonelab/qcow2-zoned';
import { describeError } from '../errors.ts';
import type { Output } from '../output.ts';
import { failure, type NamedImage } from './arguments.ts';
import { openToRead, withFormat } from './open.ts';
import { opening } from './opening.ts';
import { snapshotListing } from './snapshot-listing.ts';

export type SnapshotAction =
  | { readonly kind: 'list' }
  | { readonly kind: 'create' | 'apply' | 'delete'; readonly snapshot: string };

export async function imgSnapshot(image: NamedImage, action: SnapshotAction, out: Output) {
  if (action.kind === 'list') {
    const disk = await openToRead(image, { backing: false });
    const snapshots = disk.image?.snapshots() ?? [];
    disk.abandon();
    out.write(snapshotListing(snapshots));
    return;
  }
  const { kind, snapshot } = action;
  const { format } = await withFormat(image, out);
  if (format === 'raw')
    throw failure(`Could not ${kind} snapshot '${snapshot}': -95 (Operation not supported)`);
  const device = await opening(image.name, () => ZonedDevice.open(image.path));
  try {
    await change(device, kind, snapshot);
  } finally {
    await device.close();
  }
}

/** qemu-img deletes by name alone: another snapshot's name may be this one's id. */
function idOf(device: ZonedDevice, wanted: string): string {
  const named = device.snapshots().find(({ name }) => name === wanted);
  if (named !== undefined) return named.id;
  throw new ImageError('snapshot_not_found', `there is no snapshot '${wanted}'`);
}

async function change(device: ZonedDevice, kind: 'create' | 'apply' | 'delete', snapshot: string) {
  try {
    if (kind === 'create') await device.createSnapshot(snapshot, new Date());
    else if (kind === 'apply') await device.applySnapshot(snapshot);
    else await device.deleteSnapshot(idOf(device, snapshot));
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    const reason =
      error.code === 'snapshot_not_found'
        ? kind === 'apply'
          ? 'Failed to load snapshot: No such file or directory'
          : 'snapshot not found'
        : describeError(error);
    throw failure(`Could not ${kind} snapshot '${snapshot}': ${reason}`, { cause: error });
  }
}
