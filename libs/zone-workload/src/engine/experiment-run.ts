/** One experiment, phase after phase, driven in slices by whoever owns the thread. */
import { Auditor } from '../audit/auditor.ts';
import type { ExperimentDefinition } from '../definition.ts';
import { createTiming } from '../device/create-timing.ts';
import { SimulatedDevice } from '../device/simulated-device.ts';
import { invalidDefinition, WorkloadError } from '../errors.ts';
import { Series } from '../metrics/series.ts';
import { Mirror, type MirrorTarget } from '../mirror/mirror.ts';
import { buildReport, type ExperimentReport, type FinishedPhase } from '../report/report.ts';
import { type ResolvedExperiment, type ResolvedPhase, resolveExperiment } from '../resolve.ts';
import { type Advance, GroupRun, type OpenTrace, type RunContext } from './group-run.ts';

export interface ExperimentProgress {
  /** From 0 to 1; every phase counts the same, and phases side by side count as one. */
  readonly progress: number;
  /** Index of the phase in hand, and how many there are. */
  readonly phase: number;
  readonly phases: number;
  /** Commands submitted so far. */
  readonly operations: number;
  readonly simulatedNs: number;
}

export class ExperimentRun {
  private readonly experiment: ResolvedExperiment;
  private readonly context: RunContext;
  private readonly groups: readonly (readonly ResolvedPhase[])[];
  private readonly finished: GroupRun[] = [];
  private current: GroupRun;

  /** Throws `invalid_definition`. */
  constructor(
    definition: ExperimentDefinition,
    openTrace: OpenTrace = noTraces,
    target?: MirrorTarget,
  ) {
    this.experiment = resolveExperiment(definition);
    const { device, seed, audit } = this.experiment;
    const { geometry, prefilledZones } = device;
    if (target && prefilledZones > 0) {
      const allowed = '0: a real device carries the run out, and begins empty';
      throw invalidDefinition([
        { path: 'device.prefilledZones', given: `${prefilledZones}`, allowed },
      ]);
    }
    this.groups = groupsOf(this.experiment.workload.phases);
    this.context = {
      device: new SimulatedDevice(geometry, createTiming(device, seed), prefilledZones),
      auditor: audit ? new Auditor(geometry, prefilledZones) : undefined,
      series: new Series(),
      seed,
      openTrace,
      mirror: target && new Mirror(target, geometry),
    };
    this.current = this.startGroup(0);
  }

  /** Runs about so many commands. `ended`: the experiment has. Throws `audit_mismatch`. */
  step(operations: number): Advance {
    if (this.isDone) return 'ended';
    const advance = this.advance(operations);
    if (advance !== 'ended') return advance;
    this.finished.push(this.current);
    if (this.isDone) return 'ended';
    this.current = this.startGroup(this.current.nowNs);
    return 'more';
  }

  /** Lets the real device, if there is one, carry out what was accepted since the last call; in the end, compares. */
  async carryOut(): Promise<void> {
    const { mirror, device } = this.context;
    await mirror?.carryOut();
    if (this.isDone) await mirror?.verify(device);
  }

  /** Reads more input: call after `step` gave `starved`. Throws `invalid_trace`. */
  refill(): Promise<void> {
    return this.current.refill();
  }

  progress(): ExperimentProgress {
    const phases = this.groups.length;
    const ended = this.finished.length;
    const operations = this.finished.reduce((sum, group) => sum + group.operations, 0);
    return {
      progress: this.isDone ? 1 : (ended + this.current.progress) / phases,
      phase: Math.min(ended, phases - 1),
      phases,
      operations: this.isDone ? operations : operations + this.current.operations,
      simulatedNs: this.current.nowNs,
    };
  }

  /** Of what has run so far. */
  report(): ExperimentReport {
    const { device, series } = this.context;
    const phases = this.finished.flatMap(({ streams }): readonly FinishedPhase[] => streams);
    return buildReport(this.experiment, phases, this.current.nowNs, device, series);
  }

  /** Says with a mismatch how to see it again. */
  private advance(operations: number): Advance {
    const { auditor, device, seed } = this.context;
    try {
      const advance = this.current.advance(operations);
      if (advance === 'ended') auditor?.checkAll(device);
      return advance;
    } catch (error) {
      if (!(error instanceof WorkloadError) || error.code !== 'audit_mismatch') throw error;
      const replay = `replay: the same definition with seed ${seed} stops at command ${error.context.operations}`;
      throw new WorkloadError(error.code, `${error.message}; ${replay}`, error.context);
    }
  }

  /** Of a real device, read back and found to agree. */
  get verifiedBytes(): number {
    return this.context.mirror?.verifiedBytes ?? 0;
  }

  private get isDone(): boolean {
    return this.finished.length === this.groups.length;
  }

  private startGroup(startNs: number): GroupRun {
    const index = this.finished.length;
    const before = this.groups.slice(0, index).reduce((sum, group) => sum + group.length, 0);
    return new GroupRun(
      this.context,
      this.groups[index] as readonly ResolvedPhase[],
      before,
      startNs,
    );
  }
}

function noTraces(name: string): never {
  throw new WorkloadError('invalid_trace', `${name}: no traces are kept here`);
}

/** Phases that run side by side. */
function groupsOf(phases: readonly ResolvedPhase[]): readonly (readonly ResolvedPhase[])[] {
  const groups: ResolvedPhase[][] = [];
  for (const phase of phases) {
    const last = groups.at(-1);
    if (phase.alongside && last) last.push(phase);
    else groups.push([phase]);
  }
  return groups;
}
