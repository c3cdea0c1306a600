/** Whether two disks with zones have the same ones. */
import { contentOf, type LoadedZones, loadZones } from '../device/load.ts';
import type { OpenedDisk } from '../open.ts';
import { hasZones } from './convert-zoned.ts';

/** The first zone that differs, and where it starts (bytes); 0 where the shapes do. */
export interface ZoneDifference {
  readonly zone: number;
  readonly offset: number;
  readonly field: 'shape' | 'condition' | 'write pointer' | 'descriptor extension' | 'reset count';
}

const SHAPE = ['zoneCount', 'zoneSize', 'zoneCapacity', 'conventionalZones'] as const;

/**
 * Shape, conditions, write pointers and descriptor extensions, as the files hold them; undefined where all agree, or one
 * of the disks has no zones. `strict`: reset counts too. Errors: those of zones that cannot be read.
 */
export function compareZones(
  one: OpenedDisk,
  other: OpenedDisk,
  { strict = false }: { readonly strict?: boolean } = {},
): ZoneDifference | undefined {
  const [first, second] = [zonesOf(one), zonesOf(other)];
  if (first === undefined || second === undefined) return undefined;
  const { geometry } = first.machine;
  if (SHAPE.some((field) => geometry[field] !== second.machine.geometry[field]))
    return { zone: 0, offset: 0, field: 'shape' };
  const [left, right] = [contentOf(first), contentOf(second)];
  for (const [zone, record] of left.records.entries()) {
    const offset = zone * geometry.zoneSize;
    const twin = right.records[zone];
    const [value, twinValue] = [left.extensions.get(zone), right.extensions.get(zone)];
    if (record.state !== twin?.state) return { zone, offset, field: 'condition' };
    if (record.writePointer !== twin.writePointer) return { zone, offset, field: 'write pointer' };
    if (Buffer.compare(value ?? NOTHING, twinValue ?? NOTHING) !== 0)
      return { zone, offset, field: 'descriptor extension' };
    if (strict && record.resetCount !== twin.resetCount)
      return { zone, offset, field: 'reset count' };
  }
  return undefined;
}

const NOTHING = Buffer.alloc(0);

function zonesOf(disk: OpenedDisk): LoadedZones | undefined {
  if (!hasZones(disk) || disk.image === undefined) return undefined;
  return loadZones(disk.image, { enforceLimits: false });
}
