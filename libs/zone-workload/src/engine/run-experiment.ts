/** Runs an experiment to its end without holding the thread: between slices, events and cancellations get through. */
import { setImmediate } from 'node:timers/promises';
import type { ExperimentDefinition } from '../definition.ts';
import { WorkloadError } from '../errors.ts';
import { SLICE_OPERATIONS } from '../limits.ts';
import type { ExperimentReport } from '../report/report.ts';
import { type ExperimentProgress, ExperimentRun } from './experiment-run.ts';
import type { OpenTrace } from './group-run.ts';

export interface RunOptions {
  /** Called before the first and after every slice, some tens of milliseconds apart; awaited. */
  readonly onProgress?: (progress: ExperimentProgress) => void | Promise<void>;
  /** Ends the run between two slices with `cancelled`. */
  readonly signal?: AbortSignal;
  /** Where traces are; by default there are none. */
  readonly openTrace?: OpenTrace;
  /** Commands per slice. */
  readonly sliceOperations?: number;
}

/** Throws WorkloadError: `invalid_definition` before anything runs, `invalid_trace`, `audit_mismatch`, `cancelled`. */
export async function runExperiment(
  definition: ExperimentDefinition,
  { onProgress, signal, openTrace, sliceOperations = SLICE_OPERATIONS }: RunOptions = {},
): Promise<ExperimentReport> {
  const run = new ExperimentRun(definition, openTrace);
  for (;;) {
    await onProgress?.(run.progress());
    await setImmediate();
    if (signal?.aborted) {
      const { operations } = run.progress();
      throw new WorkloadError('cancelled', `cancelled after ${operations} operations`, {
        operations,
      });
    }
    const advance = run.step(sliceOperations);
    if (advance === 'ended') break;
    if (advance === 'starved') await run.refill();
  }
  await onProgress?.(run.progress());
  return run.report();
}
