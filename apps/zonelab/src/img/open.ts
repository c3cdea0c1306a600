/** Opens the images that a command line names; what goes wrong is told in qemu-img's words. */
import { type OpenDiskOptions, type OpenedDisk, openDisk } from '@zonelab/qcow2-zoned';
import type { Output } from '../output.ts';
import { failure, type NamedImage } from './arguments.ts';
import { opening } from './opening.ts';

/** Opens a disk to be read, with its chain. */
export function openToRead(image: NamedImage, options: OpenDiskOptions = {}): Promise<OpenedDisk> {
  return openNamed(image, { ...options, readOnly: true });
}

/** Opens a disk to be written, with its chain. A file of no known format is taken for a raw disk, with a warning. */
export async function openToWrite(
  image: NamedImage,
  out: Output,
  options: OpenDiskOptions = {},
): Promise<OpenedDisk> {
  return openNamed(await withFormat(image, out), { ...options, readOnly: false });
}

/** The image with its format found out. To come before every change. */
export async function withFormat(image: NamedImage, out: Output): Promise<NamedImage> {
  if (image.shared)
    throw failure(
      `Could not open '${image.name}': force-share=on can only be used with read-only images`,
    );
  if (image.format !== undefined) return image;
  const disk = await openNamed(image, { readOnly: true, shared: true, backing: false });
  disk.abandon();
  if (disk.format === 'raw') out.warn(guessedRaw(image.name));
  return { ...image, format: disk.format };
}

const guessedRaw = (name: string) =>
  `WARNING: Image format was not specified for '${name}' and probing guessed raw.\n` +
  '         Automatically detecting the format is dangerous for raw images: a guest can make one look like anything.\n' +
  "         Specify the 'raw' format explicitly.\n";

function openNamed(image: NamedImage, options: OpenDiskOptions): Promise<OpenedDisk> {
  const { path, format, shared } = image;
  return opening(image.name, () =>
    openDisk(path, { shared, ...options, ...(format && { format }) }),
  );
}

/** Opens a disk to be read, hands it to `use` and closes it, whatever happens. */
export async function withDisk<T>(
  image: NamedImage,
  use: (disk: OpenedDisk) => T | Promise<T>,
): Promise<T> {
  const disk = await openToRead(image);
  try {
    return await use(disk);
  } finally {
    await disk.close();
  }
}
