/** Writes a file anew beside the one it replaces, so that a failure or a crash leaves the old one, whole, or none. */
import fs from 'node:fs';
import path from 'node:path';
import { ImageError } from '../errors.ts';
import { HostFile, syncDirectory } from '../file.ts';
import { temporaryName } from '../file-draft.ts';

export interface ReplaceOptions {
  /** The file is on stable storage when the call ends. Default true. */
  readonly durable?: boolean;
}

/**
 * `make` creates the file under the temporary name that it is given; it then takes the place of `file`, with the
 * permissions of what stood there. Whoever has that open keeps it from being replaced. Throws what `make` throws,
 * `image_in_use`, `file_not_found` where the folder is missing, `io_error`.
 */
export async function replaceFile(
  file: string,
  make: (temporary: string) => Promise<void>,
  { durable = true }: ReplaceOptions = {},
): Promise<void> {
  const target = fs.existsSync(file) ? fs.realpathSync(file) : file;
  const folder = path.dirname(target);
  if (!fs.existsSync(folder))
    throw new ImageError('file_not_found', `${file}: there is no folder ${folder}`, { path: file });
  const temporary = temporaryName(target);
  const before = openBefore(target);
  try {
    await make(temporary);
    if (before !== undefined) fs.chmodSync(temporary, fs.statSync(target).mode);
    if (durable) await syncFile(temporary);
    fs.renameSync(temporary, target);
    if (durable) syncDirectory(folder);
  } finally {
    fs.rmSync(temporary, { force: true });
    before?.close();
  }
}

/** The file that is there already, locked so that nobody uses it while it goes. */
function openBefore(target: string): HostFile | undefined {
  if (!fs.existsSync(target)) return undefined;
  const file = HostFile.open(target, { readOnly: false });
  try {
    file.lock('writer');
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

async function syncFile(name: string): Promise<void> {
  const file = HostFile.open(name, { readOnly: false });
  try {
    await file.sync();
  } finally {
    file.close();
  }
}
