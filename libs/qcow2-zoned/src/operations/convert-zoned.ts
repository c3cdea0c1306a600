/** Converts disks with zones, so that the zones go along. */
import { convertDialect } from '../convert-dialect.ts';
import type { UnsizedCreateOptions, ZonedCreateOptions } from '../create.ts';
import { ZonedDevice } from '../device/zoned-device.ts';
import { invalidOption } from '../errors.ts';
import { EXTENSION, findExtension } from '../format/header.ts';
import type { OpenedDisk } from '../open.ts';
import type { ZonedGeometry } from '../zones/zone.ts';
import { replaceFile } from './replace-file.ts';

/** True for an image with zones of any dialect. */
export function hasZones(disk: OpenedDisk): boolean {
  return (
    disk.image !== undefined && findExtension(disk.image.header, EXTENSION.zoned) !== undefined
  );
}

/** Of the shape of a disk; limits may change. */
const KEPT = [
  'profile',
  'zoneSize',
  'zoneCapacity',
  'conventionalZones',
  'logicalBlockSize',
] as const;
const LIMITS = ['maxOpenZones', 'maxActiveZones', 'maxAppendBytes'] as const;

/** What is not said of the zones is as the disk has it. */
export type ConvertZonedOptions = Omit<UnsizedCreateOptions, 'zoned'> & {
  readonly zoned?: Partial<ZonedCreateOptions> | undefined;
};

/**
 * Writes the zoned image `source`, of any dialect, to `file` with data, write pointers and conditions; it appears
 * whole or not at all, and replaces what stood there. Errors: `invalid_option` for zones of another shape and for
 * what zones exclude; those of opening and creating.
 */
export async function convertZonedToFile(
  source: string,
  file: string,
  { zoned, clusterSize, ...create }: ConvertZonedOptions = {},
): Promise<void> {
  const device = await ZonedDevice.open(source, { readOnly: true });
  const { geometry, size } = device;
  await device.close();
  refuseShape({ ...zoned }, geometry);
  if (create.size !== undefined && create.size !== size)
    throw invalidOption('size', create.size, `${size}, that of the disk with zones`);
  const limits = Object.fromEntries(
    LIMITS.filter((limit) => zoned?.[limit] !== undefined).map((limit) => [limit, zoned?.[limit]]),
  );
  const options = { dialect: zoned?.dialect, clusterSize, create, limits };
  await replaceFile(file, (temporary) => convertDialect(source, temporary, options));
}

function refuseShape(wanted: Partial<ZonedGeometry>, present: ZonedGeometry | undefined): void {
  for (const field of KEPT) {
    const value = wanted[field];
    if (present !== undefined && value !== undefined && value !== present[field])
      throw invalidOption(field, value, `${present[field]}, as the disk has it`);
  }
}
