/** `zonelab img amend`: changes what an image is, in place. */
import { amendImage, ImageError } from '@zonelab/qcow2-zoned';
import { describeError } from '../errors.ts';
import type { Output } from '../output.ts';
import { failure, type NamedImage } from './arguments.ts';
import { type Pairs, readAmendOptions } from './create-options.ts';
import { openToWrite } from './open.ts';
import { ProgressLine } from './progress.ts';

export async function imgAmend(
  image: NamedImage,
  { pairs, progress }: { readonly pairs: Pairs; readonly progress: boolean },
  out: Output,
): Promise<void> {
  const { format } = await probe(image, out);
  if (format === 'raw') throw failure("Format driver 'raw' does not support option amendment");
  const options = readAmendOptions(pairs);
  const line = new ProgressLine(out, progress);
  line.report(0, 1);
  try {
    await amendImage(image.path, options);
  } catch (error) {
    if (error instanceof ImageError) throw failure(describeError(error), { cause: error });
    throw error;
  }
  line.report(1, 1);
  line.end();
}

/** Tells what cannot be opened in the words of all commands, before anything is tried. */
async function probe(image: NamedImage, out: Output) {
  const disk = await openToWrite(image, out, { backing: false });
  disk.abandon();
  return disk;
}
