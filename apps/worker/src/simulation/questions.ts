/** Questions that the simulation thread has to its owner, and their answers. */
import { parentPort, type Worker } from 'node:worker_threads';
import { WorkloadError } from '@zonelab/zone-workload';
import type { AskGateway, ReportedZones } from '../mirror/target.ts';
import type { OwnerMessage, SimulationMessage } from './messages.ts';

interface Waiting {
  readonly resolve: (zones: ReportedZones | null) => void;
  readonly reject: (error: Error) => void;
}

/** In the thread. */
export function askOwner(tell: (message: SimulationMessage) => void): AskGateway {
  const waiting = new Map<number, Waiting>();
  let last = 0;
  parentPort?.on('message', (answer: OwnerMessage) => {
    const one = waiting.get(answer.id);
    waiting.delete(answer.id);
    if ('zones' in answer) one?.resolve(answer.zones);
    else if (answer.code) one?.reject(new WorkloadError(answer.code, answer.message));
    else one?.reject(new Error(answer.message));
  });
  return (question) =>
    new Promise((resolve, reject) => {
      const id = ++last;
      waiting.set(id, { resolve, reject });
      tell({ kind: 'question', id, question });
    });
}

/** In its owner. A thread that has ended hears nothing. */
export async function answer(
  thread: Worker,
  { id, question }: Extract<SimulationMessage, { kind: 'question' }>,
  ask: AskGateway,
): Promise<void> {
  const message = await ask(question).then(
    (zones): OwnerMessage => ({ id, zones }),
    (error: Error): OwnerMessage => {
      const code = error instanceof WorkloadError ? error.code : undefined;
      return { id, code, message: error.message };
    },
  );
  thread.postMessage(message);
}
