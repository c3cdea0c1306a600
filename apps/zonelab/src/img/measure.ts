/** `zonelab img measure`: how large an image file will be. */
import {
  ImageError,
  measureBitmaps,
  measureQcow2,
  measureRaw,
  type OpenedDisk,
} from '@zonelab/qcow2-zoned';
import { jsonText, type Output, type OutputForm } from '../output.ts';
import { failure, type ImageFlags, namedImage, sizeOrRefuse } from './arguments.ts';
import { DEFAULT_CLUSTER_BYTES } from './create.ts';
import { readMeasureOptions } from './create-options.ts';
import { withDisk } from './open.ts';
import { parseOptionList } from './option-list.ts';
import { readSnapshotName, sourceOf } from './snapshot-source.ts';

/** As commander hands them over. */
export interface MeasureFlags extends ImageFlags {
  readonly O: string;
  readonly o: readonly string[];
  readonly size?: string;
  readonly l?: string;
  readonly output: OutputForm;
}

export async function imgMeasure(
  file: string | undefined,
  flags: MeasureFlags,
  out: Output,
): Promise<void> {
  const { O: format, size: sizeText, output: form } = flags;
  if (format !== 'raw' && format !== 'qcow2') throw failure(`Unknown file format '${format}'`);
  const size = sizeText === undefined ? undefined : sizeOrRefuse('image size', sizeText);
  const { imageOpts, f, l } = flags;
  if (file === undefined && (imageOpts ?? f ?? l) !== undefined)
    throw failure('--image-opts, -f, and -l require a filename argument.');
  if (file !== undefined && size !== undefined)
    throw failure('--size N cannot be used together with a filename.');
  const options = readMeasureOptions(flags.o.flatMap(parseOptionList));
  const measure = (bytes: number, disk?: OpenedDisk): MeasuredSizes => {
    if (format === 'raw') return measureRaw(bytes);
    const source = disk && sourceOf(disk, readSnapshotName(l));
    // what an overlay will leave to its backing file is not known beforehand
    const preallocated = options.preallocated || (options.backed && source !== undefined);
    const sizes = measureQcow2(source?.size ?? bytes, { ...options, preallocated }, source);
    const image = disk?.image;
    if (image === undefined || image.header.version < 3) return sizes;
    return {
      ...sizes,
      bitmaps: measureBitmaps(image, options.clusterSize ?? DEFAULT_CLUSTER_BYTES),
    };
  };
  try {
    if (file !== undefined) {
      const image = namedImage(file, flags);
      print(await withDisk(image, (disk) => measure(disk.size, disk)), form, out);
    } else if (size !== undefined) print(measure(size), form, out);
    else throw failure('Either --size N or one filename must be specified.');
  } catch (error) {
    if (error instanceof ImageError && error.context.field === 'size')
      throw failure('The image size is too large (try using a larger cluster size)');
    throw error;
  }
}

/** Bytes. `bitmaps`: undefined where the image has none because of its format. */
interface MeasuredSizes {
  readonly required: number;
  readonly fullyAllocated: number;
  readonly bitmaps?: number;
}

function print(sizes: MeasuredSizes, form: OutputForm, out: Output): void {
  const { required, fullyAllocated, bitmaps } = sizes;
  if (form === 'json') {
    const known = bitmaps === undefined ? {} : { bitmaps };
    out.write(jsonText({ ...known, required, 'fully-allocated': fullyAllocated }));
    return;
  }
  out.write(`required size: ${required}\nfully allocated size: ${fullyAllocated}\n`);
  if (bitmaps !== undefined) out.write(`bitmaps size: ${bitmaps}\n`);
}
