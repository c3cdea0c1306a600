/** Entry of a simulation thread: runs the one experiment that it was started with, and tells its owner. */
import { createReadStream } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { runExperiment, WorkloadError } from '@zonelab/zone-workload';
import type { SimulationInput, SimulationMessage } from './messages.ts';

const tell = (message: SimulationMessage) => parentPort?.postMessage(message);
const { definition, traces } = workerData as SimulationInput;

try {
  const report = await runExperiment(definition, {
    openTrace: (name) => createReadStream(traces[name] ?? name),
    onProgress: (progress) => tell({ kind: 'progress', progress }),
  });
  tell({ kind: 'report', report });
} catch (error) {
  if (!(error instanceof WorkloadError)) throw error;
  tell({ kind: 'refusal', code: error.code, message: error.message });
}
