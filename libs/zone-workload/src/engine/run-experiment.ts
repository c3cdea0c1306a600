/** Runs an experiment to its end without holding the thread: between slices, events and cancellations get through. */
import { setImmediate } from 'node:timers/promises';
import type { ExperimentDefinition } from '../definition.ts';
import { WorkloadError } from '../errors.ts';
import { MIRROR_SLICE_OPERATIONS, SLICE_OPERATIONS } from '../limits.ts';
import type { MirrorTarget } from '../mirror/mirror.ts';
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
  /**
   * A real zoned device, all of it empty, of the same geometry: it carries out every accepted command with data that
   * is verified in the end. Errors: `mirror_mismatch`.
   */
  readonly target?: MirrorTarget;
  /** Told how many bytes of `target` were read back and agreed, before the report is made. */
  readonly onVerified?: (bytes: number) => void;
  /** Commands per slice. */
  readonly sliceOperations?: number;
}

/** Throws WorkloadError: `invalid_definition` before anything runs, `invalid_trace`, `audit_mismatch`, `cancelled`. */
export async function runExperiment(
  definition: ExperimentDefinition,
  { onProgress, onVerified, signal, openTrace, target, ...options }: RunOptions = {},
): Promise<ExperimentReport> {
  const run = new ExperimentRun(definition, openTrace, target);
  const { sliceOperations = target ? MIRROR_SLICE_OPERATIONS : SLICE_OPERATIONS } = options;
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
    await run.carryOut();
    if (advance === 'ended') break;
    if (advance === 'starved') await run.refill();
  }
  if (target) onVerified?.(run.verifiedBytes);
  await onProgress?.(run.progress());
  return run.report();
}
