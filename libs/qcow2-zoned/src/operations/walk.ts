/** Walks what disks are made of, a window at a time, so that memory stays bounded on the largest disk. */
import { type Disk, type Extent, ExtentList } from '../image/disk.ts';
import { COPY_BUFFER_BYTES, WALK_WINDOW_BYTES } from './limits.ts';

/** An extent and where it starts on the disk. */
export interface PlacedExtent extends Extent {
  readonly start: number;
}

/** The extents of [start, end), in order; neighbours that could be one are one. */
export function* walkExtents(disk: Disk, start = 0, end = disk.size): Generator<PlacedExtent> {
  let pending: Extent[] = [];
  let pendingAt = start;
  for (let at = start; at < end; ) {
    const length = Math.min(WALK_WINDOW_BYTES - (at % WALK_WINDOW_BYTES), end - at);
    const list = new ExtentList();
    for (const extent of pending) list.add(extent);
    for (const extent of disk.extents(at, length)) list.add(extent);
    // the last may go on in the next window
    pending = list.extents.splice(-1);
    for (const extent of list.extents) {
      yield { ...extent, start: pendingAt };
      pendingAt += extent.length;
    }
    at += length;
  }
  for (const extent of pending) yield { ...extent, start: pendingAt };
}

/** What two disks are made of in the same range. */
export interface ExtentPair {
  readonly start: number;
  readonly length: number;
  readonly first: PlacedExtent;
  readonly second: PlacedExtent;
}

/** The extents of both disks in [0, end), cut where either changes. */
export function* walkPairs(one: Disk, other: Disk, end: number): Generator<ExtentPair> {
  const [firsts, seconds] = [walkExtents(one, 0, end), walkExtents(other, 0, end)];
  let first = next(firsts);
  let second = next(seconds);
  for (let at = 0; at < end; ) {
    const until = Math.min(first.start + first.length, second.start + second.length);
    yield { start: at, length: until - at, first, second };
    at = until;
    if (at >= end) return;
    if (first.start + first.length === at) first = next(firsts);
    if (second.start + second.length === at) second = next(seconds);
  }
}

function next(extents: Generator<PlacedExtent>): PlacedExtent {
  const { value } = extents.next();
  if (!value) throw new Error('a disk told of fewer bytes than it was asked about');
  return value;
}

/** A range in pieces that fit a copy buffer, each ending at a multiple of its size where it can. */
export function* pieces(
  start: number,
  length: number,
): Generator<{ start: number; length: number }> {
  const end = start + length;
  for (let at = start; at < end; ) {
    const part = Math.min(COPY_BUFFER_BYTES - (at % COPY_BUFFER_BYTES), end - at);
    yield { start: at, length: part };
    at += part;
  }
}
