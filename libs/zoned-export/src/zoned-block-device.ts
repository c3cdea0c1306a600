/** What this library asks of a device: the part of `ZonedDevice` that it uses. */

import type {
  DeviceCommand,
  Extent,
  MaybePromise,
  Zone,
  ZonedGeometry,
} from '@zonelab/qcow2-zoned';

/** All offsets and lengths are bytes. Refusals are `ImageError`s. */
export interface ZonedBlockDevice {
  readonly size: number;
  readonly readOnly: boolean;
  readonly logicalBlockSize: number;
  /** Undefined for a plain disk. */
  readonly geometry: ZonedGeometry | undefined;
  read(offset: number, target: Uint8Array): MaybePromise<void>;
  /** Checks all commands before any takes effect. */
  submit(commands: readonly DeviceCommand[]): MaybePromise<void>;
  flush(): Promise<void>;
  allocation(offset: number, length: number): readonly Extent[];
  zone(index: number): Zone;
}
