/** Zones of images that have no zone table of ours. Read only: to be looked at, and to be converted. */
import { ImageError } from '../errors.ts';
import { readU64 } from '../format/bytes.ts';
import { ENTRY_BYTES } from '../format/entries.ts';
import { recordFault } from '../format/zone-table.ts';
import { decodeZoneWord, type ZoneArray, type ZonedDialect } from '../format/zoned-dialects.ts';
import type { Qcow2Image } from '../image/image.ts';
import { references } from '../image/references.ts';
import type { ZoneMachine } from '../zones/machine.ts';
import { ZoneState } from '../zones/zone.ts';
import { endOfData } from './recovery.ts';

/**
 * Loads the zones from an array of words. Returns why words cannot be believed, a sentence per zone; such a zone is
 * read-only, readable whole. Throws `invalid_image` for an array that lies outside the file or on something else.
 */
export function loadArray(
  image: Qcow2Image,
  dialect: ZonedDialect,
  place: ZoneArray,
  machine: ZoneMachine,
): string[] {
  refuseOverlap(image, place);
  const array = Buffer.alloc(place.length);
  image.readHost(array, place.offset);
  const { conventionalZones, size, zoneCapacity, zoneCount, zoneSize } = machine.geometry;
  const blockSize = machine.geometry.logicalBlockSize;
  const doubts: string[] = [];
  for (let index = 0; index < zoneCount; index++) {
    const start = index * zoneSize;
    const zone = { start, end: Math.min(start + zoneCapacity, size) };
    const conventional = index < conventionalZones;
    const record = decodeZoneWord(dialect, array, index, zone);
    const fault = recordFault(record, { ...zone, conventional, blockSize });
    if (fault !== undefined) doubts.push(`zone ${index}: ${fault}`);
    const pointer = conventional ? start : fault === undefined ? record.writePointer : zone.end;
    machine.restore(index, fault === undefined ? record.state : ZoneState.ReadOnly, pointer, 0);
  }
  return doubts;
}

/** Nothing is written down: a zone's write pointer is where its data ends. */
export function loadBare(image: Qcow2Image, machine: ZoneMachine): string[] {
  const { conventionalZones, logicalBlockSize, size, zoneCapacity, zoneCount, zoneSize } =
    machine.geometry;
  for (let index = conventionalZones; index < zoneCount; index++) {
    const start = index * zoneSize;
    const end = Math.min(start + zoneCapacity, size);
    const pointer = endOfData(image, start, end, logicalBlockSize);
    const written = pointer === end ? ZoneState.Full : ZoneState.Closed;
    machine.restore(index, pointer === start ? ZoneState.Empty : written, pointer, 0);
  }
  return [];
}

/** A lying header must not make other parts of the file show as write pointers. */
function refuseOverlap(image: Qcow2Image, { offset, length }: ZoneArray): void {
  const end = offset + length;
  if (end > image.fileLength)
    refuse('zonedmeta_offset + zonedmeta_size', end, `at most ${image.fileLength}, the file's end`);
  for (const used of usedPlaces(image))
    if (used.offset < end && used.offset + used.length > offset)
      refuse('zonedmeta_offset', offset, `a place of its own, not ${used.name} at ${used.offset}`);
}

function refuse(field: string, given: number, allowed: string): never {
  throw new ImageError(
    'invalid_image',
    `zoned extension, ${field}: ${given}, allowed is ${allowed}`,
    { field, given, allowed },
  );
}

/** Everything in the file that the header leads to, snapshots aside. */
function* usedPlaces(
  image: Qcow2Image,
): Iterable<{ name: string; offset: number; length: number }> {
  const { header, clusterSize } = image;
  const tableBytes = header.refcountTableClusters * clusterSize;
  yield { name: 'the header', offset: 0, length: clusterSize };
  yield { name: 'the refcount table', offset: header.refcountTableOffset, length: tableBytes };
  const l1 = Buffer.alloc(header.l1Entries * ENTRY_BYTES);
  yield { name: 'the L1 table', offset: header.l1TableOffset, length: l1.length };
  if (header.snapshotCount > 0)
    yield { name: 'the snapshot table', offset: header.snapshotsOffset, length: clusterSize };
  const refcounts = Buffer.alloc(tableBytes);
  image.readHost(refcounts, header.refcountTableOffset);
  for (let at = 0; at < refcounts.length; at += ENTRY_BYTES) {
    const offset = readU64(refcounts, at, 'refcount table');
    if (offset !== 0) yield { name: 'a refcount block', offset, length: clusterSize };
  }
  image.readHost(l1, header.l1TableOffset);
  const file = {
    length: image.fileLength,
    read: (target: Uint8Array, position: number) => image.readHost(target, position),
  };
  for (const offset of references(file, l1, header))
    yield { name: 'a cluster of the disk', offset, length: clusterSize };
}
