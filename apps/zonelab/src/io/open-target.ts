/** Opens what `zonelab io` is given: with its zones where it has some. */
import { type FaultPlan, inspectImage, openDisk, ZonedDevice } from '@zonelab/qcow2-zoned';
import { CliError, describeError } from '../errors.ts';
import type { NamedImage } from '../img/arguments.ts';
import { type IoTarget, PlainTarget } from './target.ts';

export interface OpenTargetOptions {
  readonly readOnly: boolean;
  /** What is to go wrong. */
  readonly faults?: FaultPlan | undefined;
}

/** Failures are told as qemu-io tells them. */
export async function openTarget(image: NamedImage, options: OpenTargetOptions): Promise<IoTarget> {
  try {
    return await openByKind(image, options);
  } catch (cause) {
    throw new CliError('failed', `can't open device ${image.name}: ${describeError(cause)}`, {
      cause,
    });
  }
}

async function openByKind(image: NamedImage, options: OpenTargetOptions): Promise<IoTarget> {
  const { path, shared } = image;
  const { readOnly, faults } = options;
  const format = image.format ?? (await formatOf(path));
  const zoned = format === 'qcow2' && (await inspectImage(path)).zoned !== undefined;
  if (zoned || faults !== undefined) return ZonedDevice.open(path, { readOnly, faults, shared });
  return new PlainTarget(await openDisk(path, { readOnly, shared, format }));
}

async function formatOf(path: string): Promise<'raw' | 'qcow2'> {
  const disk = await openDisk(path, { readOnly: true, shared: true, backing: false });
  disk.abandon();
  return disk.format;
}
