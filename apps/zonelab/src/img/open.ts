/** Opens the images that a command line names; what goes wrong is told in qemu-img's words. */
import { ImageError, type OpenDiskOptions, type OpenedDisk, openDisk } from '@zonelab/qcow2-zoned';
import { describeError } from '../errors.ts';
import { failure, type NamedImage } from './arguments.ts';

/** Opens a disk to be read, with its chain. */
export function openToRead(image: NamedImage, options: OpenDiskOptions = {}): Promise<OpenedDisk> {
  return openNamed(image, { ...options, readOnly: true });
}

export function openToWrite(image: NamedImage, options: OpenDiskOptions = {}): Promise<OpenedDisk> {
  if (image.shared)
    throw failure(
      `Could not open '${image.name}': force-share=on can only be used with read-only images`,
    );
  return openNamed(image, { ...options, readOnly: false });
}

function openNamed(image: NamedImage, options: OpenDiskOptions): Promise<OpenedDisk> {
  const { path, format, shared } = image;
  return opening(image.name, () =>
    openDisk(path, { ...options, shared, ...(format && { format }) }),
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
