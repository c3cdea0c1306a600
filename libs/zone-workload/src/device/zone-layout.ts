/** Where zones lie and how much they hold. */
import type { ZonedGeometry } from '@zonelab/qcow2-zoned';

export function zoneStart(geometry: ZonedGeometry, zoneIndex: number): number {
  return zoneIndex * geometry.zoneSize;
}

/** Writable bytes of a zone. The last zone of a `zbc` device may be short. */
export function zoneCapacity(geometry: ZonedGeometry, zoneIndex: number): number {
  return Math.min(geometry.zoneCapacity, geometry.size - zoneIndex * geometry.zoneSize);
}

/** Zones from `first` on, `count` of them. */
export interface Span {
  readonly first: number;
  readonly count: number;
}
