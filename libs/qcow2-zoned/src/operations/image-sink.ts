/** An open disk as what is copied to. */
import type { OpenedDisk } from '../open.ts';
import type { CopyTarget } from './copy.ts';

export class ImageSink implements CopyTarget {
  constructor(private readonly disk: OpenedDisk) {}

  write(offset: number, data: Uint8Array): void {
    this.disk.write(offset, data);
  }

  writeZeroes(offset: number, length: number): void {
    this.disk.writeZeroes(offset, length);
  }

  settleSome(): Promise<void> | undefined {
    return this.disk.image?.crowded ? this.disk.flush() : undefined;
  }
}
