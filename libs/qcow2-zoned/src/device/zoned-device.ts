/**
 * A zoned disk in a qcow2 file: the state machine decides, the image stores, the zone store keeps both in order.
 * A qcow2 image without zones is served too, as a plain disk.
 *
 * Calls act at once and in the order in which they are made; they return a promise only where the engine must
 * first make room in memory. What is refused throws `ImageError` (or rejects with it) and changes nothing.
 */
import { ImageError } from '../errors.ts';
import { FaultyFile } from '../faults/faulty-file.ts';
import type { FaultPlan, FaultProgress, FaultState, FaultStatus } from '../faults/plan.ts';
import type { BlockFile } from '../file.ts';
import { AUTOCLEAR } from '../format/feature-bits.ts';
import type { Snapshot } from '../format/snapshot-table.ts';
import { GuardedFile, type WriteGuard } from '../guarded-file.ts';
import type { Disk, Extent } from '../image/disk.ts';
import { Qcow2Image } from '../image/image.ts';
import { openDisk } from '../open.ts';
import type { ZoneMachineOptions } from '../zones/admission.ts';
import type { ZoneMachine } from '../zones/machine.ts';
import type { Zone, ZoneAction, ZonedGeometry, ZoneEvent } from '../zones/zone.ts';
import type { ZoneWatch } from '../zones/zone-watch.ts';
import { type DeviceCommand, refuseOutside } from './commands.ts';
import { DeviceCore, type SetFaultsOptions } from './core.ts';
import { ImageMark } from './image-mark.ts';
import { type LoadedZones, loadZones, refuseDoubts } from './load.ts';
import { planResize } from './resize.ts';
import { type MaybePromise, Turnstile } from './turnstile.ts';

export interface OpenOptions extends ZoneMachineOptions {
  readonly readOnly?: boolean;
  /** True: neither look at others' locks on the file nor take any, as QEMU's force-share. For readers only. */
  readonly shared?: boolean;
  /** Every file must lie in one of these directories or below (`OpenDiskOptions`). */
  readonly allowedDirectories?: readonly string[];
  /** For owners that can lose the right to write, such as holders of a lease. */
  readonly guard?: WriteGuard;
  /** Stands between the engine and the image file, below the fault plan. */
  readonly wrap?: ((file: BlockFile) => BlockFile) | undefined;
  /** Faults from the first command on; see `setFaults`. */
  readonly faults?: FaultPlan | undefined;
  /** How far `faults` has come already. */
  readonly faultProgress?: readonly FaultProgress[] | undefined;
  /** Tells the times of zone events: milliseconds since 1970. Default: the host's clock. */
  readonly clock?: (() => number) | undefined;
}

/** The image file, and how to close it with all files behind it. */
interface DeviceSource {
  readonly file: FaultyFile;
  close(): void;
}

export class ZonedDevice {
  readonly readOnly: boolean;
  readonly #path: string;
  readonly #source: DeviceSource;
  readonly #image: Qcow2Image;
  readonly #rules: ZoneMachineOptions;
  readonly #mark: ImageMark;
  readonly #core: DeviceCore;
  readonly #turnstile: Turnstile;
  #closed = false;

  /**
   * Opens a qcow2 file. Errors: `file_not_found`, `not_qcow2`, `invalid_image`, `unsupported_feature`,
   * `image_in_use`, and `image_read_only` with the reasons where zones must be repaired before a write.
   */
  static async open(path: string, options: OpenOptions = {}): Promise<ZonedDevice> {
    const { guard, readOnly, shared, allowedDirectories, wrap } = options;
    let faulty: FaultyFile | undefined;
    const disk = await openDisk(path, {
      ...{ format: 'qcow2', readOnly, shared, allowedDirectories },
      maintained: AUTOCLEAR.zoneTableValid,
      wrap: (host, role) => {
        const file = guard ? new GuardedFile(host, guard) : host;
        if (role !== 'image') return file;
        faulty = new FaultyFile(wrap?.(file) ?? file);
        return faulty;
      },
    });
    const source = { file: faulty as unknown as FaultyFile, close: () => disk.abandon() };
    return ZonedDevice.#start(source, disk.content as Qcow2Image, options);
  }

  /** The same over a file that is open already, which the device then owns; `backing` stays the caller's. */
  static async attach(
    host: BlockFile,
    options: OpenOptions & { readonly backing?: Disk } = {},
  ): Promise<ZonedDevice> {
    const file = new FaultyFile(host);
    const source = { file, close: () => file.close() };
    let image: Qcow2Image;
    try {
      const parts = { maintained: AUTOCLEAR.zoneTableValid, backing: options.backing };
      image = await Qcow2Image.open(file, options.readOnly ?? false, parts);
    } catch (error) {
      source.close();
      throw error;
    }
    return ZonedDevice.#start(source, image, options);
  }

  static async #start(
    source: DeviceSource,
    image: Qcow2Image,
    options: OpenOptions,
  ): Promise<ZonedDevice> {
    try {
      const zones = loadZones(image, options);
      if (!image.readOnly) refuseDoubts(source.file.path, zones);
      const device = new ZonedDevice(source, image, zones, options);
      if (!image.readOnly && zones?.unsettled) await device.#recover(zones.fallenBack);
      if (!image.readOnly) await device.#mark.ownTable();
      if (options.faults !== undefined)
        device.setFaults(options.faults, { progress: options.faultProgress });
      return device;
    } catch (error) {
      source.close();
      throw error;
    }
  }

  private constructor(
    source: DeviceSource,
    image: Qcow2Image,
    zones: LoadedZones | undefined,
    options: OpenOptions,
  ) {
    this.readOnly = options.readOnly ?? false;
    this.#path = source.file.path;
    this.#source = source;
    this.#image = image;
    this.#rules = options;
    this.#mark = new ImageMark(image, zones?.info);
    const clock = options.clock ?? Date.now;
    this.#core = new DeviceCore(image, source.file, this.#mark, this.readOnly, clock);
    this.#turnstile = new Turnstile(
      () => image.crowded,
      () => image.flush(),
    );
    if (zones !== undefined) this.#core.adopt(zones);
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
    return this.#core.machine?.geometry;
  }

  /** Fills `target` from `offset`. Bytes at and past a write pointer are zeroes. */
  read(offset: number, target: Uint8Array): MaybePromise<void> {
    this.#assertOpen();
    return this.#turnstile.pass(this.#core.faulted(() => this.#core.read(offset, target)));
  }

  write(offset: number, data: Uint8Array): MaybePromise<void> {
    return this.#change(() => this.#core.write(offset, data));
  }

  /** At the write pointer of a sequential zone; anywhere in conventional zones and plain disks. */
  writeZeroes(offset: number, length: number): MaybePromise<void> {
    return this.submit([{ kind: 'zeroes', offset, length }]);
  }

  /** Appends to the zone that starts at `zoneStart`; returns the address of the data. */
  append(zoneStart: number, data: Uint8Array): MaybePromise<number> {
    return this.#change(() => this.#core.append(zoneStart, data));
  }

  /** Gives space back, in conventional zones and plain disks: whole clusters read as zeroes afterwards. */
  discard(offset: number, length: number): MaybePromise<void> {
    return this.submit([{ kind: 'discard', offset, length }]);
  }

  /** Carries out all commands, or none where one would be refused. */
  submit(commands: readonly DeviceCommand[]): MaybePromise<void> {
    return this.#change(() => this.#core.submit(commands));
  }

  /** Resolves when everything that was acknowledged before the call survives a crash. */
  async flush(): Promise<void> {
    this.#assertOpen();
    await this.#turnstile.pass(this.#core.faulted(() => this.#core.meetFlush()));
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
    this.#assertOpen();
    return this.#core.writtenEnd(index);
  }

  /** Up to `count` zones from index `from`, fewer at the end of the device. */
  report(from: number, count: number): Zone[] {
    return this.#zones().report(from, count);
  }

  /** At most `most` zones that changed since the watch looked last; undefined where all may have. */
  changedZones(watch: ZoneWatch, most: number): Zone[] | undefined {
    const zones = this.#zones();
    return watch.look(zones, most)?.map((index) => zones.zone(index));
  }

  manage(action: ZoneAction, zoneIndex: number): MaybePromise<void> {
    return this.#change(() => this.#core.manage(action, zoneIndex));
  }

  /** Acts on the zones of a range of bytes, as the rule book says of ranges. */
  manageRange(action: ZoneAction, offset: number, length: number): MaybePromise<void> {
    return this.#change(() => this.#core.manageRange(action, offset, length));
  }

  /**
   * Opens an empty zone with a zone random write area: the `zrwaSize` bytes from its write pointer can be written in
   * any order, and again. Throws `zrwa_unavailable` where all areas are taken.
   */
  openWithZrwa(zoneIndex: number): MaybePromise<void> {
    return this.#change(() => this.#core.openWithZrwa(zoneIndex));
  }

  /** Moves the write pointer of a zone with a random write area to `end`: absolute, bytes, in whole units. */
  commitZrwa(zoneIndex: number, end: number): MaybePromise<void> {
    return this.#change(() => this.#core.commitZrwa(zoneIndex, end));
  }

  /** Attaches `descriptorExtensionSize` bytes to an empty zone, which is closed then. They go with a reset. */
  setExtension(zoneIndex: number, data: Uint8Array): MaybePromise<void> {
    return this.#change(() => this.#core.setExtension(zoneIndex, data));
  }

  /** The bytes attached to a zone, or undefined. */
  extension(zoneIndex: number): Uint8Array | undefined {
    this.#assertOpen();
    return this.#core.extension(zoneIndex);
  }

  /** "Select all". */
  manageAll(action: ZoneAction): MaybePromise<void> {
    return this.#change(() => this.#core.manageAll(action));
  }

  /** Makes a zone, in whatever condition, read-only or offline, as a failing drive does. */
  setCondition(zoneIndex: number, condition: 'read-only' | 'offline'): MaybePromise<void> {
    return this.#change(() => this.#core.setCondition(zoneIndex, condition));
  }

  /**
   * From now on commands, and accesses to the file, fail as the plan says, in place of the plan before; undefined: none
   * does. The plan is asked about zone management before the state machine is: commands that it would refuse count too.
   * Throws `invalid_option`, and the plan before stays.
   */
  setFaults(plan: FaultPlan | undefined, options?: SetFaultsOptions): void {
    this.#assertOpen();
    this.#core.setFaults(plan, options);
  }

  /** The plan and how far it has come, to be stored and gone on with; undefined without a plan. Also after `close`. */
  faultState(): FaultState | undefined {
    return this.#core.faultState();
  }

  /** How often each rule of the plan was met, and acted; undefined without a plan. */
  faultStatus(): FaultStatus[] | undefined {
    return this.#core.faultStatus();
  }

  /**
   * For copies of zones from one disk to another, after their data: takes over the condition, as far as a written
   * zone's is not told by its data, and the reset count.
   */
  importZone(index: number, zone: Pick<Zone, 'condition' | 'resetCount'>): MaybePromise<void> {
    return this.#change(() => this.#core.importZone(index, zone));
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
      const zones = loadZones(this.#image, this.#rules);
      refuseDoubts(this.#path, zones);
      if (zones !== undefined) this.#adopt(zones);
    });
  }

  /**
   * Makes the disk `size` bytes long. New zones are empty; zones that go, or become shorter, must be empty. Snapshots
   * keep their own size. Errors: `invalid_option` for the size, `invalid_zone_operation` naming the zone that is not
   * empty, `unsupported_feature`, `no_space`.
   */
  resize(size: number): Promise<void> {
    return this.#alone(async () => {
      const { machine } = this.#core;
      if (machine === undefined) return this.#image.resize(size);
      await this.#image.flush();
      const zones = loadZones(this.#image, this.#rules, { verify: false });
      if (zones?.info === undefined || size === this.size) return;
      await this.#image.resizeZoned(size, planResize(this.#image, zones, machine, size));
      const resized = loadZones(this.#image, this.#rules, { verify: false });
      refuseDoubts(this.#path, resized);
      if (resized !== undefined) this.#adopt(resized);
    });
  }

  #adopt(zones: LoadedZones): void {
    this.#mark.adopt(zones.info);
    this.#core.adopt(zones);
  }

  /** Tells of every change of a zone's condition, as it happens. Returns the way to stop. */
  subscribe(listener: (event: ZoneEvent) => void): () => void {
    return this.#core.subscribe(listener);
  }

  /** Makes everything durable and leaves the image marked as closed cleanly. */
  async close(): Promise<void> {
    if (this.#closed) return;
    await this.#turnstile.pass(() => undefined);
    this.#closed = true;
    try {
      if (this.#mark.open) {
        this.#core.cutRemains();
        await this.#image.settle();
        this.#mark.close();
      }
    } finally {
      this.#source.close();
    }
  }

  /** Runs a change at once, or after room was made for it; changes keep their order. */
  #change<T>(action: () => T): MaybePromise<T> {
    this.#assertChangeable();
    return this.#turnstile.change(this.#core.faulted(action));
  }

  /** Runs a change of the whole image; other calls wait for it, in order. */
  #alone(work: () => Promise<void>): Promise<void> {
    this.#assertChangeable();
    return this.#turnstile.alone(async () => {
      this.#core.cutRemains();
      await work();
      await this.#mark.ownTable();
    });
  }

  async #recover(fallenBack: readonly number[]): Promise<void> {
    this.#mark.ensureOpen();
    this.#core.recover(fallenBack);
    await this.#image.flush();
  }

  #assertChangeable(): void {
    this.#assertOpen();
    if (this.readOnly)
      throw new ImageError('image_read_only', `${this.#path}: the image is open read-only`, {
        path: this.#path,
      });
    this.#mark.ensureOpen();
  }

  #zones(): ZoneMachine {
    this.#assertOpen();
    return this.#core.zones;
  }

  #assertOpen(): void {
    if (this.#closed)
      throw new ImageError('image_closed', `${this.#path}: the image is closed`, {
        path: this.#path,
      });
  }
}
