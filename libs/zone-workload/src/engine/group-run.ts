/**
 * Phases that run side by side, event by event: every job keeps its queue full, commands take effect when submitted
 * and free their slot when they complete. A slot whose next command must wait is parked until a zone comes to rest,
 * or sleeps until the time that its phase names.
 */
import type { Auditor } from '../audit/auditor.ts';
import { type Command, isManagement, Op, writesData } from '../device/command.ts';
import type { SimulatedDevice } from '../device/simulated-device.ts';
import type { CompletionSink } from '../device/timing.ts';
import type { Series } from '../metrics/series.ts';
import type { Mirror } from '../mirror/mirror.ts';
import type { ResolvedPhase } from '../resolve.ts';
import type { TraceSource } from '../trace/feed.ts';
import { createGenerator } from '../workload/create-generator.ts';
import type { HostView } from '../workload/generator.ts';
import { EventQueue } from './event-queue.ts';
import { Parking } from './parking.ts';
import { StreamRun } from './stream-run.ts';

/** What all phases of a run share. */
export interface RunContext {
  readonly device: SimulatedDevice;
  readonly auditor: Auditor | undefined;
  readonly series: Series;
  readonly seed: number;
  readonly openTrace: OpenTrace;
  /** Told of every accepted command, where a real device carries them out. */
  readonly mirror: Mirror | undefined;
}

/** Gives the bytes of a trace by the name that the definition calls it. */
export type OpenTrace = (name: string) => TraceSource;

/** `ended`: all phases of the group have. `starved`: input must be read before the run goes on. */
export type Advance = 'more' | 'ended' | 'starved';

/** A refusal costs about as much of the host's time as this many accepted commands. */
const REFUSAL_COST = 8;

/** What the event of a slot means. */
const Due = { Completion: 0, Wake: 1 } as const;

export class GroupRun implements HostView, CompletionSink {
  readonly device: SimulatedDevice;
  readonly writesInFlight: Uint32Array;
  readonly managed: Uint8Array;
  readonly openZones = new Set<number>();
  readonly streams: readonly StreamRun[];
  nowNs: number;

  private readonly queue: EventQueue;
  private readonly parking: Parking;
  private readonly command: Command = { op: Op.Read, zoneIndex: 0, offset: 0, length: 0 };
  private readonly slotStreams: Uint8Array;
  private readonly slotJobs: Int32Array;
  private readonly slotDue: Uint8Array;
  private readonly slotOps: Uint8Array;
  private readonly slotZones: Int32Array;
  private readonly slotLengths: Float64Array;
  private readonly slotStarts: Float64Array;
  private readonly slotRefused: Uint8Array;
  private inFlight = 0;
  /** Slots whose generator waits for input. */
  private readonly starving: number[] = [];
  private readonly offer = (slot: number) => this.offerSlot(slot);

  /** @param firstPhase index of the first of `phases` in the experiment: tells their random streams apart. */
  constructor(
    private readonly context: RunContext,
    phases: readonly ResolvedPhase[],
    firstPhase: number,
    readonly startNs: number,
  ) {
    const { device, seed } = context;
    const slots = phases.reduce((sum, { jobs, queueDepth }) => sum + jobs * queueDepth, 0);
    this.device = device;
    this.nowNs = startNs;
    this.writesInFlight = new Uint32Array(device.geometry.zoneCount);
    this.managed = new Uint8Array(device.geometry.zoneCount);
    this.slotStreams = new Uint8Array(slots);
    this.slotJobs = new Int32Array(slots);
    this.slotDue = new Uint8Array(slots);
    this.slotOps = new Uint8Array(slots);
    this.slotZones = new Int32Array(slots);
    this.slotLengths = new Float64Array(slots);
    this.slotStarts = new Float64Array(slots);
    this.slotRefused = new Uint8Array(slots);
    this.queue = new EventQueue(slots);
    this.parking = new Parking(slots);
    this.streams = phases.map(
      (phase, n) =>
        new StreamRun(
          phase,
          createGenerator(phase, this, seed, firstPhase + n, context.openTrace),
          startNs,
        ),
    );
    device.timing.attach(this);
    let slot = 0;
    for (const [n, { jobs, queueDepth }] of phases.entries()) {
      for (let turn = 0; turn < jobs * queueDepth; turn++, slot++) {
        this.slotStreams[slot] = n;
        this.slotJobs[slot] = turn % jobs;
        this.parking.park(slot);
      }
    }
  }

  get operations(): number {
    return this.streams.reduce((sum, { operations }) => sum + operations, 0);
  }

  /** Share of the work that has been submitted, from 0 to 1: that of the phase that is furthest behind. */
  get progress(): number {
    const own = this.streams.filter(({ hasAmount }) => hasAmount);
    return Math.min(1, ...own.map((stream) => stream.progressAt(this.nowNs)));
  }

  /** Handles completions worth about `budget` commands. */
  advance(budget: number): Advance {
    const { queue } = this;
    const { timing } = this.device;
    for (const slot of this.starving.splice(0)) this.offerSlot(slot);
    for (let spent = 0; spent < budget; ) {
      if (this.starving.length > 0) return 'starved';
      if (this.inFlight === 0 && queue.size === 0) {
        if (!this.start()) return this.starving.length > 0 ? 'starved' : 'ended';
        continue;
      }
      if (timing.nextNs < queue.nextNs) {
        timing.tick();
        continue;
      }
      if (queue.size === 0) throw new Error('the timing model has lost a command');
      spent += this.handle(queue.pop());
    }
    return 'more';
  }

  /** Call after `starved`. */
  async refill(): Promise<void> {
    for (const { generator } of this.streams) {
      if (generator.starved) await generator.refill?.();
    }
  }

  /** A completion that the device announces. */
  complete(slot: number, atNs: number): void {
    this.queue.push(slot, atNs);
  }

  /** Nothing is in flight: gives every parked slot its turn. False: nothing more to do now. */
  private start(): boolean {
    this.parking.wake(this.offer);
    if (this.inFlight > 0 || this.queue.size > 0) return true;
    if (this.starving.length > 0) return false;
    for (const stream of this.streams) {
      if (stream.hasAmount) stream.stalled ||= !stream.isExhausted(this.nowNs);
    }
    return false;
  }

  private isOver(stream: StreamRun): boolean {
    if (stream.hasAmount || stream.stalled) return stream.isExhausted(this.nowNs);
    return this.streams.every((other) => !other.hasAmount || other.isExhausted(this.nowNs));
  }

  private offerSlot(slot: number): void {
    const stream = this.streams[this.slotStreams[slot] as number] as StreamRun;
    if (this.isOver(stream)) return;
    const allowedNs = stream.allowedNs(this.nowNs);
    if (allowedNs > this.nowNs) {
      this.sleep(slot, allowedNs);
      return;
    }
    const { generator } = stream;
    if (generator.next(this.slotJobs[slot] as number, this.command, this.nowNs)) {
      this.submit(slot, stream);
    } else if (generator.starved) this.starving.push(slot);
    else if (generator.wakeNs !== undefined && generator.wakeNs > this.nowNs) {
      this.sleep(slot, generator.wakeNs);
    } else this.parking.park(slot);
  }

  private sleep(slot: number, untilNs: number): void {
    this.slotDue[slot] = Due.Wake;
    this.queue.push(slot, untilNs);
  }

  private submit(slot: number, stream: StreamRun): void {
    const { device, auditor } = this.context;
    const { command } = this;
    const { op } = command;
    const paddedBefore = device.paddedBytes;
    if (op !== Op.Read) device.onTransition(stream.listener);
    const refusal = device.submit(command);
    auditor?.check(command, refusal, device);
    stream.operations++;
    if (refusal === undefined) {
      this.accepted(stream, command);
      this.context.mirror?.record(command, device.occupiedBefore);
    } else {
      stream.metrics.refused(op, refusal);
      stream.generator.refused?.(this.slotJobs[slot] as number, command);
      stream.refused();
    }
    this.slotDue[slot] = Due.Completion;
    this.slotOps[slot] = op;
    this.slotZones[slot] = command.zoneIndex;
    this.slotLengths[slot] = command.length;
    this.slotStarts[slot] = this.nowNs;
    this.slotRefused[slot] = refusal === undefined ? 0 : 1;
    this.inFlight++;
    device.time(slot, command, this.nowNs);
    if (op === Op.Read) return;
    if (refusal === undefined && stream.generator.overhead === true && writesData(op)) {
      stream.metrics.relocatedBytes += command.length;
    }
    stream.metrics.paddedBytes += device.paddedBytes - paddedBefore;
    stream.metrics.level(device.openCount, device.activeCount);
  }

  private accepted(stream: StreamRun, { op, zoneIndex, length }: Command): void {
    stream.accepted(stream.generator.overhead === true ? 0 : length, this.nowNs);
    if (isManagement(op)) this.managed[zoneIndex] = 1;
    else if (writesData(op)) {
      this.writesInFlight[zoneIndex] = (this.writesInFlight[zoneIndex] as number) + 1;
    }
  }

  /** The event of a slot. Returns its cost. */
  private handle(slot: number): number {
    this.nowNs = this.queue.timeOf(slot);
    if (this.slotDue[slot] === Due.Completion) return this.completed(slot);
    this.offerSlot(slot);
    return 1;
  }

  /** Frees the slot and gives it, and whoever waited for its zone, the next turn. */
  private completed(slot: number): number {
    const op = this.slotOps[slot] as Op;
    const zone = this.slotZones[slot] as number;
    const length = this.slotLengths[slot] as number;
    const refused = this.slotRefused[slot] === 1;
    const stream = this.streams[this.slotStreams[slot] as number] as StreamRun;
    const { series } = this.context;
    this.inFlight--;
    stream.nowNs = this.nowNs;
    series.record(op, length, refused, this.nowNs);
    let atRest = true;
    if (!refused) {
      stream.metrics.completed(op, length, this.nowNs - (this.slotStarts[slot] as number));
      if (isManagement(op)) this.managed[zone] = 0;
      else if (writesData(op)) {
        const left = (this.writesInFlight[zone] as number) - 1;
        this.writesInFlight[zone] = left;
        atRest = left === 0;
      }
    }
    if (atRest && this.parking.count > 0) this.parking.wake(this.offer);
    const { thinkNs } = stream.phase;
    if (thinkNs > 0) this.sleep(slot, this.nowNs + thinkNs);
    else this.offerSlot(slot);
    series.level(this.nowNs, this.device.openCount, this.device.activeCount, this.inFlight);
    return refused ? REFUSAL_COST : 1;
  }
}
