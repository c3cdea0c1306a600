/**
 * One experiment from the catalog's "queued" to its end. Safe to repeat: what the catalog calls ended is left alone,
 * and a run that was interrupted starts again and, being seeded, ends the same.
 */
import { setInterval } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { Catalog, type ExperimentSummary } from '@zonelab/catalog';
import type { ExperimentDefinition } from '@zonelab/contracts';
import {
  compareReports,
  type ExperimentProgress,
  type ExperimentReport,
  WorkloadError,
} from '@zonelab/zone-workload';
import { PROGRESS_INTERVAL_MS } from '../limits.ts';
import { type HeldImage, ImageTargets } from '../mirror/image-targets.ts';
import { simulate } from '../simulation/simulate.ts';
import { THREAD } from '../tokens.ts';
import { TraceFiles } from './trace-files.ts';

/** The catalog says that the experiment no longer runs. */
const CANCELLED = Symbol('cancelled');

export interface RunHooks {
  /** Ends the run without a result, to be repeated later; `run` throws the signal's reason. */
  readonly signal: AbortSignal;
  /** Called about four times a second. */
  readonly onProgress: (progress: ExperimentProgress) => Promise<void>;
}

@Injectable()
export class ExperimentRunner {
  constructor(
    private readonly catalog: Catalog,
    private readonly traces: TraceFiles,
    private readonly images: ImageTargets,
    @Inject(THREAD) private readonly thread: URL,
  ) {}

  /**
   * Settles when the catalog knows the result, be it a report, a failure of the experiment's own, or that it was
   * cancelled. Throws what is not the experiment's fault.
   */
  async run(experimentId: string, hooks: RunHooks): Promise<void> {
    const started = await this.catalog.experiments.start(experimentId);
    if (!started) return;
    const { timeoutSeconds } = started;
    const limit = timeoutSeconds === null ? undefined : AbortSignal.timeout(timeoutSeconds * 1000);
    const signal = limit ? AbortSignal.any([hooks.signal, limit]) : hooks.signal;
    try {
      await this.images.using(experimentId, started, (image) =>
        this.simulate(experimentId, started.definition, image, { ...hooks, signal }),
      );
    } catch (error) {
      if (error === CANCELLED) return;
      if (limit?.aborted && !hooks.signal.aborted) {
        const message = `timeoutSeconds: not ended after ${timeoutSeconds} seconds`;
        await this.catalog.experiments.fail(experimentId, message);
        return;
      }
      if (!(error instanceof WorkloadError)) throw error;
      await this.catalog.experiments.fail(experimentId, error.message);
    }
  }

  /** Ends an experiment that cannot be brought to its own end. */
  async giveUp(experimentId: string, reason: string): Promise<void> {
    await this.catalog.experiments.fail(experimentId, reason);
  }

  private async simulate(
    experimentId: string,
    definition: ExperimentDefinition,
    image: HeldImage | undefined,
    { signal, onProgress }: RunHooks,
  ): Promise<void> {
    const traces = await this.traces.filesOf(definition);
    const input = { definition, traces, target: image?.input };
    const watch = new AbortController();
    let latest: ExperimentProgress | undefined;
    const watched = this.watch(experimentId, watch, async () => {
      if (latest) await onProgress(latest);
      return latest?.progress ?? 0;
    });
    try {
      const { report, verifiedBytes } = await simulate(input, {
        ...(image && { ask: image.ask }),
        thread: this.thread,
        signal: AbortSignal.any([signal, watch.signal, ...(image ? [image.signal] : [])]),
        onProgress: (progress) => {
          latest = progress;
        },
      });
      const summary = summaryOf(report);
      await this.catalog.experiments.succeed(experimentId, { ...report }, summary, verifiedBytes);
    } finally {
      watch.abort();
      await watched;
    }
  }

  /** Until it is aborted: tells the catalog the progress, and aborts with the reason when there must be no more. */
  private async watch(
    experimentId: string,
    controller: AbortController,
    progress: () => Promise<number>,
  ): Promise<void> {
    try {
      const { signal } = controller;
      for await (const _ of setInterval(PROGRESS_INTERVAL_MS, undefined, { signal })) {
        const runs = await this.catalog.experiments.progress(experimentId, await progress());
        if (!runs) controller.abort(CANCELLED);
      }
    } catch (error) {
      controller.abort(error); // no change where it is the end of the run
    }
  }
}

function summaryOf(report: ExperimentReport): ExperimentSummary {
  const [row] = compareReports([{ label: '', values: {}, report }]).runs;
  if (!row) throw new Error('a comparison has a row per run');
  const { durationNs, iops, readBytesPerSecond, writtenBytesPerSecond, p99LatencyNs } = row;
  const { writeAmplification } = row;
  return {
    durationNs,
    iops,
    readBytesPerSecond,
    writtenBytesPerSecond,
    p99LatencyNs,
    writeAmplification,
  };
}
