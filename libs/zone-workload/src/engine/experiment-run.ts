/** One experiment, phase after phase, driven in slices by whoever owns the thread. */
import { Auditor } from '../audit/auditor.ts';
import type { ExperimentDefinition } from '../definition.ts';
import { SimulatedDevice } from '../device/simulated-device.ts';
import { ConstantTiming } from '../device/timing.ts';
import { Series } from '../metrics/series.ts';
import { buildReport, type ExperimentReport, type FinishedPhase } from '../report/report.ts';
import { type ResolvedExperiment, type ResolvedPhase, resolveExperiment } from '../resolve.ts';
import { PhaseRun, type RunContext } from './phase-run.ts';

export interface ExperimentProgress {
  /** From 0 to 1; every phase counts the same. */
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
  private readonly finished: FinishedPhase[] = [];
  private current: PhaseRun;

  /** Throws `invalid_definition`. */
  constructor(definition: ExperimentDefinition) {
    this.experiment = resolveExperiment(definition);
    const { device, seed, audit } = this.experiment;
    const { geometry, timing, prefilledZones } = device;
    this.context = {
      device: new SimulatedDevice(
        geometry,
        new ConstantTiming(timing.serviceTimeNs),
        prefilledZones,
      ),
      auditor: audit ? new Auditor(geometry, prefilledZones) : undefined,
      series: new Series(),
      seed,
    };
    this.current = this.startPhase(0, 0);
  }

  /** Runs about so many commands. True: the experiment has ended. Throws `audit_mismatch`. */
  step(operations: number): boolean {
    if (this.isDone) return true;
    if (!this.current.advance(operations)) return false;
    this.context.auditor?.checkAll(this.context.device);
    this.finished.push(this.current);
    if (!this.isDone) this.current = this.startPhase(this.finished.length, this.current.nowNs);
    return this.isDone;
  }

  progress(): ExperimentProgress {
    const phases = this.phases.length;
    const ended = this.finished.length;
    const operations = this.finished.reduce((sum, phase) => sum + phase.operations, 0);
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
    return buildReport(this.experiment, this.finished, device, series);
  }

  private get isDone(): boolean {
    return this.finished.length === this.phases.length;
  }

  private get phases(): readonly ResolvedPhase[] {
    return this.experiment.workload.phases;
  }

  private startPhase(index: number, startNs: number): PhaseRun {
    return new PhaseRun(this.context, this.phases[index] as ResolvedPhase, index, startNs);
  }
}
