/** A range of a disk, as a disk. */
import type { Disk, Extent } from '../image/disk.ts';

export class DiskRange implements Disk {
  /** The range must lie inside the disk. */
  constructor(
    private readonly disk: Disk,
    private readonly start: number,
    readonly size: number,
  ) {}

  read(offset: number, target: Uint8Array): void {
    const inside = Math.max(0, Math.min(target.length, this.size - offset));
    this.disk.read(this.start + offset, target.subarray(0, inside));
    target.fill(0, inside);
  }

  extents(offset: number, length: number): Extent[] {
    return this.disk.extents(this.start + offset, length);
  }
}
