/**
 * The one error class of this library. Callers match `code`, never the message; edges (NBD, REST, CLI)
 * translate codes once.
 */

/**
 * Refusals that a zoned device itself defines.
 * Source: NVMe ZNS command set 1.1 (status values), ZBC-2 (sense codes).
 */
export type ZoneErrorCode =
  | 'invalid_field'
  | 'lba_out_of_range'
  | 'zone_boundary_error'
  | 'zone_full'
  | 'zone_read_only'
  | 'zone_offline'
  | 'zone_invalid_write'
  | 'too_many_active_zones'
  | 'too_many_open_zones'
  | 'invalid_zone_operation'
  | 'zrwa_unavailable'
  | 'invalid_zone_transition'
  | 'read_beyond_write_pointer';

/** Refusals that come from the file, its format, or the host below it. */
export type FileErrorCode =
  | 'invalid_option'
  | 'not_qcow2'
  | 'invalid_image'
  | 'unsupported_feature'
  | 'image_corrupt'
  | 'image_read_only'
  | 'image_closed'
  | 'image_in_use'
  | 'snapshot_not_found'
  | 'file_exists'
  | 'file_not_found'
  | 'path_not_allowed'
  | 'no_space'
  | 'io_error';

export type ImageErrorCode = ZoneErrorCode | FileErrorCode;

/** What the error is about. Offsets and lengths are bytes. */
export interface ImageErrorContext {
  /** The option, header field or parameter at fault. */
  field?: string;
  /** The value found or given. */
  given?: string | number;
  /** What would have been accepted, in words. */
  allowed?: string;
  path?: string;
  zoneIndex?: number;
  zoneCondition?: string;
  writePointer?: number;
  offset?: number;
  length?: number;
}

export class ImageError extends Error {
  override readonly name = 'ImageError';

  constructor(
    readonly code: ImageErrorCode,
    message: string,
    readonly context: ImageErrorContext = {},
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** An option or field with a value outside what is allowed, in one sentence of fixed form. */
export function invalidOption(field: string, given: string | number, allowed: string): ImageError {
  return new ImageError('invalid_option', `${field}: got ${given}, allowed is ${allowed}`, {
    field,
    given,
    allowed,
  });
}
