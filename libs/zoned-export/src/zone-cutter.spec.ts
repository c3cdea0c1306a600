import { describe, expect, it } from '@jest/globals';
import { zoneGeometry } from '@zonelab/qcow2-zoned';
import { coversZone, cutAtZones } from './zone-cutter.ts';

const MIB = 1024 * 1024;

/** Zones of 4 MiB, the first conventional, the last 2 MiB short. */
const geometry = zoneGeometry({ size: 14 * MIB, zoneSize: 4 * MIB, conventionalZones: 1 });
/** Zones of 4 MiB, of which 3 MiB can be written. */
const capacity = zoneGeometry({
  profile: 'zns',
  size: 16 * MIB,
  zoneSize: 4 * MIB,
  zoneCapacity: 3 * MIB,
});

function cut(offset: number, length: number) {
  return cutAtZones(geometry, offset, length);
}

describe('cutting a request', () => {
  it('leaves a plain disk whole', () => {
    expect(cutAtZones(undefined, MIB, 100 * MIB)).toEqual([{ offset: MIB, length: 100 * MIB }]);
  });

  it('cuts at every zone border and keeps every byte', () => {
    expect(
      cut(3 * MIB, 10 * MIB).map(({ offset, length, zone }) => [offset, length, zone?.index]),
    ).toEqual([
      [3 * MIB, MIB, undefined],
      [4 * MIB, 4 * MIB, 1],
      [8 * MIB, 4 * MIB, 2],
      [12 * MIB, MIB, 3],
    ]);
  });

  it('knows the end of a short last zone', () => {
    expect(cut(12 * MIB, MIB)[0]?.zone).toEqual({
      index: 3,
      start: 12 * MIB,
      capacityEnd: 14 * MIB,
      end: 14 * MIB,
    });
  });
});

it.each([
  ['a whole zone', capacity, 4 * MIB, 4 * MIB, true],
  ['all that can be written', capacity, 4 * MIB, 3 * MIB, true],
  ['less than that', capacity, 4 * MIB, 3 * MIB - 512, false],
  ['all but the start', capacity, 4 * MIB + 512, 4 * MIB - 512, false],
  ['a conventional zone', geometry, 0, 4 * MIB, false],
  ['a short last zone', geometry, 12 * MIB, 2 * MIB, true],
])('a piece over %s covers its zone or not', (_what, shape, offset, length, covers) => {
  const [piece] = cutAtZones(shape, offset, length);
  expect(piece && coversZone(piece)).toBe(covers);
});
