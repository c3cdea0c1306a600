/**
 * What an image's zones are worth after it was not closed cleanly, or after software that knows no zones had it
 * open for writing.
 */

import { roundDown, roundUp } from '../format/bytes.ts';
import type { Qcow2Image } from '../image/image.ts';
import type { ZoneMachine } from '../zones/machine.ts';
import { ZoneState } from '../zones/zone.ts';

const READ_BYTES = 1024 * 1024;

/** Calls `visit` for every sequential zone with the end of what is readable in it (bytes, absolute). */
function forEachSequential(
  machine: ZoneMachine,
  visit: (
    index: number,
    start: number,
    writePointer: number,
    end: number,
    readableEnd: number,
  ) => void,
): void {
  const { conventionalZones, size, zoneCount, zoneSize } = machine.geometry;
  for (let index = conventionalZones; index < zoneCount; index++) {
    const start = index * zoneSize;
    const pointer = machine.writePointers[index] as number;
    visit(index, start, pointer, Math.min(start + zoneSize, size), machine.readableEnd(index));
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
    const now = kept ? state : ZoneState.Closed;
    const resetCount = machine.resetCounts[index] as number;
    machine.restore(index, now, mappedTo, resetCount, machine.attributes[index]);
  });
  return changed;
}

/**
 * After a crash, or a foreign writer: every byte past a write pointer reads as zero, no cluster past it is mapped, and
 * the cluster that it stands in is a data cluster (`writeSequentialZeroes` says why).
 */
export function cutAtWritePointers(image: Qcow2Image, machine: ZoneMachine): void {
  forEachSequential(machine, (_index, _start, _pointer, end, readableEnd) =>
    cut(image, readableEnd, end),
  );
}

/** The same for one zone. */
export function cutAtWritePointer(image: Qcow2Image, machine: ZoneMachine, index: number): void {
  const { zoneSize, size } = machine.geometry;
  cut(image, machine.readableEnd(index), Math.min((index + 1) * zoneSize, size));
}

function cut(image: Qcow2Image, from: number, end: number): void {
  if (image.header.backingFile !== undefined) {
    cutOverlay(image, from, end);
    return;
  }
  const clusterEnd = roundUp(from, image.clusterSize);
  const tail = Math.min(clusterEnd, end) - from;
  if (tail > 0) image.write(from, Buffer.alloc(tail));
  image.unmap(clusterEnd, roundUp(end, image.clusterSize) - clusterEnd);
}

/** Zeroes what would show, and leaves alone what reads as zeroes through the chain: else every zone would be mapped. */
function cutOverlay(image: Qcow2Image, from: number, end: number): void {
  let at = from;
  for (const { length, zero } of image.extents(from, end - from)) {
    if (!zero) image.writeZeroes(at, length);
    at += length;
  }
}

/**
 * Writes zeroes at the write pointer of a sequential zone. Whole clusters become zero clusters; what covers a cluster
 * in part is written as data. For a zero cluster counts as mapped: were the next write to turn one into a data
 * cluster, a crash could leave the new write pointer beside the old entry, and nothing would tell that data is missing.
 */
export function writeSequentialZeroes(image: Qcow2Image, offset: number, length: number): void {
  const end = offset + length;
  const wholeFrom = Math.min(roundUp(offset, image.clusterSize), end);
  const wholeTo = Math.max(roundDown(end, image.clusterSize), wholeFrom);
  if (wholeFrom > offset) image.write(offset, Buffer.alloc(wholeFrom - offset));
  if (wholeTo > wholeFrom) image.writeZeroes(wholeFrom, wholeTo - wholeFrom);
  if (end > wholeTo) image.write(wholeTo, Buffer.alloc(end - wholeTo));
}

/** Maps what is not mapped in a range that a write pointer passes over: for after a crash, unmapped is not written. */
export function fillUnmapped(image: Qcow2Image, from: number, to: number): void {
  for (let at = image.firstUnmapped(from, to); at < to; at = image.firstUnmapped(at, to)) {
    const end = Math.min(roundUp(at + 1, image.clusterSize), to);
    writeSequentialZeroes(image, at, end - at);
  }
}

/** Where the last block that holds anything but zeroes ends, or `from`. */
export function endOfData(image: Qcow2Image, from: number, to: number, blockSize: number): number {
  let end = to;
  for (const extent of image.extents(from, to - from).reverse()) {
    const start = end - extent.length;
    for (let at = end; !extent.zero && at > start; at -= READ_BYTES) {
      const bytes = Buffer.alloc(Math.min(READ_BYTES, at - start));
      image.read(at - bytes.length, bytes);
      const last = bytes.findLastIndex((byte) => byte !== 0);
      if (last >= 0) return roundUp(at - bytes.length + last + 1, blockSize);
    }
    end = start;
  }
  return from;
}

/** Where the data contradicts the zone table, a sentence per zone: how a foreign writer shows. */
export function contradictions(image: Qcow2Image, machine: ZoneMachine): string[] {
  const found: string[] = [];
  forEachSequential(machine, (index, start, writePointer, end, readableEnd) => {
    const mappedTo = image.firstUnmapped(start, writePointer);
    if (mappedTo < writePointer)
      found.push(
        `zone ${index}: nothing is stored at ${mappedTo}, below the write pointer ${writePointer}`,
      );
    const nonZero = firstNonZero(image, readableEnd, end);
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
