/** The one place where refusals of a device become NBD errors. */

import { NbdError } from '@zonelab/nbd';
import {
  type FileErrorCode,
  ImageError,
  type ImageErrorCode,
  type ZoneErrorCode,
} from '@zonelab/qcow2-zoned';

type Errno = 'EPERM' | 'EIO' | 'EINVAL' | 'ENOSPC' | 'ESHUTDOWN';

/**
 * NBD's few errors against the device's many. EOVERFLOW is reserved for request sizes (proto.md, "Error
 * values"), hence EIO where a limit on zones is reached: the message says which.
 */
const ZONE_ERRNO: Readonly<Record<ZoneErrorCode, Errno>> = {
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
};

/** Trouble with the file is an I/O error to the user of a disk, but for these. */
const FILE_ERRNO: Readonly<Partial<Record<FileErrorCode, Errno>>> = {
  image_read_only: 'EPERM',
  image_closed: 'ESHUTDOWN',
  no_space: 'ENOSPC',
};

const ERRNO: Readonly<Partial<Record<ImageErrorCode, Errno>>> = { ...ZONE_ERRNO, ...FILE_ERRNO };

/** The error as a client may see it; anything but a device's refusal is left as it is. */
export function toNbdError(error: unknown): unknown {
  if (!(error instanceof ImageError)) return error;
  const { offset, writePointer } = error.context;
  const pointer =
    writePointer === undefined ? '' : `, write pointer 0x${writePointer.toString(16)}`;
  return new NbdError(
    ERRNO[error.code] ?? 'EIO',
    `${error.code}: ${error.message}${pointer}`,
    { offset, identity: error.code },
    { cause: error },
  );
}
