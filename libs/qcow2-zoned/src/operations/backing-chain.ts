/** A disk's chain of backing files, and how an image comes by another one. */
import { ImageError } from '../errors.ts';
import { AUTOCLEAR } from '../format/feature-bits.ts';
import { EXTENSION } from '../format/header.ts';
import { withExtension } from '../format/header-rewrite.ts';
import type { Qcow2Image } from '../image/image.ts';
import { type OpenedDisk, openDisk } from '../open.ts';
import type { DiskFormat } from '../probe.ts';

/** One file of a chain. */
export interface Layer {
  readonly path: string;
  readonly format: DiskFormat;
}

/** The files of a disk's chain, the disk itself first. */
export async function layersOf(path: string, format?: DiskFormat): Promise<Layer[]> {
  const top = await openDisk(path, { readOnly: true, shared: true, ...(format && { format }) });
  try {
    const layers: Layer[] = [];
    for (let disk: OpenedDisk | undefined = top; disk !== undefined; disk = disk.backing)
      layers.push({ path: disk.path, format: disk.format });
    return layers;
  } finally {
    top.abandon();
  }
}

export interface BackingName {
  /** As the image is to name it: a relative name starts from the image's directory. */
  readonly file: string;
  readonly format: DiskFormat;
}

/**
 * Changes the names in the header alone, durably. Undefined: the image is to have no backing file. `unsafe`: nobody knows
 * whether the disk is what it was; zones are held against it when they are opened next.
 */
export function nameBacking(
  image: Qcow2Image,
  backing: BackingName | undefined,
  { unsafe = false } = {},
): void {
  const doubted = unsafe ? AUTOCLEAR.zoneTableValid : 0n;
  image.updateHeader((header) => ({
    ...header,
    autoclearFeatures: header.autoclearFeatures & ~doubted,
    backingFile: backing?.file,
    extensions: withExtension(
      header.extensions,
      EXTENSION.backingFormat,
      backing && Buffer.from(backing.format),
    ),
  }));
}

/** The qcow2 image of a disk. Throws `unsupported_feature` for a raw one, which has no backing file. */
export function imageOf(disk: OpenedDisk): Qcow2Image {
  if (disk.image !== undefined) return disk.image;
  throw new ImageError('unsupported_feature', `${disk.path}: a raw disk has no backing file`, {
    path: disk.path,
    field: 'format',
    given: 'raw',
    allowed: 'qcow2',
  });
}
