/** A target that may be read only, for the time being. */
import { type Extent, ImageError } from '@zonelab/qcow2-zoned';
import type { IoTarget } from './target.ts';

export class ReadOnlyTarget implements IoTarget {
  readonly readOnly = true;

  constructor(readonly target: IoTarget) {}

  get size(): number {
    return this.target.size;
  }

  read(offset: number, data: Uint8Array) {
    return this.target.read(offset, data);
  }

  write(): never {
    return refuse();
  }

  writeZeroes(): never {
    return refuse();
  }

  discard(): never {
    return refuse();
  }

  flush() {
    return this.target.flush();
  }

  allocation(offset: number, length: number): readonly Extent[] {
    return this.target.allocation(offset, length);
  }

  close(): Promise<void> {
    return this.target.close();
  }
}

function refuse(): never {
  throw new ImageError('image_read_only', 'the image was opened again for reading only');
}
