/** What the commands of `zonelab io` act on: a device with zones, or a plain disk of any format. */
import { type Extent, ImageError, type OpenedDisk, ZonedDevice } from '@zonelab/qcow2-zoned';

type Awaitable<T> = T | Promise<T>;

/** Offsets and lengths are bytes. */
export interface IoTarget {
  readonly size: number;
  readonly readOnly: boolean;
  read(offset: number, target: Uint8Array): Awaitable<void>;
  write(offset: number, data: Uint8Array): Awaitable<void>;
  writeZeroes(offset: number, length: number): Awaitable<void>;
  discard(offset: number, length: number): Awaitable<void>;
  flush(): Awaitable<void>;
  allocation(offset: number, length: number): readonly Extent[];
  close(): Promise<void>;
}

/** A plain disk; what reaches past its end is refused, as a device refuses it. */
export class PlainTarget implements IoTarget {
  constructor(readonly disk: OpenedDisk) {}

  get size(): number {
    return this.disk.size;
  }

  get readOnly(): boolean {
    return this.disk.readOnly;
  }

  read(offset: number, target: Uint8Array): Awaitable<void> {
    this.#refuseOutside(offset, target.length);
    this.disk.read(offset, target);
  }

  write(offset: number, data: Uint8Array): Awaitable<void> {
    this.#refuseOutside(offset, data.length);
    this.disk.write(offset, data);
    return this.#settleSome();
  }

  writeZeroes(offset: number, length: number): Awaitable<void> {
    this.#refuseOutside(offset, length);
    this.disk.writeZeroes(offset, length);
    return this.#settleSome();
  }

  discard(offset: number, length: number): Awaitable<void> {
    this.#refuseOutside(offset, length);
    this.disk.unmap(offset, length);
    return this.#settleSome();
  }

  flush(): Promise<void> {
    return this.disk.flush();
  }

  allocation(offset: number, length: number): readonly Extent[] {
    this.#refuseOutside(offset, length);
    return this.disk.extents(offset, length);
  }

  close(): Promise<void> {
    return this.disk.close();
  }

  #settleSome(): Promise<void> | undefined {
    return this.disk.image?.crowded ? this.disk.flush() : undefined;
  }

  #refuseOutside(offset: number, length: number): void {
    if (offset + length <= this.size) return;
    throw new ImageError(
      'lba_out_of_range',
      `${length} bytes at ${offset} reach past the end of the disk (${this.size} bytes)`,
      { offset, length },
    );
  }
}

/** The zoned device, for zone commands. Throws `invalid_zone_operation` for a plain disk. */
export function zonedDevice(target: IoTarget): ZonedDevice {
  if (target instanceof ZonedDevice) return target;
  throw new ImageError('invalid_zone_operation', 'the image has no zones');
}

/** The plain disk, for commands that devices with zones do not have. Throws `invalid_zone_operation`. */
export function plainDisk(target: IoTarget): OpenedDisk {
  if (target instanceof PlainTarget) return target.disk;
  throw new ImageError('invalid_zone_operation', 'not for an image with zones');
}
