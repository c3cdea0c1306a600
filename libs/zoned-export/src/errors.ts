/** The one place where refusals of a device become NBD errors. */

import { NbdError } from '@zonelab/nbd';
import { ImageError, type ImageErrorCode } from '@zonelab/qcow2-zoned';

type Errno = 'EPERM' | 'EIO' | 'EINVAL' | 'ENOSPC' | 'ESHUTDOWN';

/**
 * NBD's few errors against the device's many. EOVERFLOW is reserved for request sizes (proto.md, "Error
 * values"), hence EIO where a limit on zones is reached: the message says which.
 */
const ERRNO: Readonly<Record<ImageErrorCode, Errno>> = {
  invalid_field: 'EINVAL',
  lba_out_of_range: 'EINVAL',
  zone_boundary_error: 'EINVAL',
  zone_full: 'ENOSPC',
  zone_read_only: 'EPERM',
  zone_offline: 'EIO',
  zone_invalid_write: 'EINVAL',
  too_many_active_zones: 'EIO',
  too_many_open_zones: 'EIO',
  invalid_zone_operation: 'EINVAL',
  zrwa_unavailable: 'EIO',
  invalid_zone_transition: 'EINVAL',
  read_beyond_write_pointer: 'EIO',
  invalid_option: 'EINVAL',
  not_qcow2: 'EIO',
  invalid_image: 'EIO',
  unsupported_feature: 'EIO',
  image_corrupt: 'EIO',
  image_read_only: 'EPERM',
  image_closed: 'ESHUTDOWN',
  image_in_use: 'EIO',
  file_exists: 'EIO',
  file_not_found: 'EIO',
  no_space: 'ENOSPC',
  io_error: 'EIO',
};

/** The error as a client may see it; anything but a device's refusal is left as it is. */
export function toNbdError(error: unknown): unknown {
  if (!(error instanceof ImageError)) return error;
  const { offset, writePointer } = error.context;
  const pointer =
    writePointer === undefined ? '' : `, write pointer 0x${writePointer.toString(16)}`;
  return new NbdError(
    ERRNO[error.code],
    `${error.code}: ${error.message}${pointer}`,
    { offset },
    { cause: error },
  );
}
