/** Makes a plain image one of dialect `v9`: an array of write pointers in clusters of its own, and its header. */
import type { BlockFile } from './file.ts';
import { INCOMPATIBLE } from './format/feature-bits.ts';
import { EXTENSION, readHeader } from './format/header.ts';
import { rewriteHeader, withExtension } from './format/header-rewrite.ts';
import type { ZoneRecord } from './format/zone-table.ts';
import { encodeV9Array, encodeV9Extension } from './format/zoned-dialects.ts';
import { Refcounts } from './image/refcounts.ts';
import type { ZonedGeometry } from './zones/zone.ts';

/**
 * `file` holds an image without zones that nobody else has open; its data already agrees with `zones`. What v9 has no
 * place for is lost: the profile, reset counts, the logical block size, and conditions beyond empty, written and full.
 * Throws `invalid_option` where the geometry does not fit.
 */
export async function addV9Zones(
  file: BlockFile,
  geometry: ZonedGeometry,
  zones: readonly ZoneRecord[],
): Promise<void> {
  const header = readHeader(file);
  const { size, zoneCapacity, zoneSize } = geometry;
  const array = encodeV9Array(zones, (index) => Math.min(index * zoneSize + zoneCapacity, size));
  encodeV9Extension(geometry, 0);
  const refcounts = new Refcounts(file, header, {
    moveTable: (place) => {
      rewriteHeader(file, { ...readHeader(file), ...place });
    },
  });
  const clusters = Math.ceil(array.length / refcounts.clusterSize);
  const offset = refcounts.allocateRun(clusters);
  const padded = Buffer.alloc(clusters * refcounts.clusterSize);
  array.copy(padded);
  file.write(padded, offset);
  while (refcounts.hasNewBlocks) {
    refcounts.writeNewBlocks();
    await file.sync();
  }
  refcounts.writeChanges();
  await file.sync();
  const present = readHeader(file);
  rewriteHeader(file, {
    ...present,
    incompatibleFeatures: present.incompatibleFeatures | INCOMPATIBLE.zonedFormat,
    extensions: withExtension(
      present.extensions,
      EXTENSION.zoned,
      encodeV9Extension(geometry, offset),
    ),
  });
}
