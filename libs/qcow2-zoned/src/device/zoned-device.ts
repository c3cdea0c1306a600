/**
 * A zoned disk in a qcow2 file: the state machine decides, the image stores, the zone store keeps both in order.
 * A qcow2 image without zones is served too, as a plain disk.
 *
 * Calls act at once and in the order in which they are made; they return a promise only where the engine must
 * first make room in memory. What is refused throws `ImageError` (or rejects with it) and changes nothing.
 */
import { ImageError } from '../errors.ts';
import { type BlockFile, HostFile } from '../file.ts';
import { roundUp } from '../format/bytes.ts';
import type { Snapshot } from '../format/snapshot-table.ts';
import { GuardedFile, type WriteGuard } from '../guarded-file.ts';
import type { Extent } from '../image/disk.ts';
import { Qcow2Image } from '../image/image.ts';
import type { ZoneMachine } from '../zones/machine.ts';
import {
  type Zone,
  type ZoneAction,
  type ZonedGeometry,
  ZoneState,
  type ZoneTransition,
} from '../zones/zone.ts';
import { admit, type DeviceCommand, refuseOutside, zonesOf } from './commands.ts';
import { ImageMark } from './image-mark.ts';
import { type LoadedZones, loadZones, refuseDoubts } from './load.ts';
import { cutAtWritePointers, writeSequentialZeroes } from './recovery.ts';
import { type MaybePromise, Turnstile } from './turnstile.ts';
import { ZoneStore } from './zone-store.ts';

export interface OpenOptions {
  readonly readOnly?: boolean;
  /** False: open and active limits are left to whoever stands above. Write pointers hold in any case. */
  readonly enforceLimits?: boolean;
  /** True: neither look at others' locks on the file nor take any, as QEMU's force-share. For readers only. */
  readonly shared?: boolean;
  /** For owners that can lose the right to write, such as holders of a lease. */
  readonly guard?: WriteGuard;
}

export class ZonedDevice {
  readonly readOnly: boolean;
  readonly #file: BlockFile;
  readonly #image: Qcow2Image;
  readonly #enforceLimits: boolean;
  #machine: ZoneMachine | undefined;
  #store: ZoneStore | undefined;
  readonly #listeners = new Set<(transition: ZoneTransition) => void>();
  #mark: ImageMark;
  readonly #turnstile: Turnstile;
  #closed = false;

  /**
   * Opens a qcow2 file. Errors: `file_not_found`, `not_qcow2`, `invalid_image`, `unsupported_feature`,
   * `image_in_use`, and `image_read_only` with the reasons where zones must be repaired before a write.
   */
  static async open(path: string, options: OpenOptions = {}): Promise<ZonedDevice> {
    const readOnly = options.readOnly ?? false;
    const file = HostFile.open(path, { readOnly });
    try {
      if (!options.shared) file.lock(readOnly ? 'reader' : 'writer');
    } catch (error) {
      file.close();
      throw error;
    }
    const { guard } = options;
    return ZonedDevice.attach(guard ? new GuardedFile(file, guard) : file, options);
  }

  /** The same over a file that is open already, which the device then owns. */
  static async attach(file: BlockFile, options: OpenOptions = {}): Promise<ZonedDevice> {
    const readOnly = options.readOnly ?? false;
    try {
      const image = new Qcow2Image(file, readOnly);
      const zones = loadZones(image, options.enforceLimits ?? true);
      if (!readOnly) refuseDoubts(file.path, zones);
      const device = new ZonedDevice(file, image, zones, options);
      if (!readOnly && zones?.unsettled) await device.#recover(zones.fallenBack);
      if (!readOnly) await device.#mark.ownTable();
      return device;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  private constructor(
    file: BlockFile,
    image: Qcow2Image,
    zones: LoadedZones | undefined,
    options: OpenOptions,
  ) {
    this.readOnly = options.readOnly ?? false;
    this.#enforceLimits = options.enforceLimits ?? true;
    this.#file = file;
    this.#image = image;
    this.#turnstile = new Turnstile(
      () => image.crowded,
      () => image.flush(),
    );
    this.#mark = new ImageMark(image, zones?.info);
    if (zones !== undefined) this.#adopt(zones);
  }

  #adopt(zones: LoadedZones): void {
    this.#machine = zones.machine;
    this.#store = new ZoneStore(this.#image, zones.machine, zones.table, zones.info.offset);
    this.#machine.onTransition = (transition) => this.#noteTransition(transition);
    this.#image.setParticipant(this.#store);
  }

  /** Size of the disk in bytes. */
  get size(): number {
    return this.#image.size;
  }

  get clusterSize(): number {
    return this.#image.clusterSize;
  }

  get logicalBlockSize(): number {
    return this.geometry?.logicalBlockSize ?? 512;
  }

  /** Undefined for a plain disk. */
  get geometry(): ZonedGeometry | undefined {
    return this.#machine?.geometry;
  }

  /** Fills `target` from `offset`. Bytes at and past a write pointer are zeroes. */
  read(offset: number, target: Uint8Array): MaybePromise<void> {
    this.#assertOpen();
    return this.#turnstile.pass(() => this.#read(offset, target));
  }

  write(offset: number, data: Uint8Array): MaybePromise<void> {
    return this.#change(() => this.#write(offset, data));
  }

  /** At the write pointer of a sequential zone; anywhere in conventional zones and plain disks. */
  writeZeroes(offset: number, length: number): MaybePromise<void> {
    return this.submit([{ kind: 'zeroes', offset, length }]);
  }

  /** Appends to the zone that starts at `zoneStart`; returns the address of the data. */
  append(zoneStart: number, data: Uint8Array): MaybePromise<number> {
    return this.#change(() => {
      const machine = this.#zones();
      const address = machine.append(zoneStart, data.length);
      this.#store?.noteChange(machine.zoneIndexOf(zoneStart));
      this.#storeOrRetract(address, () => this.#image.write(address, data));
      return address;
    });
  }

  /** Gives space back, in conventional zones and plain disks: whole clusters read as zeroes afterwards. */
  discard(offset: number, length: number): MaybePromise<void> {
    return this.submit([{ kind: 'discard', offset, length }]);
  }

  /** Carries out all commands, or none where one would be refused. */
  submit(commands: readonly DeviceCommand[]): MaybePromise<void> {
    return this.#change(() => {
      if (commands.length > 1) {
        const rehearsal = this.#machine?.clone();
        for (const command of commands) admit(command, rehearsal, this.size);
      }
      for (const command of commands) this.#execute(command);
    });
  }

  /** Resolves when everything that was acknowledged before the call survives a crash. */
  async flush(): Promise<void> {
    this.#assertOpen();
    await this.#turnstile.pass(() => undefined);
    await this.#image.flush();
  }

  /** What the bytes of a range are made of. Space past a write pointer is a hole. */
  allocation(offset: number, length: number): Extent[] {
    this.#assertOpen();
    refuseOutside(this.size, offset, length);
    return this.#image.extents(offset, length);
  }

  zone(index: number): Zone {
    return this.#zones().zone(index);
  }

  /** End of a zone's written data, absolute, bytes: its write pointer, also where a full zone's report hides it. */
  writtenEnd(index: number): number {
    const { start, size, type } = this.zone(index);
    return type === 'conventional' ? start + size : (this.#zones().writePointers[index] as number);
  }

  /** Up to `count` zones from index `from`, fewer at the end of the device. */
  report(from: number, count: number): Zone[] {
    const machine = this.#zones();
    const end = Math.min(from + count, machine.geometry.zoneCount);
    const zones: Zone[] = [];
    for (let index = from; index < end; index++) zones.push(machine.zone(index));
    return zones;
  }

  manage(action: ZoneAction, zoneIndex: number): MaybePromise<void> {
    return this.#change(() => this.#zones().manage(action, zoneIndex));
  }

  /** Acts on the zones of a range of bytes, as the rule book says of ranges. */
  manageRange(action: ZoneAction, offset: number, length: number): MaybePromise<void> {
    return this.#change(() => this.#zones().manageRange(action, offset, length));
  }

  /** "Select all". */
  manageAll(action: ZoneAction): MaybePromise<void> {
    return this.#change(() => this.#zones().manageAll(action));
  }

  /** Internal snapshots; each holds the zones as they were, with the data. */
  snapshots(): readonly Snapshot[] {
    this.#assertOpen();
    return this.#image.snapshots();
  }

  /** Names the present state, zones included. Errors: `invalid_option`, `unsupported_feature`, `no_space`. */
  createSnapshot(name: string, date: Date): Promise<void> {
    return this.#alone(async () => {
      this.#mark.stopVouching();
      await this.#image.createSnapshot(name, date);
    });
  }

  /** Deletes a snapshot, by id or name. Errors: `snapshot_not_found`, `no_space`. */
  deleteSnapshot(idOrName: string): Promise<void> {
    return this.#alone(() => this.#image.deleteSnapshot(idOrName));
  }

  /** Goes back to a snapshot's state: data, write pointers, conditions, counters. Errors as for `deleteSnapshot`. */
  applySnapshot(idOrName: string): Promise<void> {
    return this.#alone(async () => {
      await this.#image.applySnapshot(idOrName);
      const zones = loadZones(this.#image, this.#enforceLimits);
      refuseDoubts(this.#file.path, zones);
      if (zones !== undefined) this.#adopt(zones);
    });
  }

  /** Tells of every change of a zone's condition, as it happens. Returns the way to stop. */
  subscribe(listener: (transition: ZoneTransition) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Makes everything durable and leaves the image marked as closed cleanly. */
  async close(): Promise<void> {
    if (this.#closed) return;
    await this.#turnstile.pass(() => undefined);
    this.#closed = true;
    try {
      if (this.#mark.open) {
        await this.#image.settle();
        this.#mark.close();
      }
    } finally {
      this.#file.close();
    }
  }

  /** Runs a change at once, or after room was made for it; changes keep their order. */
  #change<T>(action: () => T): MaybePromise<T> {
    this.#assertChangeable();
    return this.#turnstile.change(action);
  }

  /** Runs a change of the whole image; other calls wait for it, in order. */
  #alone(work: () => Promise<void>): Promise<void> {
    this.#assertChangeable();
    return this.#turnstile.alone(async () => {
      await work();
      await this.#mark.ownTable();
    });
  }

  #read(offset: number, target: Uint8Array): void {
    if (this.#machine === undefined) {
      refuseOutside(this.size, offset, target.length);
      this.#image.read(offset, target);
      return;
    }
    this.#machine.checkRead(offset, target.length);
    this.#image.read(offset, target);
    this.#hidePastWritePointers(offset, target);
  }

  /** The file may hold the remains of a write that failed half way. */
  #hidePastWritePointers(offset: number, target: Uint8Array): void {
    const { states, writePointers, geometry } = this.#machine as ZoneMachine;
    const end = offset + target.length;
    for (
      let index = Math.floor(offset / geometry.zoneSize);
      index * geometry.zoneSize < end;
      index++
    ) {
      if (index < geometry.conventionalZones || states[index] === ZoneState.Offline) continue;
      const from = Math.max(offset, writePointers[index] as number);
      const to = Math.min(end, (index + 1) * geometry.zoneSize);
      if (from < to) target.fill(0, from - offset, to - offset);
    }
  }

  #write(offset: number, data: Uint8Array): void {
    this.#accept(offset, data.length);
    this.#storeOrRetract(offset, () => this.#image.write(offset, data));
  }

  /** Lets the state machine, or the bounds of a plain disk, accept a write. */
  #accept(offset: number, length: number): void {
    if (this.#machine === undefined) {
      refuseOutside(this.size, offset, length);
      return;
    }
    this.#machine.write(offset, length);
    const index = Math.floor(offset / this.#machine.geometry.zoneSize);
    if (index >= this.#machine.geometry.conventionalZones) this.#store?.noteChange(index);
  }

  #writeZeroes(offset: number, length: number): void {
    const { conventionalZones, zoneSize } = this.geometry ?? {
      conventionalZones: 1,
      zoneSize: this.size,
    };
    if (offset < conventionalZones * zoneSize) this.#image.writeZeroes(offset, length);
    else writeSequentialZeroes(this.#image, offset, length);
  }

  #storeOrRetract(offset: number, store: () => void): void {
    try {
      store();
    } catch (error) {
      if (this.#machine !== undefined) {
        const index = this.#machine.zoneIndexOf(offset);
        this.#machine.retract(index, offset);
        this.#store?.noteChange(index);
      }
      throw error;
    }
  }

  #execute(command: DeviceCommand): void {
    switch (command.kind) {
      case 'write':
        this.#write(command.offset, command.data);
        break;
      case 'zeroes': {
        const { offset, length } = command;
        this.#accept(offset, length);
        this.#storeOrRetract(offset, () => this.#writeZeroes(offset, length));
        break;
      }
      case 'reset':
        this.#zones().reset(command.zoneIndex);
        break;
      case 'discard':
        admit(command, this.#machine, this.size);
        this.#image.unmap(command.offset, command.length);
        break;
      case 'scrub': {
        admit(command, this.#machine, this.size);
        const end = this.writtenEnd(this.#zones().zoneIndexOf(command.offset));
        const length = Math.min(command.length, end - command.offset);
        if (length > 0) this.#image.writeZeroes(command.offset, length);
        break;
      }
    }
  }

  #noteTransition(transition: ZoneTransition): void {
    const index = transition.zoneIndex;
    if (transition.cause === 'reset') {
      const { zoneSize, size } = this.#zones().geometry;
      const start = index * zoneSize;
      const end = roundUp(Math.min(start + zoneSize, size), this.clusterSize);
      this.#image.unmap(start, end - start);
      this.#store?.noteReset(index);
    } else this.#store?.noteChange(index);
    for (const listener of this.#listeners) listener(transition);
  }

  async #recover(fallenBack: readonly number[]): Promise<void> {
    this.#mark.ensureOpen();
    cutAtWritePointers(this.#image, this.#zones());
    for (const index of fallenBack) this.#store?.noteChange(index);
    await this.#image.flush();
  }

  #assertChangeable(): void {
    this.#assertOpen();
    if (this.readOnly)
      throw new ImageError('image_read_only', `${this.#file.path}: the image is open read-only`, {
        path: this.#file.path,
      });
    this.#mark.ensureOpen();
  }

  #zones(): ZoneMachine {
    this.#assertOpen();
    return zonesOf(this.#machine);
  }

  #assertOpen(): void {
    if (this.#closed)
      throw new ImageError('image_closed', `${this.#file.path}: the image is closed`, {
        path: this.#file.path,
      });
  }
}
