/**
 * One phase, event by event: every job keeps its queue full, commands take effect when submitted and free their slot
 * when they complete. A slot whose next command must wait is parked until a zone comes to rest.
 */
import type { Auditor } from '../audit/auditor.ts';
import { type Command, isManagement, Op, writesData } from '../device/command.ts';
import type { SimulatedDevice } from '../device/simulated-device.ts';
import { MAX_CONSECUTIVE_REFUSALS } from '../limits.ts';
import { PhaseMetrics } from '../metrics/phase-metrics.ts';
import type { Series } from '../metrics/series.ts';
import type { ResolvedPhase } from '../resolve.ts';
import { createGenerator } from '../workload/create-generator.ts';
import type { Generator, HostView } from '../workload/generator.ts';
import { EventQueue } from './event-queue.ts';
import { Parking } from './parking.ts';

/** What all phases of a run share. */
export interface RunContext {
  readonly device: SimulatedDevice;
  readonly auditor: Auditor | undefined;
  readonly series: Series;
  readonly seed: number;
}

/** A refusal costs about as much of the host's time as this many accepted commands. */
const REFUSAL_COST = 8;
const NS_PER_SECOND = 1e9;

export class PhaseRun implements HostView {
  readonly device: SimulatedDevice;
  readonly writesInFlight: Uint32Array;
  readonly managed: Uint8Array;
  readonly metrics = new PhaseMetrics();
  /** Whether the phase gave up: no command of it could succeed, or be submitted, any more. */
  stalled = false;
  nowNs: number;

  private readonly generator: Generator;
  private readonly queue: EventQueue;
  private readonly parking: Parking;
  private readonly command: Command = { op: Op.Read, zoneIndex: 0, offset: 0, length: 0 };
  private readonly slotOps: Uint8Array;
  private readonly slotZones: Int32Array;
  private readonly slotLengths: Float64Array;
  private readonly slotStarts: Float64Array;
  private readonly slotRefused: Uint8Array;
  private readonly paddedBefore: number;
  private issuedBytes = 0;
  private issuedOperations = 0;
  private refusedInRow = 0;
  private readonly offer = (slot: number) => this.offerSlot(slot);

  constructor(
    private readonly context: RunContext,
    readonly phase: ResolvedPhase,
    phaseIndex: number,
    readonly startNs: number,
  ) {
    const { device, seed } = context;
    const slots = phase.jobs * phase.queueDepth;
    this.device = device;
    this.nowNs = startNs;
    this.writesInFlight = new Uint32Array(device.geometry.zoneCount);
    this.managed = new Uint8Array(device.geometry.zoneCount);
    this.slotOps = new Uint8Array(slots);
    this.slotZones = new Int32Array(slots);
    this.slotLengths = new Float64Array(slots);
    this.slotStarts = new Float64Array(slots);
    this.slotRefused = new Uint8Array(slots);
    this.queue = new EventQueue(slots);
    this.parking = new Parking(slots);
    this.paddedBefore = device.paddedBytes;
    this.generator = createGenerator(phase, this, seed, phaseIndex);
    device.onTransition((transition) => this.metrics.transition(transition));
    for (let slot = 0; slot < slots; slot++) this.parking.park(slot);
  }

  /** Commands submitted so far. */
  get operations(): number {
    return this.issuedOperations;
  }

  /** Share of the amount that has been submitted, from 0 to 1. */
  get progress(): number {
    const { bytes, operations, seconds = 1 } = this.phase;
    if (bytes !== undefined) return this.issuedBytes / bytes;
    if (operations !== undefined) return this.issuedOperations / operations;
    return Math.min(1, (this.nowNs - this.startNs) / (seconds * NS_PER_SECOND));
  }

  /** Handles completions worth about `budget` commands. True: the phase has ended. */
  advance(budget: number): boolean {
    for (let spent = 0; spent < budget; ) {
      if (this.queue.size === 0 && !this.start()) {
        this.metrics.paddedBytes = this.device.paddedBytes - this.paddedBefore;
        return true;
      }
      spent += this.complete(this.queue.pop());
    }
    return false;
  }

  /** Nothing is in flight: gives every parked slot its turn. False: nothing more to do. */
  private start(): boolean {
    if (this.isExhausted()) return false;
    this.parking.wake(this.offer);
    this.stalled ||= this.queue.size === 0;
    return this.queue.size > 0;
  }

  private isExhausted(): boolean {
    const { bytes, operations, seconds = 0 } = this.phase;
    if (this.stalled) return true;
    if (bytes !== undefined) return this.issuedBytes >= bytes;
    if (operations !== undefined) return this.issuedOperations >= operations;
    return this.nowNs - this.startNs >= seconds * NS_PER_SECOND;
  }

  private offerSlot(slot: number): void {
    if (this.isExhausted()) return;
    if (this.generator.next(slot % this.phase.jobs, this.command)) this.submit(slot);
    else this.parking.park(slot);
  }

  private submit(slot: number): void {
    const { device, auditor } = this.context;
    const { command } = this;
    const refusal = device.submit(command);
    auditor?.check(command, refusal, device);
    this.issuedOperations++;
    if (refusal === undefined) this.accepted(command);
    else this.refused(slot, command, refusal);
    this.slotOps[slot] = command.op;
    this.slotZones[slot] = command.zoneIndex;
    this.slotLengths[slot] = command.length;
    this.slotStarts[slot] = this.nowNs;
    this.slotRefused[slot] = refusal === undefined ? 0 : 1;
    const doneNs = device.completionNs(command, refusal !== undefined, this.nowNs);
    this.queue.push(slot, doneNs);
    if (command.op === Op.Read) return;
    this.metrics.level(device.openCount, device.activeCount);
  }

  private accepted({ op, zoneIndex, length }: Command): void {
    this.refusedInRow = 0;
    this.issuedBytes += length;
    if (isManagement(op)) this.managed[zoneIndex] = 1;
    else if (writesData(op)) {
      this.writesInFlight[zoneIndex] = (this.writesInFlight[zoneIndex] as number) + 1;
    }
  }

  private refused(slot: number, command: Command, identity: string): void {
    this.metrics.refused(command.op, identity);
    this.generator.refused?.(slot % this.phase.jobs, command);
    this.refusedInRow++;
    // by operations or seconds, refusals bring the end nearer; by bytes, nothing would
    if (this.phase.bytes === undefined) return;
    this.stalled ||= this.refusedInRow >= MAX_CONSECUTIVE_REFUSALS;
  }

  /** Frees the slot and gives it, and whoever waited for its zone, the next turn. Returns the cost. */
  private complete(slot: number): number {
    const op = this.slotOps[slot] as Op;
    const zone = this.slotZones[slot] as number;
    const length = this.slotLengths[slot] as number;
    const refused = this.slotRefused[slot] === 1;
    this.nowNs = this.queue.timeOf(slot);
    this.context.series.record(op, length, refused, this.nowNs);
    let atRest = true;
    if (!refused) {
      this.metrics.completed(op, length, this.nowNs - (this.slotStarts[slot] as number));
      if (isManagement(op)) this.managed[zone] = 0;
      else if (writesData(op)) {
        const left = (this.writesInFlight[zone] as number) - 1;
        this.writesInFlight[zone] = left;
        atRest = left === 0;
      }
    }
    if (atRest && this.parking.count > 0) this.parking.wake(this.offer);
    this.offerSlot(slot);
    this.context.series.level(
      this.nowNs,
      this.device.openCount,
      this.device.activeCount,
      this.queue.size,
    );
    return refused ? REFUSAL_COST : 1;
  }
}
