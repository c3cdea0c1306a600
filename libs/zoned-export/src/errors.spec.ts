import { expect, it } from '@jest/globals';
import { NbdError } from '@zonelab/nbd';
import { ImageError, type ImageErrorCode } from '@zonelab/qcow2-zoned';
import { toNbdError } from './errors.ts';

it.each<[ImageErrorCode, string]>([
  ['zone_boundary_error', 'EINVAL'],
  ['zone_full', 'ENOSPC'],
  ['zone_read_only', 'EPERM'],
  ['zone_offline', 'EIO'],
  ['zone_invalid_write', 'EINVAL'],
  ['too_many_active_zones', 'EIO'],
  ['too_many_open_zones', 'EIO'],
  ['invalid_zone_transition', 'EINVAL'],
  ['read_beyond_write_pointer', 'EIO'],
  ['image_read_only', 'EPERM'],
  ['no_space', 'ENOSPC'],
  ['image_corrupt', 'EIO'],
])('shows %s as %s', (code, errno) => {
  expect(toNbdError(new ImageError(code, 'text'))).toMatchObject({ code: errno });
});

it('keeps identity, place and cause in one line', () => {
  const refusal = new ImageError('zone_invalid_write', 'zone 2: write at 0x800 is not …', {
    zoneIndex: 2,
    writePointer: 4096,
    offset: 2048,
  });
  const error = toNbdError(refusal) as NbdError;
  expect(error).toBeInstanceOf(NbdError);
  expect(error.message).toBe(
    'zone_invalid_write: zone 2: write at 0x800 is not …, write pointer 0x1000',
  );
  expect(error.context.offset).toBe(2048);
  expect(error.cause).toBe(refusal);
});

it('leaves faults alone', () => {
  const fault = new TypeError('x is not a function');
  expect(toNbdError(fault)).toBe(fault);
});
