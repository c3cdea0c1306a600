/** A zone in a sentence, for readers of screens. */

import type { Zone } from '@zonelab/contracts';
import { formatBytes, formatCount } from '../format/units.ts';
import { LOOKS } from './conditions.ts';

/** Bytes behind the write pointer; null where there is none. */
export function writtenBytes({ condition, capacity, writePointer, start }: Zone): number | null {
  if (condition === 'not-wp') return null;
  return condition === 'full' ? capacity : writePointer - start;
}

export function describeZone(zone: Zone): string {
  const written = writtenBytes(zone);
  const level =
    written === null ? '' : `, ${formatBytes(written)} of ${formatBytes(zone.capacity)} written`;
  const times = zone.resetCount === 1 ? 'once' : `${formatCount(zone.resetCount)} times`;
  return `Zone ${zone.index}: ${LOOKS[zone.condition].name}${level}, reset ${times}`;
}
