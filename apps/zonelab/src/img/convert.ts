/** `zonelab img convert`: copies disks into a new image, or over one that is there. */
import {
  ConcatenatedDisk,
  type ConvertOptions,
  convertInto,
  convertToFile,
  type Disk,
  ImageError,
  type OpenedDisk,
} from '@zonelab/qcow2-zoned';
import { CliError, describeError } from '../errors.ts';
import type { Output } from '../output.ts';
import { failure, type ImageFormat, type NamedImage } from './arguments.ts';
import type { ConvertPlan } from './convert-flags.ts';
import { openToRead, openToWrite } from './open.ts';
import { ProgressLine } from './progress.ts';
import { sourceOf } from './snapshot-source.ts';

export async function imgConvert(plan: ConvertPlan, out: Output): Promise<void> {
  const disks: OpenedDisk[] = [];
  const progress = new ProgressLine(out, plan.progress);
  try {
    for (const image of plan.sources) disks.push(await openToRead(image));
    const source = sourceDisk(plan, disks);
    if (plan.bitmaps && disks.some(({ format }) => format === 'raw'))
      throw failure('Source lacks bitmap support');
    const options = { ...plan.options, onProgress: progress.report };
    if (plan.create === undefined) await convertOver(source, plan.target, options, out);
    else await convertAnew(source, plan, { ...options, create: plan.create });
    progress.end();
  } finally {
    for (const disk of disks) disk.abandon();
  }
}

function sourceDisk(plan: ConvertPlan, disks: readonly OpenedDisk[]): Disk {
  const [first, ...others] = disks as [OpenedDisk, ...OpenedDisk[]];
  if (plan.snapshot !== undefined && others.length > 0)
    throw failure('No support for concatenating multiple snapshot');
  if (others.length > 0) return new ConcatenatedDisk(disks);
  return sourceOf(first, plan.snapshot);
}

async function convertAnew(source: Disk, plan: ConvertPlan, options: ConvertOptions) {
  const { name, path } = plan.target;
  const format: ImageFormat = plan.target.format ?? 'raw';
  try {
    await convertToFile(source, path, { ...options, format });
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    throw failure(`${name}: error while converting ${format}: ${creationFailure(name, error)}`, {
      cause: error,
    });
  }
}

function creationFailure(name: string, error: ImageError): string {
  switch (error.code) {
    case 'file_not_found':
      return `Could not create '${name}': No such file or directory`;
    case 'image_in_use':
      return `Failed to get "write" lock: is another process using the image [${name}]?`;
    default:
      return describeError(error);
  }
}

async function convertOver(source: Disk, image: NamedImage, options: ConvertOptions, out: Output) {
  const target = await openToWrite(image, out);
  try {
    await convertInto(source, target, options);
    await target.close();
  } catch (error) {
    target.abandon();
    throw error instanceof ImageError ? new CliError('failed', describeError(error)) : error;
  }
}
