/** Reads the bitmap directory of an image. */
import type { BlockFile } from '../file.ts';
import { type Bitmap, bitmapDirectory, decodeBitmaps } from '../format/bitmaps.ts';
import type { Qcow2Header } from '../format/header.ts';

/** The bitmaps that hold, in the order of the directory. Throws `invalid_image`. */
export function readBitmaps(
  file: Pick<BlockFile, 'length' | 'read'>,
  header: Qcow2Header,
): Bitmap[] {
  const directory = bitmapDirectory(header);
  if (directory === undefined) return [];
  const held = Math.max(0, Math.min(directory.size, file.length - directory.offset));
  const bytes = Buffer.alloc(held);
  file.read(bytes, directory.offset);
  return decodeBitmaps(bytes, directory, 2 ** header.clusterBits);
}
