/** The data path below the state machine: carries out what was accepted. A fault plan wraps it. */
import type { Qcow2Image } from '../image/image.ts';
import { writeSequentialZeroes } from './recovery.ts';

/** Offsets and lengths are bytes. What throws may have been carried out in part. */
export interface Medium {
  read(offset: number, target: Uint8Array): void;
  write(offset: number, data: Uint8Array, command: 'write' | 'append'): void;
  writeZeroes(offset: number, length: number): void;
}

export class ImageMedium implements Medium {
  constructor(
    private readonly image: Qcow2Image,
    /** Where the sequential zones begin; the size of a plain disk. */
    private readonly sequentialFrom: number,
  ) {}

  read(offset: number, target: Uint8Array): void {
    this.image.read(offset, target);
  }

  write(offset: number, data: Uint8Array): void {
    this.image.write(offset, data);
  }

  writeZeroes(offset: number, length: number): void {
    if (offset < this.sequentialFrom) this.image.writeZeroes(offset, length);
    else writeSequentialZeroes(this.image, offset, length);
  }
}
