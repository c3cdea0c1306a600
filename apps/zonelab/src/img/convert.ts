/** `zonelab img convert`: copies disks into a new image, or over one that is there. */
import {
  ConcatenatedDisk,
  type ConvertOptions,
  convertInto,
  convertToFile,
  convertZonedToFile,
  type Disk,
  hasZones,
  ImageError,
  type OpenedDisk,
  SalvagedDisk,
} from '@zonelab/qcow2-zoned';
import { CliError, describeError, errnoText } from '../errors.ts';
import type { Output } from '../output.ts';
import { failure, type NamedImage } from './arguments.ts';
import { bitmapsToCopy } from './convert-bitmaps.ts';
import type { ConvertPlan } from './convert-flags.ts';
import { creationFailure } from './create.ts';
import { withZoneSize } from './create-options.ts';
import { openToRead, openToWrite } from './open.ts';
import { ProgressLine } from './progress.ts';
import { sourceOf } from './snapshot-source.ts';

export async function imgConvert(plan: ConvertPlan, out: Output): Promise<void> {
  const disks: OpenedDisk[] = [];
  const progress = new ProgressLine(out, plan.progress);
  try {
    for (const image of plan.sources) disks.push(await openToRead(image));
    const source = salvaged(sourceDisk(plan, disks), plan, out);
    const bitmaps = bitmapsToCopy(plan, disks, out);
    const [first] = disks;
    if (first !== undefined && disks.some(hasZones) && (await convertZones(plan, first, out))) {
      progress.report(1, 1);
      progress.end();
      return;
    }
    const options = { ...plan.options, bitmaps, onProgress: progress.report };
    if (plan.create === undefined) await convertOver(source, plan.target, options, out);
    else await convertAnew(source, plan, { ...options, create: withZoneSize(plan.create) });
    progress.end();
  } finally {
    for (const disk of disks) disk.abandon();
  }
}

/** True where the zones went along; false, and a warning, where there is no place for them in what is made. */
async function convertZones(plan: ConvertPlan, disk: OpenedDisk, out: Output): Promise<boolean> {
  const { create, target, sources, snapshot, options } = plan;
  const reason =
    target.format !== 'qcow2'
      ? 'a raw image has no place for them'
      : create === undefined
        ? 'the target is there already'
        : sources.length > 1
          ? 'several disks become one'
          : snapshot && 'a snapshot is converted without them';
  if (reason !== undefined || create === undefined) {
    out.warn(`zonelab: warning: the zones of '${disk.path}' are lost: ${reason}\n`);
    return false;
  }
  if (options.compress) throw failure('Clusters of a disk with zones are not compressed');
  if (create.backing)
    throw failure('A disk with zones is converted whole, not over a backing file');
  await creating(plan, () => convertZonedToFile(disk.path, target.path, create));
  return true;
}

/** The source, read on where it is damaged if that is asked for. */
function salvaged(source: Disk, { salvage, quiet }: ConvertPlan, out: Output): Disk {
  if (!salvage) return source;
  return new SalvagedDisk(source, (what, offset, cause) => {
    const failed = `error while reading ${what === 'status' ? 'block status at ' : ''}offset ${offset}`;
    if (!quiet) out.warn(`zonelab: warning: ${failed}: ${errnoText(cause)}\n`);
  });
}

function sourceDisk(plan: ConvertPlan, disks: readonly OpenedDisk[]): Disk {
  const [first, ...others] = disks as [OpenedDisk, ...OpenedDisk[]];
  if (plan.snapshot !== undefined && others.length > 0)
    throw failure('No support for concatenating multiple snapshot');
  if (others.length > 0) return new ConcatenatedDisk(disks);
  return sourceOf(first, plan.snapshot);
}

function convertAnew(source: Disk, plan: ConvertPlan, options: ConvertOptions): Promise<void> {
  const format = plan.target.format ?? 'raw';
  return creating(plan, () => convertToFile(source, plan.target.path, { ...options, format }));
}

/** Tells of failures with the names of what was to be made. */
async function creating({ target }: ConvertPlan, work: () => Promise<void>): Promise<void> {
  const { name, format = 'raw' } = target;
  try {
    await work();
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    throw failure(`${name}: error while converting ${format}: ${creationFailure(name, error)}`, {
      cause: error,
    });
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
