/** The header of a zoned disk of another size: both extensions follow, so that one write of a sector switches all. */
import { validateGeometry } from '../zones/geometry.ts';
import type { ZonedGeometry } from '../zones/zone.ts';
import { EXTENSION, l2EntryBytes, type Qcow2Header } from './header.ts';
import { withExtension } from './header-rewrite.ts';
import { describeZoned } from './zoned-dialects.ts';
import {
  encodeZonedExtension,
  encodeZoneTableExtension,
  zoneTablePlace,
} from './zoned-extension.ts';

const SECTOR_BYTES = 512;

/** The geometry of a disk that is made `size` bytes long. Throws `invalid_option`. */
export function geometryOfSize(geometry: ZonedGeometry, size: number): ZonedGeometry {
  const resized = { ...geometry, size, zoneCount: Math.ceil(size / geometry.zoneSize) };
  validateGeometry(resized);
  return resized;
}

/** `next`, with the extensions of `before` made for its size. `next` itself where there is nothing to follow. */
export function zonesFollowSize(before: Qcow2Header, next: Qcow2Header): Qcow2Header {
  if (next.size === before.size) return next;
  const zoned = describeZoned(before);
  if (zoned?.info === undefined) return next;
  const geometry = geometryOfSize(zoned.geometry, next.size);
  const place = zoneTablePlace(geometry, 2 ** next.clusterBits, l2EntryBytes(next));
  const info = { ...zoned.info, ...place, cleanSize: next.size };
  const table = encodeZoneTableExtension(info);
  const own = withExtension(next.extensions, EXTENSION.zoned, encodeZonedExtension(geometry));
  return { ...next, extensions: withExtension(own, EXTENSION.zoneTable, table) };
}

/** True where both extensions lie in the header's first sector, and so can change with its pointers. */
export function zonesInFirstSector({ extensions }: Qcow2Header): boolean {
  return extensions
    .filter(({ magic }) => magic === EXTENSION.zoned || magic === EXTENSION.zoneTable)
    .every(({ position = SECTOR_BYTES, data }) => position + data.length <= SECTOR_BYTES);
}
