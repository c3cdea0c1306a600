/** A damaged disk as far as it can be read: what cannot reads as zeroes, and is told, sector by sector. */
import { ImageError } from '../errors.ts';
import { type Disk, type Extent, ExtentList } from '../image/disk.ts';

const SECTOR_BYTES = 512;

/** `status`: what the sector is made of could not be told. `offset`: bytes. */
export type ReportLoss = (what: 'status' | 'data', offset: number, cause: ImageError) => void;

/** Says of what cannot be told that data is there: the attempt to read it tells more. */
const UNKNOWN = { depth: 0, present: true, zero: false, data: true, compressed: false } as const;

export class SalvagedDisk implements Disk {
  constructor(
    private readonly disk: Disk,
    private readonly report: ReportLoss,
  ) {}

  get size(): number {
    return this.disk.size;
  }

  read(offset: number, target: Uint8Array): void {
    this.#try(
      () => this.disk.read(offset, target),
      (cause) => {
        if (target.length <= SECTOR_BYTES) {
          this.report('data', offset, cause);
          target.fill(0);
          return;
        }
        for (let at = 0; at < target.length; at += SECTOR_BYTES)
          this.read(offset + at, target.subarray(at, at + SECTOR_BYTES));
      },
    );
  }

  extents(offset: number, length: number): Extent[] {
    return this.#try(
      () => this.disk.extents(offset, length),
      (cause) => {
        if (length <= SECTOR_BYTES) {
          this.report('status', offset, cause);
          return [{ ...UNKNOWN, length, hostOffset: undefined }];
        }
        const half = Math.ceil(length / 2 / SECTOR_BYTES) * SECTOR_BYTES;
        const list = new ExtentList();
        for (const extent of this.extents(offset, half)) list.add(extent);
        for (const extent of this.extents(offset + half, length - half)) list.add(extent);
        return list.extents;
      },
    );
  }

  #try<T>(work: () => T, otherwise: (cause: ImageError) => T): T {
    try {
      return work();
    } catch (cause) {
      if (cause instanceof ImageError) return otherwise(cause);
      throw cause;
    }
  }
}
