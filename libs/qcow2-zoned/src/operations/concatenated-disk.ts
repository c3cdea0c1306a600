/** Several disks, one behind the other, as one. */
import { type Disk, type Extent, ExtentList } from '../image/disk.ts';

export class ConcatenatedDisk implements Disk {
  readonly size: number;

  constructor(private readonly disks: readonly Disk[]) {
    this.size = disks.reduce((sum, disk) => sum + disk.size, 0);
  }

  read(offset: number, target: Uint8Array): void {
    let done = 0;
    this.#forEachPart(offset, target.length, (disk, at, length) => {
      disk.read(at, target.subarray(done, done + length));
      done += length;
    });
    target.fill(0, done);
  }

  extents(offset: number, length: number): Extent[] {
    const list = new ExtentList();
    this.#forEachPart(offset, length, (disk, at, part) => {
      for (const extent of disk.extents(at, part)) list.add(extent);
    });
    return list.extents;
  }

  #forEachPart(
    offset: number,
    length: number,
    visit: (disk: Disk, at: number, length: number) => void,
  ): void {
    let start = 0;
    for (const disk of this.disks) {
      const from = Math.max(offset, start);
      const to = Math.min(offset + length, start + disk.size);
      if (from < to) visit(disk, from - start, to - from);
      start += disk.size;
    }
  }
}
