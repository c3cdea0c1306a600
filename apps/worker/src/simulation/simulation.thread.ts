/** Entry of a simulation thread: runs the one experiment that it was started with, and tells its owner. */
import { createReadStream } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { runExperiment, WorkloadError } from '@zonelab/zone-workload';
import { openTarget } from '../mirror/open-target.ts';
import type { SimulationInput, SimulationMessage } from './messages.ts';
import { askOwner } from './questions.ts';

const tell = (message: SimulationMessage) => parentPort?.postMessage(message);
const { definition, traces, target: input } = workerData as SimulationInput;

try {
  const target = input && (await openTarget(input, askOwner(tell)));
  let verifiedBytes: number | undefined;
  const report = await runExperiment(definition, {
    openTrace: (name) => createReadStream(traces[name] ?? name),
    onProgress: (progress) => tell({ kind: 'progress', progress }),
    onVerified: (bytes) => {
      verifiedBytes = bytes;
    },
    ...(target && { target }),
  });
  await target?.close();
  tell({ kind: 'report', report, verifiedBytes });
} catch (error) {
  if (!(error instanceof WorkloadError)) throw error;
  tell({ kind: 'refusal', code: error.code, message: error.message });
}
