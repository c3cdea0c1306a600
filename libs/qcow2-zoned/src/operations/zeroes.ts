/** Finds zeroes in buffers. */
import { COPY_BUFFER_BYTES } from './limits.ts';

const ZEROES = Buffer.alloc(COPY_BUFFER_BYTES);

/** True where all bytes of [from, to) are zero. The range is at most a copy buffer long. */
export function isZero(bytes: Buffer, from = 0, to = bytes.length): boolean {
  // most data differs in its first byte: no call is needed then
  if (from < to && bytes[from] !== 0) return false;
  return bytes.compare(ZEROES, 0, to - from, from, to) === 0;
}

export interface Run {
  readonly from: number;
  readonly to: number;
  readonly zero: boolean;
}

/**
 * Cuts a buffer into runs that are all zeroes and runs that are not, at multiples of `granule`, counted from
 * `phase` bytes into one.
 */
export function* zeroRuns(bytes: Buffer, granule: number, phase = 0): Generator<Run> {
  let from = 0;
  let zero: boolean | undefined;
  for (let at = 0; at < bytes.length; ) {
    const to = Math.min(at + granule - ((phase + at) % granule), bytes.length);
    const pieceZero = isZero(bytes, at, to);
    if (zero !== undefined && zero !== pieceZero) {
      yield { from, to: at, zero };
      from = at;
    }
    zero = pieceZero;
    at = to;
  }
  if (zero !== undefined) yield { from, to: bytes.length, zero };
}
