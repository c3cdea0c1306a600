/** How commands fail, and the one table from failures to exit codes. */
import { ImageError } from '@zonelab/qcow2-zoned';

/** `usage`: the command line is wrong, nothing was tried. `failed`: it was tried and did not work. */
export type CliErrorCode = 'usage' | 'failed';

export class CliError extends Error {
  override readonly name = 'CliError';

  constructor(
    readonly code: CliErrorCode,
    message: string,
    options?: { cause?: unknown },
    /** Where a command's own exit codes tell failures apart. */
    readonly exitCode?: number,
  ) {
    super(message, options);
  }
}

/** Makes every failure of `work` end the command with `exitCode`. */
export async function failingWith<T>(exitCode: number, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new CliError('failed', describeError(cause), { cause }, exitCode);
  }
}

export function usageError(option: string, given: string | number, allowed: string): CliError {
  return new CliError('usage', `${option}: got ${given}, allowed is ${allowed}`);
}

export function exitCodeOf(error: unknown): 1 | 2 {
  return error instanceof CliError && error.code === 'usage' ? 2 : 1;
}

/** The failure in one line, for standard error. */
export function describeError(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.trim().replaceAll(/\s*\n\s*/g, ' ');
}

/** POSIX names of refusals, as qemu's tools print them. Codes not listed are input/output errors. */
const ERRNO_TEXT: Readonly<Partial<Record<ImageError['code'], string>>> = {
  invalid_field: 'Invalid argument',
  lba_out_of_range: 'Input/output error',
  zone_boundary_error: 'Invalid argument',
  zone_full: 'No space left on device',
  zone_read_only: 'Operation not permitted',
  zone_invalid_write: 'Invalid argument',
  invalid_zone_operation: 'Invalid argument',
  invalid_zone_transition: 'Invalid argument',
  invalid_option: 'Invalid argument',
  image_read_only: 'Operation not permitted',
  no_space: 'No space left on device',
};

export function errnoText(error: ImageError): string {
  return ERRNO_TEXT[error.code] ?? 'Input/output error';
}
