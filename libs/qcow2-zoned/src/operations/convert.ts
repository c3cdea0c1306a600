/** Converts disks into new image files, and into images that are there already. */
import fs from 'node:fs';
import { createImage, type UnsizedCreateOptions } from '../create.ts';
import { ImageError, invalidOption } from '../errors.ts';
import { dataFilePath } from '../file-name.ts';
import { roundUp } from '../format/bytes.ts';
import type { Disk } from '../image/disk.ts';
import { type OpenedDisk, openDisk } from '../open.ts';
import type { DiskFormat } from '../probe.ts';
import { imageOf } from './backing-chain.ts';
import { BitmapAdder, type BitmapCopy } from './bitmaps.ts';
import { type CopyOptions, copyCompressed, copyDisk, DEFAULT_SPARSE_BYTES } from './copy.ts';
import { createRaw } from './create-raw.ts';
import { CompressingSink, ImageSink } from './image-sink.ts';
import { replaceFile } from './replace-file.ts';

export interface ConvertOptions extends CopyOptions {
  /** Default `qcow2`. */
  readonly format?: DiskFormat;
  /** How a qcow2 image is made; a data file of that name is replaced. `size` may exceed the source's; without it the source's is taken. */
  readonly create?: UnsizedCreateOptions;
  /** Clusters are compressed. For qcow2 only. */
  readonly compress?: boolean;
  /** Persistent bitmaps that the image is to have when it holds the data. For qcow2 only. */
  readonly bitmaps?: readonly BitmapCopy[];
  /** The file is on stable storage when the call ends. Default true. */
  readonly durable?: boolean;
}

/** Of a file that nobody relies on before it is whole. */
const NOT_YET = { durable: false };

/**
 * Writes the content of `source` to a new file at `file`, which appears whole or not at all and replaces what stood
 * there. Errors: `invalid_option`, `image_in_use`, `no_space`, `io_error`, and what reading the source throws.
 */
export async function convertToFile(
  source: Disk,
  file: string,
  options: ConvertOptions = {},
): Promise<void> {
  const { format = 'qcow2', create = {}, durable = true } = options;
  const size = create.size ?? source.size;
  const { preallocation } = create;
  const strayData = newDataFile(file, create);
  await replaceFile(
    file,
    async (temporary) => {
      if (format === 'raw') await createRaw(temporary, { size, preallocation }, NOT_YET);
      else await createImage(temporary, { ...create, size, overwrite: true }, NOT_YET);
      const target = await openDisk(temporary, { format, sync: false });
      try {
        await convertInto(source, target, {
          ...options,
          targetIsZero: create.backing === undefined,
        });
        await target.close();
      } catch (error) {
        target.abandon();
        if (strayData !== undefined) fs.rmSync(strayData, { force: true });
        throw error;
      }
    },
    { durable },
  );
}

/** The data file that is going to be made, where none of its name is there. */
function newDataFile(file: string, { dataFile }: UnsizedCreateOptions): string | undefined {
  const path = dataFile && dataFilePath(file, dataFile.file);
  return path === undefined || fs.existsSync(path) ? undefined : path;
}

/** Writes the content of `source` over that of an open disk. Throws `invalid_option` where it does not fit. */
export async function convertInto(
  source: Disk,
  target: OpenedDisk,
  options: ConvertOptions = {},
): Promise<void> {
  if (target.size < source.size)
    throw new ImageError('invalid_option', 'output file is smaller than input file', {
      field: 'size',
      given: target.size,
      allowed: `at least ${source.size}`,
    });
  const bitmaps = options.bitmaps && new BitmapAdder(imageOf(target), options.bitmaps);
  await copyInto(source, target, options);
  await bitmaps?.store();
}

async function copyInto(source: Disk, target: OpenedDisk, options: ConvertOptions): Promise<void> {
  const { image } = target;
  if (options.compress) {
    if (image === undefined) throw invalidOption('compress', 'on', 'off for a raw disk');
    await copyCompressed(source, new CompressingSink(target, image), options);
    return;
  }
  const sparseBytes = sparseUnit(options.sparseBytes, target);
  await copyDisk(source, new ImageSink(target), { ...options, sparseBytes });
}

/** A cluster is stored whole or not at all: zeroes in part of one save nothing. */
function sparseUnit(sparseBytes = DEFAULT_SPARSE_BYTES, { image }: OpenedDisk): number {
  return image === undefined ? sparseBytes : roundUp(sparseBytes, image.clusterSize);
}
