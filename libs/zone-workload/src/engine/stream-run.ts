/** One phase while it runs: its generator, how much of it is done, and what it measured. */
import type { ZoneTransition } from '@zonelab/qcow2-zoned';
import { MAX_CONSECUTIVE_REFUSALS } from '../limits.ts';
import { PhaseMetrics } from '../metrics/phase-metrics.ts';
import type { ResolvedPhase } from '../resolve.ts';
import type { Generator } from '../workload/generator.ts';

const NS_PER_SECOND = 1e9;
/** A phase with a rate makes up for delays up to this long. */
const CATCH_UP_NS = 1_000_000;

export class StreamRun {
  readonly metrics = new PhaseMetrics();
  /** Whether the phase gave up: no command of it could succeed, or be submitted, any more. */
  stalled = false;
  /** Commands submitted so far. */
  operations = 0;
  /** When its last command completed. */
  nowNs: number;
  readonly listener = (transition: ZoneTransition) => this.metrics.transition(transition);
  /** Before this time its rate allows no further command. */
  private nextNs: number;
  private issuedBytes = 0;
  private refusedInRow = 0;
  private readonly nsPerByte: number;

  constructor(
    readonly phase: ResolvedPhase,
    readonly generator: Generator,
    readonly startNs: number,
  ) {
    this.nowNs = startNs;
    this.nextNs = startNs;
    this.nsPerByte = phase.rate > 0 ? NS_PER_SECOND / phase.rate : 0;
  }

  /** Whether the phase says itself when it ends. */
  get hasAmount(): boolean {
    const { bytes, operations, seconds } = this.phase;
    return (
      bytes !== undefined ||
      operations !== undefined ||
      seconds !== undefined ||
      this.generator.done !== undefined
    );
  }

  /** Share of the amount that has been submitted, from 0 to 1. */
  progressAt(nowNs: number): number {
    const { bytes, operations, seconds } = this.phase;
    if (bytes !== undefined) return this.issuedBytes / bytes;
    if (operations !== undefined) return this.operations / operations;
    if (seconds !== undefined) {
      return Math.min(1, (nowNs - this.startNs) / (seconds * NS_PER_SECOND));
    }
    return this.generator.progress ?? 0;
  }

  isExhausted(nowNs: number): boolean {
    const { bytes, operations, seconds } = this.phase;
    if (this.stalled || this.generator.done === true) return true;
    if (bytes !== undefined && this.issuedBytes >= bytes) return true;
    if (operations !== undefined && this.operations >= operations) return true;
    return seconds !== undefined && nowNs - this.startNs >= seconds * NS_PER_SECOND;
  }

  /** When the next command may be submitted: now or later. */
  allowedNs(nowNs: number): number {
    return this.nsPerByte === 0 || this.nextNs <= nowNs ? nowNs : this.nextNs;
  }

  accepted(length: number, nowNs: number): void {
    this.refusedInRow = 0;
    this.issuedBytes += length;
    if (this.nsPerByte === 0) return;
    this.nextNs = Math.round(Math.max(this.nextNs, nowNs - CATCH_UP_NS) + length * this.nsPerByte);
  }

  refused(): void {
    this.refusedInRow++;
    // by operations or seconds, refusals bring the end nearer; by bytes, nothing would
    if (this.phase.operations !== undefined || this.phase.seconds !== undefined) return;
    this.stalled ||= this.refusedInRow >= MAX_CONSECUTIVE_REFUSALS;
  }
}
