/**
 * What an image's zones are worth after it was not closed cleanly, or after software that knows no zones had it
 * open for writing.
 */

import { roundUp } from '../format/bytes.ts';
import type { Qcow2Image } from '../image/image.ts';
import type { ZoneMachine } from '../zones/machine.ts';
import { ZoneState } from '../zones/zone.ts';

const READ_BYTES = 1024 * 1024;

/** Calls `visit` for every sequential zone with the end of what is readable in it (bytes, absolute). */
function forEachSequential(
  machine: ZoneMachine,
  visit: (index: number, start: number, writePointer: number, end: number) => void,
): void {
  const { conventionalZones, size, zoneCount, zoneSize } = machine.geometry;
  for (let index = conventionalZones; index < zoneCount; index++) {
    const start = index * zoneSize;
    const pointer = machine.writePointers[index] as number;
    visit(index, start, pointer, Math.min(start + zoneSize, size));
  }
}

/**
 * After a crash: each write pointer falls back to the first byte of its zone that is not mapped. Returns the zones
 * whose entry changes.
 */
export function fallBack(image: Qcow2Image, machine: ZoneMachine): number[] {
  const changed: number[] = [];
  forEachSequential(machine, (index, start, writePointer) => {
    const mappedTo = image.firstUnmapped(start, writePointer);
    if (mappedTo === writePointer) return;
    changed.push(index);
    const state = machine.states[index] as ZoneState;
    const kept = state === ZoneState.ReadOnly || state === ZoneState.Offline;
    const now = kept ? state : mappedTo > start ? ZoneState.Closed : ZoneState.Empty;
    machine.restore(index, now, mappedTo, machine.resetCounts[index] as number);
  });
  return changed;
}

/** After a crash: drops what was written past each write pointer, so that every byte there reads as zero. */
export function cutAtWritePointers(image: Qcow2Image, machine: ZoneMachine): void {
  forEachSequential(machine, (_index, _start, writePointer, end) => {
    const clusterEnd = roundUp(writePointer, image.clusterSize);
    if (image.hostOffset(writePointer) !== 0 && clusterEnd > writePointer)
      image.writeZeroes(writePointer, Math.min(clusterEnd, end) - writePointer);
    image.unmap(clusterEnd, roundUp(end, image.clusterSize) - clusterEnd);
  });
}

/** Where the data contradicts the zone table, a sentence per zone: how a foreign writer shows. */
export function contradictions(image: Qcow2Image, machine: ZoneMachine): string[] {
  const found: string[] = [];
  forEachSequential(machine, (index, start, writePointer, end) => {
    const mappedTo = image.firstUnmapped(start, writePointer);
    if (mappedTo < writePointer)
      found.push(
        `zone ${index}: nothing is stored at ${mappedTo}, below the write pointer ${writePointer}`,
      );
    const nonZero = firstNonZero(image, writePointer, end);
    if (nonZero < end)
      found.push(`zone ${index}: data at ${nonZero}, past the write pointer ${writePointer}`);
  });
  return found;
}

function firstNonZero(image: Qcow2Image, from: number, to: number): number {
  let at = from;
  for (const extent of image.extents(from, to - from)) {
    if (!extent.zero) {
      const found = firstNonZeroByte(image, at, at + extent.length);
      if (found < at + extent.length) return found;
    }
    at += extent.length;
  }
  return to;
}

function firstNonZeroByte(image: Qcow2Image, from: number, to: number): number {
  for (let at = from; at < to; at += READ_BYTES) {
    const bytes = Buffer.alloc(Math.min(READ_BYTES, to - at));
    image.read(at, bytes);
    const index = bytes.findIndex((byte) => byte !== 0);
    if (index >= 0) return at + index;
  }
  return to;
}
