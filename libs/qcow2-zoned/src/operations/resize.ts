/** Changes the size of disks. */
import { invalidOption } from '../errors.ts';
import { AUTOCLEAR } from '../format/feature-bits.ts';
import type { OpenedDisk } from '../open.ts';
import { RawDisk } from '../raw-disk.ts';
import { COPY_BUFFER_BYTES } from './limits.ts';

export interface ResizeOptions {
  /** What of the new part has its place in the file at once. Default `off`; `metadata` with a raw data file. */
  readonly preallocation?: 'off' | 'metadata' | 'falloc' | 'full';
}

/**
 * `size`: bytes, a multiple of 512. What a disk grows by reads as zeroes; what it shrinks by is lost. Errors:
 * `invalid_option`, `unsupported_feature`, `no_space`.
 */
export async function resizeDisk(
  disk: OpenedDisk,
  size: number,
  options: ResizeOptions = {},
): Promise<void> {
  const given = options.preallocation ?? 'off';
  const preallocation = given === 'off' && hasRawDataFile(disk) ? 'metadata' : given;
  const { size: before, content } = disk;
  if (content instanceof RawDisk && preallocation === 'metadata')
    throw invalidOption('preallocation', preallocation, 'off, falloc or full for a raw disk');
  if (content instanceof RawDisk) content.resize(size);
  else await content.resize(size);
  if (size <= before || preallocation === 'off') return;
  if (preallocation === 'metadata') await disk.image?.preallocate(before, size - before);
  else if (preallocation === 'full' || !(await reserve(disk, before, size)))
    await writeOut(disk, before, size);
}

/** A data file that alone is the disk: QEMU maps all of it, so that nothing depends on the image. */
function hasRawDataFile({ image }: OpenedDisk): boolean {
  return image !== undefined && (image.header.autoclearFeatures & AUTOCLEAR.rawDataFile) !== 0n;
}

/** Takes space without writing; false where the host cannot, or a backing file has to be hidden. */
async function reserve(disk: OpenedDisk, start: number, end: number): Promise<boolean> {
  const { content } = disk;
  if (content instanceof RawDisk) return content.allocate(start, end - start);
  if (content.header.backingFile !== undefined) return false;
  const file = disk.dataFile ?? disk.file;
  const before = file.length;
  await content.preallocate(start, end - start);
  // what the clusters took before the end of the file was written with zeroes
  return file.length === before || (file.allocate?.(before, file.length - before) ?? false);
}

/** Where nothing else will do, space is taken by writing it. */
async function writeOut(disk: OpenedDisk, start: number, end: number): Promise<void> {
  const zeroes = Buffer.alloc(Math.min(COPY_BUFFER_BYTES, end - start));
  for (let at = start; at < end; at += zeroes.length) {
    disk.write(at, zeroes.subarray(0, Math.min(zeroes.length, end - at)));
    if (disk.image?.crowded) await disk.flush();
  }
}
