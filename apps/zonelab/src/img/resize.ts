/** `zonelab img resize`. */
import { describeZoned, ImageError, resizeDisk, ZonedDevice } from '@zonelab/qcow2-zoned';
import { CliError, describeError } from '../errors.ts';
import { readQemuSize } from '../numbers.ts';
import type { Output } from '../output.ts';
import { failure, type NamedImage } from './arguments.ts';
import { openToWrite } from './open.ts';

export interface ResizeArguments {
  readonly size: string;
  readonly shrink: boolean;
  readonly preallocation?: string;
  readonly quiet: boolean;
}

const MODES = ['off', 'metadata', 'falloc', 'full'] as const;
const SECTOR_BYTES = 512;
const TOO_LARGE = 'Failed to grow the L1 table: File too large';

export async function imgResize(image: NamedImage, args: ResizeArguments, out: Output) {
  const change = readChange(args.size);
  const preallocation = MODES.find((mode) => mode === (args.preallocation ?? 'off'));
  if (preallocation === undefined)
    throw failure(`Invalid preallocation mode '${args.preallocation}'`);
  const disk = await openToWrite(image, out);
  let zonedSize: number | undefined;
  try {
    const before = disk.size;
    const size = change.sign === 0 ? change.bytes : before + change.sign * change.bytes;
    if (size <= 0) throw failure('New image size must be positive');
    if (size <= before && preallocation !== 'off')
      throw failure('Preallocation can only be used for growing images');
    if (size < before && !args.shrink) refuseShrink(out);
    if (size % SECTOR_BYTES !== 0 && disk.format === 'qcow2')
      throw failure('The new size must be a multiple of 512');
    if (size > Number.MAX_SAFE_INTEGER) throw failure(TOO_LARGE);
    const rounded = Math.ceil(size / SECTOR_BYTES) * SECTOR_BYTES;
    const zoned = disk.image !== undefined && describeZoned(disk.image.header) !== undefined;
    if (zoned && preallocation !== 'off') throw failure('Zones are never preallocated');
    if (zoned) zonedSize = rounded;
    else await resizeDisk(disk, rounded, { preallocation });
    await disk.close();
  } catch (error) {
    disk.abandon();
    if (error instanceof ImageError) throw failure(resizeFailure(error));
    throw error;
  }
  if (zonedSize !== undefined) await resizeZoned(image.path, zonedSize);
  if (!args.quiet) out.write('Image resized.\n');
}

function resizeFailure(error: ImageError): string {
  const { field, allowed = '' } = error.context;
  return field === 'size' && allowed.includes('larger clusters') ? TOO_LARGE : describeError(error);
}

/** A disk with zones takes them along, and goes only over empty ones. */
async function resizeZoned(path: string, size: number): Promise<void> {
  const device = await ZonedDevice.open(path);
  try {
    await device.resize(size);
  } catch (error) {
    if (error instanceof ImageError) throw new CliError('failed', describeError(error));
    throw error;
  } finally {
    await device.close();
  }
}

function refuseShrink(out: Output): never {
  out.warn('zonelab: Use the --shrink option to perform a shrink operation.\n');
  throw failure(
    "warning: Shrinking an image will delete all data beyond the shrunken image's end. " +
      'Before performing such an operation, make sure there is no important data there.',
  );
}

/** `10G`, `+1G` or `-1G`. */
function readChange(text: string): { sign: -1 | 0 | 1; bytes: number } {
  const sign = text.startsWith('+') ? 1 : text.startsWith('-') ? -1 : 0;
  const number = sign === 0 ? text : text.slice(1);
  const bytes = readQemuSize(number);
  if (typeof bytes === 'number') return { sign, bytes };
  if (bytes === 'range') throw failure(`Value '${number}' is out of range for parameter 'size'`);
  throw failure(
    "Parameter 'size' expects a non-negative number below 2^64 " +
      'Optional suffix k, M, G, T, P or E means kilo-, mega-, giga-, tera-, peta- and exabytes, respectively.',
  );
}
