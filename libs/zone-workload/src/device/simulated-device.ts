/**
 * A device in simulated time: the zone state machine that real images use, a timing model, and what the hot path
 * must count. It holds no data. Commands take effect when they are accepted; the timing model says when they complete.
 */
import {
  CONDITION_NAMES,
  ImageError,
  type ImageErrorCode,
  type Zone,
  type ZoneCondition,
  type ZonedGeometry,
  ZoneMachine,
  ZoneState,
  type ZoneTransition,
} from '@zonelab/qcow2-zoned';
import { type Command, Op } from './command.ts';
import type { Effect, TimingModel } from './timing.ts';
import { zoneCapacity, zoneStart } from './zone-layout.ts';

export class SimulatedDevice {
  readonly geometry: ZonedGeometry;
  readonly finishes: Uint32Array;
  /** Bytes that hosts wrote, per zone. */
  readonly writtenBytes: Float64Array;
  /** Bytes of capacity left unwritten by finishes: what a device that fills up a finished zone writes. */
  paddedBytes = 0;
  private readonly machine: ZoneMachine;
  private readonly effect: Effect = {
    refused: false,
    stateBefore: ZoneState.Empty,
    occupiedBefore: 0,
    stateAfter: ZoneState.Empty,
  };

  /** @param prefilledZones sequential zones, from the first, that are full from the start. */
  constructor(
    geometry: ZonedGeometry,
    readonly timing: TimingModel,
    prefilledZones: number,
  ) {
    this.geometry = geometry;
    this.machine = new ZoneMachine(geometry);
    this.finishes = new Uint32Array(geometry.zoneCount);
    this.writtenBytes = new Float64Array(geometry.zoneCount);
    for (let n = 0; n < prefilledZones; n++) {
      const zone = geometry.conventionalZones + n;
      const end = zoneStart(geometry, zone) + zoneCapacity(geometry, zone);
      this.machine.restore(zone, ZoneState.Full, end, 0);
    }
  }

  /** Written bytes of its zone before the command given to `submit` last. */
  get occupiedBefore(): number {
    return this.effect.occupiedBefore;
  }

  onTransition(listener: (transition: ZoneTransition) => void): void {
    this.machine.onTransition = listener;
  }

  /** Gives the command to the zone state machine: undefined if accepted, else the identity of the refusal. */
  submit(command: Command): ImageErrorCode | undefined {
    const { effect } = this;
    const { zoneIndex } = command;
    effect.refused = false;
    effect.stateBefore = this.state(zoneIndex);
    effect.occupiedBefore = this.occupied(zoneIndex);
    try {
      this.execute(command);
      effect.stateAfter = this.state(zoneIndex);
      return undefined;
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      effect.refused = true;
      return error.code;
    }
  }

  /** Hands the command given to `submit` last to the timing model; it tells its sink when the slot is free again. */
  time(slot: number, command: Command, nowNs: number): void {
    this.timing.submit(slot, command, this.effect, nowNs);
  }

  breakdownNs(): Readonly<Record<string, number>> {
    return this.timing.breakdownNs();
  }

  zone(index: number): Zone {
    return this.machine.zone(index);
  }

  state(index: number): ZoneState {
    return this.machine.states[index] as ZoneState;
  }

  condition(index: number): ZoneCondition {
    return CONDITION_NAMES[this.state(index)];
  }

  /** Absolute bytes; of a full zone the end of its written data. */
  writePointer(index: number): number {
    return this.machine.writePointers[index] as number;
  }

  /** Written bytes of a sequential zone. */
  occupied(index: number): number {
    return this.writePointer(index) - index * this.geometry.zoneSize;
  }

  /** Resets that moved the write pointer. */
  resets(index: number): number {
    return this.machine.resetCounts[index] as number;
  }

  get openCount(): number {
    return this.machine.openCount;
  }

  get activeCount(): number {
    return this.machine.activeCount;
  }

  private execute(command: Command): void {
    const { op, zoneIndex, offset, length } = command;
    switch (op) {
      case Op.Read:
        this.machine.checkRead(offset, length);
        return;
      case Op.Write:
        this.machine.write(offset, length);
        break;
      case Op.Append:
        this.machine.append(offset, length);
        break;
      case Op.Reset:
        this.machine.reset(zoneIndex);
        return;
      case Op.Finish:
        this.finish(zoneIndex);
        return;
      case Op.Open:
        this.machine.open(zoneIndex);
        return;
      case Op.Close:
        this.machine.close(zoneIndex);
        return;
    }
    this.writtenBytes[zoneIndex] = (this.writtenBytes[zoneIndex] as number) + length;
  }

  private finish(zoneIndex: number): void {
    const left = zoneCapacity(this.geometry, zoneIndex) - this.occupied(zoneIndex);
    const wasFull = this.state(zoneIndex) === ZoneState.Full;
    this.machine.finish(zoneIndex);
    this.finishes[zoneIndex] = (this.finishes[zoneIndex] as number) + 1;
    if (!wasFull) this.paddedBytes += left;
  }
}
