/** Opens what `zonelab io` is given: with its zones where it has some. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createImage, ImageError, inspectImage, openDisk, ZonedDevice } from '@zonelab/qcow2-zoned';
import { CliError, describeError } from '../errors.ts';
import type { NamedImage } from '../img/arguments.ts';
import { openFailure } from '../img/opening.ts';
import { CopyOnReadTarget } from './copy-on-read-target.ts';
import type { OpenFlags } from './io-file.ts';
import { type IoTarget, PlainTarget } from './target.ts';

/** Failures are told as qemu-io tells them. */
export async function openTarget(image: NamedImage, flags: OpenFlags): Promise<IoTarget> {
  try {
    return flags.snapshot && !flags.readOnly
      ? await openSnapshot(image, flags)
      : await openByKind(image, flags);
  } catch (cause) {
    const reason = cause instanceof ImageError ? openFailure(cause) : describeError(cause);
    throw new CliError('failed', `can't open device ${image.name}: ${reason}`, { cause });
  }
}

async function openByKind(image: NamedImage, flags: OpenFlags): Promise<IoTarget> {
  const { path, shared } = image;
  const { readOnly, faults, rules } = flags;
  const format = image.format ?? (await formatOf(path));
  const zoned = format === 'qcow2' && (await inspectImage(path)).zoned !== undefined;
  if (zoned || faults !== undefined)
    return ZonedDevice.open(path, { readOnly, faults, shared, ...rules });
  const disk = await openDisk(path, { readOnly, shared, format });
  return flags.copyOnRead ? new CopyOnReadTarget(disk) : new PlainTarget(disk);
}

/** An overlay takes the changes. Its file has no name any more once it is open. */
async function openSnapshot(image: NamedImage, flags: OpenFlags): Promise<IoTarget> {
  const folder = mkdtempSync(join(tmpdir(), 'zonelab-io-'));
  const overlay = join(folder, 'overlay.qcow2');
  try {
    const format = image.format ?? (await formatOf(image.path));
    await createImage(overlay, { backing: { file: resolve(image.path), format } });
    const named = { ...image, path: overlay, format: 'qcow2' as const };
    return await openByKind(named, { ...flags, snapshot: false });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export async function formatOf(path: string): Promise<'raw' | 'qcow2'> {
  const disk = await openDisk(path, { readOnly: true, shared: true, backing: false });
  disk.abandon();
  return disk.format;
}
