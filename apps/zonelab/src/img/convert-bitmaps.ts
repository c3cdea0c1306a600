/** Which persistent bitmaps `zonelab img convert --bitmaps` takes along. */
import { type BitmapCopy, bitmapCopies, hasZones, type OpenedDisk } from '@zonelab/qcow2-zoned';
import type { Output } from '../output.ts';
import { failure } from './arguments.ts';
import type { ConvertPlan } from './convert-flags.ts';

/** Undefined where none are asked for. Refuses what qemu-img refuses. */
export function bitmapsToCopy(
  plan: ConvertPlan,
  disks: readonly OpenedDisk[],
  out: Output,
): readonly BitmapCopy[] | undefined {
  if (plan.bitmaps === 'none') return undefined;
  const [disk, ...others] = disks;
  if (others.length > 0) throw failure('Copying bitmaps only possible with single source');
  const image = disk?.image;
  if (disk === undefined || image === undefined || image.header.version < 3)
    throw failure('Source lacks bitmap support');
  const { format = 'raw' } = plan.target;
  if (format === 'raw' || plan.create?.version === 2)
    throw failure(`Format driver '${format}' does not support bitmaps`);
  for (const { name, inUse } of image.bitmaps()) {
    if (!inUse) continue;
    if (plan.bitmaps === 'all') throw failure(`Cannot copy inconsistent bitmap '${name}'`);
    out.warn(`zonelab: warning: Skipping inconsistent bitmap '${name}'\n`);
  }
  const copies = bitmapCopies(image);
  if (copies.length > 0 && hasZones(disk))
    throw failure('A disk with zones is converted without its bitmaps');
  return copies;
}
