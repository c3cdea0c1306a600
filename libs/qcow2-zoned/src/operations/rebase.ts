/**
 * Gives an overlay another backing file while the disk stays what it is. The data that the new one lacks is durable
 * in the overlay before its header names the new one: a crash leaves an overlay that is right over the old one.
 */
import type { Disk } from '../image/disk.ts';
import type { Qcow2Image } from '../image/image.ts';
import type { OpenedDisk } from '../open.ts';
import { type BackingName, imageOf, nameBacking } from './backing-chain.ts';
import { hasZones } from './convert-zoned.ts';
import { COPY_BUFFER_BYTES } from './limits.ts';
import { type OperationOptions, Pace } from './pace.ts';
import { pieces, walkExtents } from './walk.ts';
import { isZero } from './zeroes.ts';

export interface RebaseOptions extends OperationOptions {
  /** Undefined: everything moves into the overlay. */
  readonly backing?: BackingName | undefined;
  /** The disk that `backing` names, open. */
  readonly newBacking?: Disk | undefined;
}

/** `disk` is open for writing, over its old backing file. Errors: `no_space`, those of reading. */
export async function rebaseDisk(disk: OpenedDisk, options: RebaseOptions): Promise<void> {
  const image = imageOf(disk);
  const pace = new Pace(options, image.size);
  const merger = new Merger(image, options.newBacking);
  // below a write pointer all must stay mapped, zeroes too
  const mapsZeroes = hasZones(disk);
  for (const extent of walkExtents(image)) {
    const own = extent.depth === 0 && extent.present;
    const mapped = !own && extent.zero && extent.present && mapsZeroes;
    const skipped = own || (extent.zero && options.newBacking === undefined);
    for (const { start, length } of pieces(extent.start, extent.length)) {
      if (mapped) image.writeZeroes(start, length);
      else if (!skipped) merger.keep(start, length, extent.zero);
      if (image.crowded) await image.flush();
      await pace.advance(length);
    }
  }
  await image.flush();
  nameBacking(image, options.backing);
  pace.finish();
}

/** Writes into the overlay what the new backing file would show otherwise. */
class Merger {
  readonly #old = Buffer.allocUnsafe(COPY_BUFFER_BYTES);
  readonly #new = Buffer.allocUnsafe(COPY_BUFFER_BYTES);

  constructor(
    private readonly image: Qcow2Image,
    private readonly backing: Disk | undefined,
  ) {}

  /** A piece that the overlay does not hold itself; at most a buffer long. */
  keep(start: number, length: number, zero: boolean): void {
    if (zero && this.#isZeroBelow(start, length)) return;
    const before = this.#old.subarray(0, length);
    const after = this.#new.subarray(0, length);
    this.image.read(start, before);
    if (this.backing === undefined) after.fill(0);
    else this.backing.read(start, after);
    const step = this.image.unitSize;
    for (let at = 0; at < length; ) {
      const same = equalUnit(before, after, at, step);
      let end = Math.min(at + step, length);
      while (end < length && equalUnit(before, after, end, step) === same)
        end = Math.min(end + step, length);
      if (!same) this.#store(start + at, before.subarray(at, end));
      at = end;
    }
  }

  #store(offset: number, data: Buffer): void {
    if (isZero(data)) this.image.writeZeroes(offset, data.length);
    else this.image.write(offset, data);
  }

  #isZeroBelow(start: number, length: number): boolean {
    if (this.backing === undefined) return true;
    const inside = Math.min(length, this.backing.size - start);
    return inside <= 0 || this.backing.extents(start, inside).every(({ zero }) => zero);
  }
}

function equalUnit(one: Buffer, other: Buffer, at: number, step: number): boolean {
  const end = Math.min(at + step, one.length);
  return one.compare(other, at, end, at, end) === 0;
}
