/** Whether two disks hold the same bytes, as qemu-img compare sees it. */
import type { Disk } from '../image/disk.ts';
import { COPY_BUFFER_BYTES } from './limits.ts';
import { type OperationOptions, Pace } from './pace.ts';
import { type PlacedExtent, pieces, walkExtents, walkPairs } from './walk.ts';
import { isZero } from './zeroes.ts';

export type Comparison =
  | { readonly kind: 'identical' }
  /** `offset`: the start of the first 512-byte sector that differs. */
  | { readonly kind: 'content'; readonly offset: number }
  /** Strict mode only. */
  | { readonly kind: 'size' }
  /** Strict mode only: one disk stores these bytes, or knows them to be zero, otherwise than the other. */
  | { readonly kind: 'status'; readonly offset: number };

export interface CompareOptions extends OperationOptions {
  /** Sizes and what is stored must agree too. */
  readonly strict?: boolean;
  /** Called before the bytes past the end of the shorter disk are looked at. */
  readonly onSizeMismatch?: () => void;
}

const SECTOR_BYTES = 512;

/** Where one disk is longer, what it has more must read as zeroes. Throws `ImageError`. */
export async function compareDisks(
  one: Disk,
  other: Disk,
  options: CompareOptions = {},
): Promise<Comparison> {
  if (options.strict && one.size !== other.size) return { kind: 'size' };
  const pace = new Pace(options, Math.max(one.size, other.size));
  const common = Math.min(one.size, other.size);
  const comparer = new Comparer();
  for (const { first, second, ...range } of walkPairs(one, other, common)) {
    if (options.strict && !sameStatus(first, second))
      return { kind: 'status', offset: range.start };
    // what is zero on both sides need not be read
    const [left, right] = first.zero ? [other, one] : [one, other];
    const leftZero = first.zero && second.zero;
    const rightZero = first.zero || second.zero;
    const offset = leftZero
      ? undefined
      : await comparer.firstDifference(left, rightZero ? undefined : right, range, pace);
    if (offset !== undefined) return { kind: 'content', offset };
  }
  if (one.size !== other.size) {
    options.onSizeMismatch?.();
    const longer = one.size > other.size ? one : other;
    for (const extent of walkExtents(longer, common)) {
      if (extent.zero) continue;
      const offset = await comparer.firstDifference(longer, undefined, extent, pace);
      if (offset !== undefined) return { kind: 'content', offset };
    }
  }
  pace.finish();
  return { kind: 'identical' };
}

function sameStatus(first: PlacedExtent, second: PlacedExtent): boolean {
  return (
    first.data === second.data && first.zero === second.zero && first.present === second.present
  );
}

class Comparer {
  readonly #left = Buffer.allocUnsafe(COPY_BUFFER_BYTES);
  readonly #right = Buffer.allocUnsafe(COPY_BUFFER_BYTES);

  /** Start of the first sector of a range that differs; `other` undefined: from zeroes. */
  async firstDifference(
    disk: Disk,
    other: Disk | undefined,
    range: { readonly start: number; readonly length: number },
    pace: Pace,
  ): Promise<number | undefined> {
    for (const { start, length } of pieces(range.start, range.length)) {
      const left = this.#left.subarray(0, length);
      const right = this.#right.subarray(0, length);
      disk.read(start, left);
      other?.read(start, right);
      const same = (from: number, to: number): boolean =>
        other === undefined
          ? isZero(left, from, to)
          : left.compare(right, from, to, from, to) === 0;
      if (!same(0, length)) {
        let at = 0;
        while (same(at, Math.min(at + SECTOR_BYTES, length))) at += SECTOR_BYTES;
        return start + at;
      }
      await pace.advance(length);
    }
    return undefined;
  }
}
