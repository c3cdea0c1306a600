/** The demo's experiment: queued over REST, run by the worker, its report held against what was asked. */
import { type components, resultOf } from '@zonelab/client';
import type { Experiment } from '@zonelab/contracts';
import type { ExperimentReport } from '@zonelab/zone-workload';
import { poll } from '../lab/poll.ts';
import { EXPERIMENT_TIMEOUT_MS } from '../limits.ts';
import { EXPERIMENTS } from '../rest/resources.ts';
import type { DemoContext } from './image-steps.ts';
import { verify } from './progress.ts';

const OPERATIONS = 4000;
const BLOCK_BYTES = 64 * 1024;

const DEFINITION: components['schemas']['CreateExperiment'] = {
  name: 'demo',
  device: {
    preset: 'custom',
    geometry: {
      profile: 'zns',
      size: '1G',
      zoneSize: '32M',
      zoneCapacity: '24M',
      maxOpenZones: 4,
      maxActiveZones: 6,
      maxAppendBytes: '256K',
    },
    timing: { serviceTimeNs: 20_000 },
  },
  workload: {
    phases: [
      {
        kind: 'seq-write',
        name: 'fill',
        blockSize: BLOCK_BYTES,
        operations: OPERATIONS,
        jobs: 4,
        queueDepth: 4,
      },
      {
        kind: 'random-read-below-wp',
        name: 'read',
        blockSize: '4K',
        operations: OPERATIONS,
        queueDepth: 16,
      },
    ],
  },
  seed: 42,
  audit: true,
};

/** Answers the report. */
export async function runExperiment({
  api,
  progress,
  signal,
}: DemoContext): Promise<[Experiment, ExperimentReport]> {
  return progress.step('queue an experiment and wait for its report', async () => {
    const { id } = await resultOf(api.POST('/v1/experiments', { body: DEFINITION }));
    const finished = async () => {
      const found = await EXPERIMENTS.get(api, id);
      return found.status === 'queued' || found.status === 'running' ? undefined : found;
    };
    const experiment = await poll(finished, {
      what: 'the end of the experiment',
      timeoutMs: EXPERIMENT_TIMEOUT_MS,
      signal,
    });
    verify(experiment.status === 'succeeded', 'the experiment succeeds', experiment);
    const params = { path: { id } };
    const answer = await resultOf(api.GET('/v1/experiments/{id}/report', { params }));
    const report = answer as unknown as ExperimentReport;
    const { write } = report.totals.operations;
    verify(
      write?.accepted === OPERATIONS && write.bytes === OPERATIONS * BLOCK_BYTES,
      `${OPERATIONS} writes of ${BLOCK_BYTES} bytes`,
      write,
    );
    return [`${report.outcome}, seed ${report.definition.seed}`, [experiment, report]];
  });
}
