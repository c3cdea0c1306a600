/** What one phase did: per operation counts, bytes and latencies, refusals by identity, transitions by cause. */
import { CONDITION_NAMES, type ZoneCondition, type ZoneTransition } from '@zonelab/qcow2-zoned';
import { OP_NAMES, type Op } from '../device/command.ts';
import { Histogram } from './histogram.ts';

export interface TransitionCount {
  readonly from: ZoneCondition;
  readonly to: ZoneCondition;
  readonly cause: ZoneTransition['cause'];
  readonly count: number;
}

/** Of one kind of operation. Latencies are from submission to completion, of accepted commands. */
export class OpMetrics {
  readonly latencyNs = new Histogram();
  bytes = 0;
  refused = 0;

  get accepted(): number {
    return this.latencyNs.count;
  }

  add(other: OpMetrics): void {
    this.latencyNs.add(other.latencyNs);
    this.bytes += other.bytes;
    this.refused += other.refused;
  }
}

export class PhaseMetrics {
  /** Indexed by Op. */
  readonly operations: readonly OpMetrics[] = OP_NAMES.map(() => new OpMetrics());
  /** Refusals by the device's identity of the error. */
  readonly refusals = new Map<string, number>();
  paddedBytes = 0;
  relocatedBytes = 0;
  peakOpenZones = 0;
  peakActiveZones = 0;
  private readonly transitionCounts = new Map<string, TransitionCount>();

  completed(op: Op, length: number, latencyNs: number): void {
    const metrics = this.operations[op] as OpMetrics;
    metrics.latencyNs.record(latencyNs);
    metrics.bytes += length;
  }

  refused(op: Op, identity: string): void {
    (this.operations[op] as OpMetrics).refused++;
    this.refusals.set(identity, (this.refusals.get(identity) ?? 0) + 1);
  }

  transition({ from, to, cause }: ZoneTransition): void {
    this.addTransitions({ from: CONDITION_NAMES[from], to: CONDITION_NAMES[to], cause, count: 1 });
  }

  level(open: number, active: number): void {
    if (open > this.peakOpenZones) this.peakOpenZones = open;
    if (active > this.peakActiveZones) this.peakActiveZones = active;
  }

  /** Ordered by name, so that equal runs report equal lists. */
  transitions(): readonly TransitionCount[] {
    return [...this.transitionCounts.entries()]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, count]) => count);
  }

  /** Zones that the device closed to make room at its open limit. */
  get autoCloses(): number {
    return this.transitions().reduce((sum, t) => sum + (t.cause === 'auto-close' ? t.count : 0), 0);
  }

  add(other: PhaseMetrics): void {
    this.operations.forEach((metrics, op) => {
      metrics.add(other.operations[op] as OpMetrics);
    });
    for (const [identity, count] of other.refusals) {
      this.refusals.set(identity, (this.refusals.get(identity) ?? 0) + count);
    }
    for (const transition of other.transitions()) this.addTransitions(transition);
    this.paddedBytes += other.paddedBytes;
    this.relocatedBytes += other.relocatedBytes;
    this.level(other.peakOpenZones, other.peakActiveZones);
  }

  private addTransitions(added: TransitionCount): void {
    const key = `${added.from} ${added.to} ${added.cause}`;
    const before = this.transitionCounts.get(key)?.count ?? 0;
    this.transitionCounts.set(key, { ...added, count: before + added.count });
  }
}
