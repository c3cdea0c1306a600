/** Tells in qemu-img's words why an image cannot be opened. Loads nothing of the engine: `info` starts with it. */
import { ImageError } from '@zonelab/qcow2-zoned';
import { describeError } from '../errors.ts';
import { failure } from './arguments.ts';

/** Runs `open`; what it throws comes out as "Could not open 'NAME': reason". */
export async function opening<T>(name: string, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    throw failure(`Could not open '${name}': ${openFailure(error)}`, { cause: error });
  }
}

export function openFailure(error: ImageError): string {
  const { path } = error.context;
  switch (error.code) {
    case 'file_not_found':
      return `Could not open '${path}': No such file or directory`;
    case 'image_in_use':
      return `Failed to get "write" lock: is another process using the image [${path}]?`;
    default:
      return describeError(error);
  }
}
