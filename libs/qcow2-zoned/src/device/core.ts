/**
 * What commands do to a disk, at once: the state machine decides, the medium stores, the zone store notes what changed.
 * `ZonedDevice` gives it one command after the other.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ImageError } from '../errors.ts';
import type { FaultyFile } from '../faults/faulty-file.ts';
import { FaultyMedium } from '../faults/faulty-medium.ts';
import { FaultInjector, type Place } from '../faults/injector.ts';
import {
  type FaultPlan,
  type FaultProgress,
  type FaultState,
  type FaultStatus,
  parseFaultPlan,
} from '../faults/plan.ts';
import { roundUp } from '../format/bytes.ts';
import type { Qcow2Image } from '../image/image.ts';
import type { ZoneMachine } from '../zones/machine.ts';
import {
  type Zone,
  type ZoneAction,
  ZoneAttribute,
  type ZoneEvent,
  ZoneState,
  type ZoneTransition,
} from '../zones/zone.ts';
import { admit, type DeviceCommand, refuseOutside, zonesOf } from './commands.ts';
import type { ExtensionStore } from './extension-store.ts';
import type { ImageMark } from './image-mark.ts';
import type { LoadedZones } from './load.ts';
import { ImageMedium, type Medium } from './medium.ts';
import { cutAtWritePointer, cutAtWritePointers, fillUnmapped } from './recovery.ts';
import type { MaybePromise } from './turnstile.ts';
import { ZoneStore } from './zone-store.ts';

/** How an injected delay waits. */
export type Sleep = (milliseconds: number) => Promise<unknown>;

export interface SetFaultsOptions {
  /** Goes on with a plan where it was. Default: counting starts anew. */
  readonly progress?: readonly FaultProgress[] | undefined;
  /** Makes the delays. Default: the host's timers. */
  readonly wait?: Sleep | undefined;
}

const NO_EFFECTS = { delayMs: 0, conditions: [] };
/** Bit n: a reset of a zone of condition n does something. */
const RESETTABLE =
  (1 << ZoneState.ImplicitOpen) |
  (1 << ZoneState.ExplicitOpen) |
  (1 << ZoneState.Closed) |
  (1 << ZoneState.Full);

/** Offsets and lengths are bytes. What is refused throws `ImageError` and changes nothing. */
export class DeviceCore {
  readonly #listeners = new Set<(event: ZoneEvent) => void>();
  #events = 0;
  #machine: ZoneMachine | undefined;
  #store: ZoneStore | undefined;
  #extensions: ExtensionStore | undefined;
  /** The image's data path, without faults and with them. */
  #plain: Medium;
  #medium: Medium;
  #faults: FaultInjector | undefined;
  #sleep: Sleep = sleep;
  /** Zones that may hold bytes or clusters past their write pointer, from a write or reset that failed half way. */
  readonly #remains = new Set<number>();

  constructor(
    private readonly image: Qcow2Image,
    private readonly file: FaultyFile,
    private readonly mark: ImageMark,
    private readonly readOnly: boolean,
    private readonly clock: () => number,
  ) {
    this.#plain = new ImageMedium(image, image.size);
    this.#medium = this.#plain;
  }

  /** The zones as an image has them, now or after a snapshot was applied. */
  adopt(zones: LoadedZones): void {
    const { extensions, machine, table, info } = zones;
    this.#machine = machine;
    this.#extensions = extensions;
    this.#store = info && new ZoneStore(this.image, machine, table, info.offset, extensions);
    machine.onTransition = (transition) => this.#noteTransition(transition);
    if (this.#store !== undefined) this.image.setParticipant(this.#store);
    this.#remains.clear();
    const { conventionalZones, zoneSize } = machine.geometry;
    this.#plain = new ImageMedium(this.image, conventionalZones * zoneSize);
    this.#useFaults(this.#faults);
  }

  get machine(): ZoneMachine | undefined {
    return this.#machine;
  }

  /** Throws where the image has no zones. */
  get zones(): ZoneMachine {
    return zonesOf(this.#machine);
  }

  read(offset: number, target: Uint8Array): void {
    if (this.#machine === undefined) {
      refuseOutside(this.image.size, offset, target.length);
      this.#medium.read(offset, target);
      return;
    }
    this.#machine.checkRead(offset, target.length);
    this.#medium.read(offset, target);
    hidePastWritePointers(this.#machine, offset, target);
  }

  append(zoneStart: number, data: Uint8Array): number {
    const machine = this.zones;
    this.cutRemains();
    const address = machine.append(zoneStart, data.length);
    this.#store?.noteChange(machine.zoneIndexOf(zoneStart));
    this.#storeOrRetract(address, () => this.#medium.write(address, data, 'append'));
    return address;
  }

  write(offset: number, data: Uint8Array): void {
    if (this.#inArea(offset)) {
      this.#writeInArea(offset, data.length, () => this.#medium.write(offset, data, 'write'));
      return;
    }
    this.#accept(offset, data.length);
    this.#storeOrRetract(offset, () => this.#medium.write(offset, data, 'write'));
  }

  openWithZrwa(index: number): void {
    const { start, size } = this.zones.zone(index);
    this.#meetManagement('open', start, size);
    this.cutRemains(); // what lies past the write pointer can be read from now on
    this.zones.openWithZrwa(index);
    this.#store?.noteChange(index);
  }

  commitZrwa(index: number, end: number): void {
    this.zones.checkCommit(index, end);
    this.cutRemains(); // the area moves on, over what lies past it
    fillUnmapped(this.image, this.zones.writePointers[index] as number, end);
    this.zones.commit(index, end);
    this.#store?.noteChange(index);
  }

  /** Throws `invalid_field` for data of another length. */
  setExtension(index: number, data: Uint8Array): void {
    const size = this.zones.geometry.descriptorExtensionSize ?? 0;
    if (size !== 0 && data.length !== size)
      throw new ImageError(
        'invalid_field',
        `zone ${index}: descriptor extension of ${data.length} bytes, allowed is ${size}`,
        { zoneIndex: index, field: 'length', given: data.length, allowed: `${size}` },
      );
    this.zones.setExtension(index);
    this.#extensions?.set(index, data);
    this.#store?.noteExtension(index);
  }

  /** The descriptor extension of a zone that has one. */
  extension(index: number): Uint8Array | undefined {
    return this.zones.zone(index).extension && this.#extensions?.get(index);
  }

  /** Carries out all commands, or none where one would be refused. */
  submit(commands: readonly DeviceCommand[]): void {
    if (commands.length > 1) {
      const rehearsal = this.#machine?.clone();
      for (const command of commands) admit(command, rehearsal, this.image.size);
    }
    for (const command of commands) this.#execute(command);
  }

  manage(action: ZoneAction, zoneIndex: number): void {
    const { start, size } = this.zones.zone(zoneIndex);
    this.#meetManagement(action, start, size);
    this.#settleAreas(action, zoneIndex, zoneIndex + 1);
    this.zones.manage(action, zoneIndex);
  }

  manageRange(action: ZoneAction, offset: number, length: number): void {
    this.#meetManagement(action, offset, length);
    const { zoneCount, zoneSize } = this.zones.geometry;
    const end = Math.min(Math.ceil((offset + length) / zoneSize), zoneCount);
    this.#settleAreas(action, Math.max(0, Math.floor(offset / zoneSize)), end);
    this.zones.manageRange(action, offset, length);
  }

  manageAll(action: ZoneAction): void {
    this.#meetManagement(action, 0, this.image.size);
    this.#settleAreas(action, 0, this.zones.geometry.zoneCount);
    this.zones.manageAll(action);
  }

  setCondition(zoneIndex: number, condition: 'read-only' | 'offline'): void {
    this.mark.ensureOpen();
    this.zones.zone(zoneIndex);
    this.#settleAreas('finish', zoneIndex, zoneIndex + 1);
    if (condition === 'read-only') this.zones.setReadOnly(zoneIndex);
    else this.zones.setOffline(zoneIndex);
  }

  /** End of a zone's written data, absolute: its write pointer, also where a full zone's report hides it. */
  writtenEnd(index: number): number {
    const { start, size, type } = this.zones.zone(index);
    return type === 'conventional' ? start + size : (this.zones.writePointers[index] as number);
  }

  /** Gives a zone whose data was copied from another disk that zone's condition and reset count too. */
  importZone(
    index: number,
    { condition, resetCount }: Pick<Zone, 'condition' | 'resetCount'>,
  ): void {
    const { geometry, resetCounts } = this.zones;
    const conventional = index < geometry.conventionalZones;
    if (!conventional) resetCounts[index] = resetCount;
    if (condition === 'full' && !conventional) this.zones.finish(index);
    if (condition === 'read-only' || condition === 'offline') this.setCondition(index, condition);
    this.#store?.noteChange(index);
  }

  subscribe(listener: (event: ZoneEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Throws `invalid_option`. */
  setFaults(plan: FaultPlan | undefined, { progress, wait = sleep }: SetFaultsOptions = {}): void {
    const geometry = this.#machine?.geometry;
    const faults = plan && new FaultInjector(parseFaultPlan(plan), geometry, progress);
    this.#sleep = wait;
    this.#useFaults(faults);
  }

  /** The plan and how far it has come. */
  faultState(): FaultState | undefined {
    if (this.#faults === undefined) return undefined;
    const progress = this.#faults.status.map(({ seen, fired }) => ({ seen, fired }));
    return { plan: this.#faults.plan, progress };
  }

  faultStatus(): FaultStatus[] | undefined {
    return this.#faults?.status;
  }

  /** The action, followed by what the fault plan adds to it: the action itself where there is no plan. */
  faulted<T>(action: () => T): () => MaybePromise<T> {
    return this.#faults === undefined ? action : () => this.#withEffects(action);
  }

  /** Throws where the fault plan wants a flush to fail. */
  meetFlush(): void {
    this.#meet('flush');
  }

  /** Makes an image that was not left cleanly as its write pointers say. `fallenBack`: zones to be written. */
  recover(fallenBack: readonly number[]): void {
    cutAtWritePointers(this.image, this.zones);
    for (const index of fallenBack) this.#store?.noteChange(index);
    this.#store?.noteGeometry();
  }

  /** Zones that something failed in are made as their write pointers say, before anything builds on them. */
  cutRemains(): void {
    for (const index of this.#remains) {
      cutAtWritePointer(this.image, this.zones, index);
      this.#remains.delete(index);
    }
  }

  #inArea(offset: number): boolean {
    const machine = this.#machine;
    if (!machine?.geometry.zrwaSize) return false;
    const bits = machine.attributes[Math.floor(offset / machine.geometry.zoneSize)];
    return ((bits ?? 0) & ZoneAttribute.zrwa) !== 0;
  }

  /** The data comes first: where it fails, the write pointer has not moved. What it leaves in the area is not told. */
  #writeInArea(offset: number, length: number, store: () => void): void {
    const machine = this.zones;
    this.cutRemains();
    machine.checkWrite(offset, length);
    const index = machine.zoneIndexOf(offset);
    const pointer = machine.writePointers[index] as number;
    try {
      store();
      fillUnmapped(this.image, pointer, machine.committedBy(index, offset + length));
    } catch (error) {
      this.#remains.add(index);
      throw aboutZone(error, machine.zone(index));
    }
    machine.write(offset, length);
    this.#store?.noteChange(index);
  }

  /** Before a random write area ends otherwise than by a reset: its write pointer is going to stand at its end. */
  #settleAreas(action: ZoneAction, from: number, to: number): void {
    const machine = this.zones;
    if (action !== 'finish' || !machine.geometry.zrwaSize) return;
    for (let index = from; index < to; index++)
      if ((machine.attributes[index] as number) & ZoneAttribute.zrwa)
        fillUnmapped(
          this.image,
          machine.writePointers[index] as number,
          machine.readableEnd(index),
        );
  }

  /** Lets the state machine, or the bounds of a plain disk, accept a write. */
  #accept(offset: number, length: number): void {
    if (this.#machine === undefined) {
      refuseOutside(this.image.size, offset, length);
      return;
    }
    this.cutRemains();
    this.#machine.write(offset, length);
    const index = Math.floor(offset / this.#machine.geometry.zoneSize);
    if (index >= this.#machine.geometry.conventionalZones) this.#store?.noteChange(index);
  }

  #storeOrRetract(offset: number, store: () => void): void {
    try {
      store();
    } catch (error) {
      if (this.#machine === undefined) throw error;
      const index = this.#machine.zoneIndexOf(offset);
      if (index >= this.#machine.geometry.conventionalZones) {
        this.#machine.retract(index, offset);
        this.#store?.noteChange(index);
        this.#remains.add(index);
      }
      throw aboutZone(error, this.#machine.zone(index));
    }
  }

  #execute(command: DeviceCommand): void {
    switch (command.kind) {
      case 'write':
        this.write(command.offset, command.data);
        break;
      case 'zeroes': {
        const { offset, length } = command;
        if (this.#inArea(offset)) {
          this.#writeInArea(offset, length, () => this.#medium.writeZeroes(offset, length));
          break;
        }
        this.#accept(offset, length);
        this.#storeOrRetract(offset, () => this.#medium.writeZeroes(offset, length));
        break;
      }
      case 'reset':
        this.manage('reset', command.zoneIndex);
        break;
      case 'discard':
        admit(command, this.#machine, this.image.size);
        this.image.unmap(command.offset, command.length);
        break;
      case 'scrub': {
        admit(command, this.#machine, this.image.size);
        const end = this.writtenEnd(this.zones.zoneIndexOf(command.offset));
        const length = Math.min(command.length, end - command.offset);
        if (length > 0) this.image.writeZeroes(command.offset, length);
        break;
      }
    }
  }

  #noteTransition(transition: ZoneTransition): void {
    const index = transition.zoneIndex;
    if (transition.cause === 'reset') {
      this.#store?.noteReset(index);
      this.#unmapZone(index);
    } else this.#store?.noteChange(index);
    if (this.#listeners.size === 0) return;
    const event = { ...transition, sequence: this.#events++, timeMs: this.clock() };
    for (const listener of this.#listeners) listener(event);
  }

  /** What cannot be given back now, for trouble with the file, lies past the write pointer, and is given back later. */
  #unmapZone(index: number): void {
    const { zoneSize, size } = this.zones.geometry;
    const start = index * zoneSize;
    const end = roundUp(Math.min(start + zoneSize, size), this.image.clusterSize);
    try {
      this.image.unmap(start, end - start);
      this.#remains.delete(index);
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      this.#remains.add(index);
    }
  }

  #useFaults(faults: FaultInjector | undefined): void {
    this.#faults = faults;
    this.file.faults = faults;
    this.#medium = faults === undefined ? this.#plain : new FaultyMedium(this.#plain, faults);
  }

  #withEffects<T>(action: () => T): MaybePromise<T> {
    let answer: () => T;
    try {
      const result = action();
      answer = () => result;
    } catch (error) {
      answer = () => {
        throw error;
      };
    }
    const { delayMs, conditions } = this.#faults?.takeEffects() ?? NO_EFFECTS;
    if (!this.readOnly)
      for (const { zoneIndex, becomes } of conditions) this.setCondition(zoneIndex, becomes);
    return delayMs === 0 ? answer() : this.#sleep(delayMs).then(() => answer());
  }

  #meet(on: 'flush' | Exclude<ZoneAction, 'offline'>, place?: Place, resetCount?: number): void {
    const failure = this.#faults?.meet(on, place, resetCount);
    if (failure !== undefined) throw failure.error;
  }

  /** Asks the plan about every zone that a management command is for; of resets, those that have something to reset. */
  #meetManagement(action: ZoneAction, offset: number, length: number): void {
    if (this.#faults === undefined || action === 'offline') return;
    const { geometry, resetCounts, states } = this.zones;
    const { size, zoneSize } = geometry;
    const end = Math.min(offset + length, size);
    for (let index = Math.max(Math.floor(offset / zoneSize), 0); index * zoneSize < end; index++) {
      if (action === 'reset' && !(RESETTABLE & (1 << (states[index] as number)))) continue;
      const place = { offset: index * zoneSize, length: zoneSize };
      this.#meet(action, place, (resetCounts[index] as number) + 1);
    }
  }
}

/** The file may hold the remains of a write that failed half way. */
function hidePastWritePointers(machine: ZoneMachine, offset: number, target: Uint8Array): void {
  const { attributes, states, writePointers, geometry } = machine;
  const end = offset + target.length;
  for (
    let index = Math.floor(offset / geometry.zoneSize);
    index * geometry.zoneSize < end;
    index++
  ) {
    if (index < geometry.conventionalZones || states[index] === ZoneState.Offline) continue;
    const readable = attributes[index] === 0 ? writePointers[index] : machine.readableEnd(index);
    const from = Math.max(offset, readable as number);
    const to = Math.min(end, (index + 1) * geometry.zoneSize);
    if (from < to) target.fill(0, from - offset, to - offset);
  }
}

/** The same error, saying also which zone it met, as the zone is afterwards. */
function aboutZone(error: unknown, zone: Zone): unknown {
  if (!(error instanceof ImageError)) return error;
  const { index: zoneIndex, condition: zoneCondition, writePointer } = zone;
  const context = { zoneIndex, zoneCondition, writePointer, ...error.context };
  return new ImageError(error.code, error.message, context, { cause: error });
}
