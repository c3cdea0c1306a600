/** Another size of a zoned disk: what may change, and the zone table of the disk as it will be. */
import { ImageError } from '../errors.ts';
import { l2EntryBytes } from '../format/header.ts';
import { encodeZoneTable, type ZoneRecord, zoneTableBytes } from '../format/zone-table.ts';
import { encodeZonedExtension, zoneTablePlace } from '../format/zoned-extension.ts';
import { geometryOfSize } from '../format/zoned-header.ts';
import type { Qcow2Image } from '../image/image.ts';
import type { ZoneTableMove } from '../image/resizer.ts';
import type { ZoneMachine } from '../zones/machine.ts';
import { ZoneState } from '../zones/zone.ts';
import { contentOf, type LoadedZones } from './load.ts';

/**
 * `zones`: as the disk has them now, everything flushed; `machine`: the conditions of this moment. Throws
 * `invalid_option` for a size that the geometry forbids, `invalid_zone_operation` naming a zone that is in the way.
 */
export function planResize(
  image: Qcow2Image,
  zones: LoadedZones,
  machine: ZoneMachine,
  size: number,
): ZoneTableMove {
  const { geometry } = machine;
  const resized = geometryOfSize(geometry, size);
  refuseOverData(machine, size);
  const entryBytes = l2EntryBytes(image.header);
  const from = zoneTablePlace(geometry, image.clusterSize, entryBytes);
  const to = zoneTablePlace(resized, image.clusterSize, entryBytes);
  const content = contentOf(zones);
  // in place, what lies behind the entries must stay where it is
  const shifts = zoneTableBytes(geometry.zoneCount) !== zoneTableBytes(resized.zoneCount);
  if (from.offset === to.offset && shifts && content.extensions.size > 0)
    throw new ImageError(
      'unsupported_feature',
      `size: got ${size}; descriptor extensions cannot move within the zone table's place: reset ` +
        'their zones, or change the size further',
      { field: 'size', given: size },
    );
  const records = Array.from({ length: resized.zoneCount }, (_, index): ZoneRecord => {
    const conventional = index < geometry.conventionalZones;
    const kept = content.records[index];
    if (kept !== undefined) return { ...kept, attributes: machine.attributes[index] as number };
    const writePointer = index * geometry.zoneSize;
    return { state: ZoneState.Empty, conventional, writePointer, resetCount: 0, attributes: 0 };
  });
  const table = Buffer.alloc(to.length);
  encodeZoneTable(
    { records, extensions: content.extensions },
    {
      extension: encodeZonedExtension(resized),
      size,
      extensionSize: geometry.descriptorExtensionSize ?? 0,
    },
  ).copy(table);
  return { from, to, table };
}

/** A disk becomes shorter over empty zones only, and longer past a last zone that a write pointer does not end. */
function refuseOverData(machine: ZoneMachine, size: number): void {
  const { geometry, states } = machine;
  const first = Math.floor(Math.min(size, geometry.size) / geometry.zoneSize);
  for (let index = first; index < geometry.zoneCount; index++) {
    const zone = machine.zone(index);
    const shrinks = zone.start + zone.size > size;
    const grows = zone.size < geometry.zoneSize && size > geometry.size;
    const inTheWay = shrinks
      ? states[index] !== ZoneState.Empty
      : grows && (states[index] === ZoneState.Full || zone.type === 'conventional');
    if (!inTheWay) continue;
    throw new ImageError(
      'invalid_zone_operation',
      `zone ${index}: size ${size} would change a zone that is ${zone.condition}; only ` +
        `${shrinks ? 'empty zones can go' : 'a zone that is not full can grow'}`,
      {
        ...{ zoneIndex: index, zoneCondition: zone.condition, writePointer: zone.writePointer },
        ...{ field: 'size', given: size },
      },
    );
  }
}
