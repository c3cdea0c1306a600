/**
 * Runs an experiment on a thread of its own, so that no simulation, however busy, keeps this thread from renewing
 * locks and answering signals.
 */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type ExperimentProgress, WorkloadError } from '@zonelab/zone-workload';
import { SIMULATION_HEAP_MIB } from '../limits.ts';
import type { AskGateway } from '../mirror/target.ts';
import type { SimulationInput, SimulationMessage } from './messages.ts';
import { answer } from './questions.ts';

export type SimulationResult = Pick<
  Extract<SimulationMessage, { kind: 'report' }>,
  'report' | 'verifiedBytes'
>;

/** Module that simulation threads run. */
export const SIMULATION_THREAD = new URL(
  `./simulation.thread${extname(import.meta.url)}`,
  import.meta.url,
);

export interface SimulateOptions {
  readonly onProgress: (progress: ExperimentProgress) => void;
  /** Ends the thread at once. */
  readonly signal: AbortSignal;
  /** Answers the thread's questions about a live export. */
  readonly ask?: AskGateway;
  /** Default SIMULATION_THREAD. */
  readonly thread?: URL;
}

/**
 * Throws WorkloadError if the experiment is at fault, the signal's reason if it was aborted, and whatever else ended
 * the thread.
 */
export async function simulate(
  input: SimulationInput,
  { onProgress, signal, ask, thread = SIMULATION_THREAD }: SimulateOptions,
): Promise<SimulationResult> {
  signal.throwIfAborted();
  const worker = new Worker(thread, {
    workerData: input,
    resourceLimits: { maxOldGenerationSizeMb: SIMULATION_HEAP_MIB },
  });
  let abort: (() => void) | undefined;
  try {
    return await new Promise<SimulationResult>((resolve, reject) => {
      worker.on('message', (message: SimulationMessage) => {
        if (message.kind === 'progress') onProgress(message.progress);
        else if (message.kind === 'report') resolve(message);
        else if (message.kind === 'question' && ask) void answer(worker, message, ask);
        else if (message.kind === 'refusal')
          reject(new WorkloadError(message.code, message.message));
      });
      worker.on('error', reject);
      worker.on('exit', (code) => reject(new Error(`the simulation thread ended with ${code}`)));
      abort = () => reject(signal.reason);
      signal.addEventListener('abort', abort);
    });
  } finally {
    if (abort) signal.removeEventListener('abort', abort);
    await worker.terminate();
  }
}
