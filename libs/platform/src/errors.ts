/** The one error class of this library. Callers match `code`. */

export type PlatformErrorCode =
  /** An environment variable is missing or wrong. */
  | 'invalid_environment'
  /** The pool is not among those that this process reaches. */
  | 'unknown_pool'
  /** A binary that is needed is not there or cannot be run. */
  | 'server_not_found'
  /** A server ended, or did not get ready in time; the message ends with its log. */
  | 'server_start_failed'
  /** A server was still running after everything that asks it to stop. */
  | 'server_stop_failed';

export class PlatformError extends Error {
  override readonly name = 'PlatformError';

  constructor(
    readonly code: PlatformErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}
