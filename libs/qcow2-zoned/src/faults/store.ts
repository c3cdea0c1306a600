/** Fault plans beside the images that they are for: a JSON file that holds a plan and how far it has come. */
import fs from 'node:fs';
import { ImageError, invalidOption } from '../errors.ts';
import { MAX_FAULT_FILE_BYTES } from '../limits.ts';
import { replaceFile } from '../operations/replace-file.ts';
import { type FaultState, parseFaultState } from './plan.ts';

/**
 * The plan in `file`; undefined where there is no such file. Throws `invalid_option` naming what in it is no plan, and
 * `io_error`.
 */
export function loadFaults(file: string): FaultState | undefined {
  const text = readText(file);
  if (text === undefined) return undefined;
  try {
    return parseFaultState(JSON.parse(text));
  } catch (error) {
    const reason = error instanceof ImageError ? error.message : 'not JSON';
    throw new ImageError('invalid_option', `${file}: ${reason}`, { path: file }, { cause: error });
  }
}

/** Puts `state` in place of what `file` holds, durably and whole or not at all; undefined: the file goes. */
export async function saveFaults(file: string, state: FaultState | undefined): Promise<void> {
  if (state === undefined) fs.rmSync(file, { force: true });
  else
    await replaceFile(file, async (temporary) => {
      fs.writeFileSync(temporary, JSON.stringify(state));
    });
}

function readText(file: string): string | undefined {
  try {
    const { size } = fs.statSync(file);
    if (size > MAX_FAULT_FILE_BYTES)
      throw invalidOption(file, `${size} bytes`, `at most ${MAX_FAULT_FILE_BYTES}`);
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof ImageError) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new ImageError('io_error', `${file}: cannot be read`, { path: file }, { cause: error });
  }
}
