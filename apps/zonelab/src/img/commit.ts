/** `zonelab img commit`: moves what an overlay holds into a file below it. */
import path from 'node:path';
import { commitDisk, ImageError, layersOf } from '@zonelab/qcow2-zoned';
import { CliError, describeError } from '../errors.ts';
import type { Output } from '../output.ts';
import { failure, type NamedImage } from './arguments.ts';
import { withFormat } from './open.ts';
import { opening } from './opening.ts';
import { ProgressLine } from './progress.ts';

export interface CommitArguments {
  /** Name of the file of the chain that takes the data; undefined: the next one. */
  readonly base?: string;
  /** The overlay is not emptied. */
  readonly keep: boolean;
  readonly quiet: boolean;
  readonly progress: boolean;
}

export async function imgCommit(image: NamedImage, args: CommitArguments, out: Output) {
  const { format } = await withFormat(image, out);
  const layers = await opening(image.name, () => layersOf(image.path, format));
  const depth =
    args.base === undefined
      ? 1
      : depthOf(
          args.base,
          layers.map((layer) => layer.path),
        );
  if (depth < 1)
    throw failure(`Did not find '${args.base}' in the backing chain of '${image.name}'`);
  if (layers.length < 2) throw failure('Image does not have a backing file');
  const progress = new ProgressLine(out, args.progress && !args.quiet);
  // the images between are no longer what they were: what the overlay shows must not depend on them
  const keep = args.keep || args.base !== undefined;
  try {
    await commitDisk(image.path, { format, depth, keep, onProgress: progress.report });
    progress.end();
  } catch (error) {
    if (error instanceof ImageError) throw new CliError('failed', describeError(error));
    throw error;
  }
  if (!args.quiet) out.write('Image committed.\n');
}

/** Where in a chain a file is named; -1 where it is not, or is the overlay itself. */
function depthOf(name: string, chain: readonly string[]): number {
  const wanted = path.resolve(name);
  return chain.findIndex(
    (layer, depth) => depth > 0 && (layer === name || path.resolve(layer) === wanted),
  );
}
