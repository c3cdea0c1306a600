/** Opens the images that a command line names; what goes wrong is told in qemu-img's words. */
import { ImageError, type OpenDiskOptions, type OpenedDisk, openDisk } from '@zonelab/qcow2-zoned';
import { describeError } from '../errors.ts';
import type { Output } from '../output.ts';
import { failure, type NamedImage } from './arguments.ts';

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

/** Runs `open`; what it throws comes out as "Could not open 'NAME': reason". */
export async function opening<T>(name: string, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    throw failure(`Could not open '${name}': ${openFailure(error)}`, { cause: error });
  }
}

function openFailure(error: ImageError): string {
  const { path } = error.context;
  switch (error.code) {
    case 'file_not_found':
      return `Could not open '${path}': No such file or directory`;
    case 'image_in_use':
      return `Failed to get "write" lock: is another process using the image [${path}]?`;
    default:
      return describeError(error);
  }
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
