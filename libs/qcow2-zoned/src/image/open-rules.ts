/** Which images the engine opens, by what their header says. */
import { ImageError } from '../errors.ts';
import type { BlockFile } from '../file.ts';
import { INCOMPATIBLE, refuseUnsupportedFeatures } from '../format/features.ts';
import type { Qcow2Header } from '../format/header.ts';
import { type Disk, MissingDisk } from './disk.ts';

/** What we read. Who uses the zones of the zoned format says what it can do. */
const SUPPORTED =
  INCOMPATIBLE.dirty |
  INCOMPATIBLE.corrupt |
  INCOMPATIBLE.dataFile |
  INCOMPATIBLE.compressionType |
  INCOMPATIBLE.extendedL2 |
  INCOMPATIBLE.zonedFormat;

/** Throws `unsupported_feature`, and `image_corrupt` for a writer where the image is marked dirty or corrupt. */
export function refuseUnsupported(path: string, header: Qcow2Header, readOnly: boolean): void {
  refuseUnsupportedFeatures(header, SUPPORTED);
  if (header.cryptMethod !== 0)
    throw new ImageError('unsupported_feature', 'encrypted images are not supported', {
      ...{ path, field: 'crypt_method', given: header.cryptMethod },
    });
  if (readOnly) return;
  for (const [bit, state] of [
    [INCOMPATIBLE.dirty, 'dirty: it was not closed cleanly, and its refcounts may be wrong'],
    [INCOMPATIBLE.corrupt, 'corrupt'],
  ] as const)
    if ((header.incompatibleFeatures & bit) !== 0n)
      throw new ImageError(
        'image_corrupt',
        `${path}: the image is marked ${state}; repair it before it is opened for writing`,
        { path, field: 'incompatible_features', allowed: 'a repaired image, or a read-only open' },
      );
}

/** What stands for the backing file that an image names, where nobody opened it. */
export function missingBacking(file: BlockFile, header: Qcow2Header): Disk | undefined {
  return header.backingFile === undefined
    ? undefined
    : new MissingDisk(file.path, header.backingFile);
}
