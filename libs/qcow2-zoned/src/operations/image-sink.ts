/** An open disk as what is copied to. */
import type { Qcow2Image } from '../image/image.ts';
import type { OpenedDisk } from '../open.ts';
import type { CompressingTarget, CopyTarget } from './copy.ts';

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

export class CompressingSink extends ImageSink implements CompressingTarget {
  constructor(
    disk: OpenedDisk,
    private readonly image: Qcow2Image,
  ) {
    super(disk);
  }

  get clusterSize(): number {
    return this.image.clusterSize;
  }

  writeCompressed(offset: number, cluster: Uint8Array): void {
    this.image.writeCompressed(offset, cluster);
  }
}
