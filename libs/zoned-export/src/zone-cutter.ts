/** Requests cut at zone borders. A plain disk is one piece without a zone. */

import { NbdError } from '@zonelab/nbd';
import type { ZonedGeometry } from '@zonelab/qcow2-zoned';
import { MAX_REQUEST_ZONES } from './limits.ts';

/** A part of a request that lies in one zone, or in a place without zone rules. All in bytes. */
export interface Piece {
  readonly offset: number;
  readonly length: number;
  /** The sequential zone that it lies in; undefined for conventional zones and plain disks. */
  readonly zone?: SequentialSpan;
}

export interface SequentialSpan {
  readonly index: number;
  readonly start: number;
  /** End of the writable bytes. */
  readonly capacityEnd: number;
  readonly end: number;
}

/** @throws NbdError EOVERFLOW where that is more zones than one request may touch */
export function cutAtZones(
  geometry: ZonedGeometry | undefined,
  offset: number,
  length: number,
): Piece[] {
  if (geometry === undefined) return [{ offset, length }];
  const zones = Math.ceil(length / geometry.zoneSize);
  if (zones > MAX_REQUEST_ZONES) {
    throw new NbdError(
      'EOVERFLOW',
      `length ${length}: reaches over ${zones} zones, allowed are ${MAX_REQUEST_ZONES}`,
    );
  }
  const pieces: Piece[] = [];
  const end = offset + length;
  for (let at = offset; at < end; ) {
    const zone = spanOf(geometry, Math.floor(at / geometry.zoneSize));
    const next = Math.min(end, zone.end);
    const conventional = zone.index < geometry.conventionalZones;
    pieces.push({ offset: at, length: next - at, ...(conventional ? {} : { zone }) });
    at = next;
  }
  return pieces;
}

/** Whether a piece covers everything of its zone that can hold data. */
export function coversZone({ offset, length, zone }: Piece): boolean {
  return zone !== undefined && offset === zone.start && offset + length >= zone.capacityEnd;
}

function spanOf(geometry: ZonedGeometry, index: number): SequentialSpan {
  const start = index * geometry.zoneSize;
  const end = Math.min(start + geometry.zoneSize, geometry.size);
  return { index, start, capacityEnd: Math.min(start + geometry.zoneCapacity, end), end };
}
