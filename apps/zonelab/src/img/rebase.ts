/** `zonelab img rebase`: gives an overlay another backing file, or none. */
import path from 'node:path';
import {
  type BackingName,
  imageOf,
  nameBacking,
  type OpenedDisk,
  openDisk,
  rebaseDisk,
} from '@zonelab/qcow2-zoned';
import type { Output } from '../output.ts';
import { failure, type ImageFormat, type NamedImage } from './arguments.ts';
import { openToWrite } from './open.ts';
import { opening } from './opening.ts';
import { ProgressLine } from './progress.ts';

export interface RebaseArguments {
  /** Undefined or empty: the image is to have no backing file. */
  readonly backingFile?: string;
  readonly backingFormat?: string;
  /** Only the name is changed. */
  readonly unsafe: boolean;
  readonly progress: boolean;
}

export async function imgRebase(image: NamedImage, args: RebaseArguments, out: Output) {
  const { backingFile: file, unsafe } = args;
  if (file === undefined && !unsafe)
    throw failure('Must specify backing file (-b) or use unsafe mode (-u)');
  const format = readFormat(args.backingFormat);
  const disk = await openToWrite(image, out, { backing: !unsafe });
  try {
    if (disk.image === undefined) throw refusal(file, 'Operation not supported');
    if (file && format === undefined) throw refusal(file, 'backing format must be specified');
    const backing = file && format ? { file, format } : undefined;
    if (unsafe) nameBacking(imageOf(disk), backing, { unsafe });
    else await rebaseSafely(image, disk, backing, new ProgressLine(out, args.progress));
    await disk.close();
  } catch (error) {
    disk.abandon();
    throw error;
  }
}

const refusal = (file = '', reason: string) =>
  failure(`Could not change the backing file to '${file}': ${reason}`);

function readFormat(name: string | undefined): ImageFormat | undefined {
  if (name === undefined || name === 'raw' || name === 'qcow2') return name;
  throw failure(`Invalid format name: '${name}'`);
}

async function rebaseSafely(
  image: NamedImage,
  disk: OpenedDisk,
  backing: BackingName | undefined,
  progress: ProgressLine,
): Promise<void> {
  const newBacking = backing && (await openBacking(image.path, backing));
  try {
    await rebaseDisk(disk, { backing, newBacking, onProgress: progress.report });
    progress.end();
  } finally {
    newBacking?.abandon();
  }
}

/** A relative name starts from the directory of the image. */
async function openBacking(image: string, { file, format }: BackingName): Promise<OpenedDisk> {
  const place = path.resolve(path.dirname(image), file);
  try {
    return await opening(file, () => openDisk(place, { format, readOnly: true }));
  } catch (error) {
    const reason = error instanceof Error ? error.message.replaceAll(place, file) : String(error);
    throw failure(
      `Could not open new backing file '${file}': ${reason.replace(/^Could not open '[^']*': /, '')}`,
    );
  }
}
