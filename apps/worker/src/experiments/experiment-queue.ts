/**
 * The queue as the catalog would have it. Postgres is the truth and Redis the wire: what the catalog calls unfinished
 * has a job, whoever lost it.
 */
import { Injectable } from '@nestjs/common';
import { Catalog } from '@zonelab/catalog';
import { type ExperimentJobs, experimentJobId } from '@zonelab/contracts';
import { type Job, Queue } from 'bullmq';

export type RunPayload = ExperimentJobs['run']['payload'];
export type RunJob = Job<RunPayload, null, 'run'>;

@Injectable()
export class ExperimentQueue {
  constructor(
    private readonly catalog: Catalog,
    private readonly queue: Queue<RunPayload, null, 'run'>,
  ) {}

  /** Settles if Redis answers. */
  async ping(): Promise<void> {
    await this.queue.getWaitingCount();
  }

  /** Puts back what is missing; returns the ids of the experiments that it queued. */
  async repair(): Promise<string[]> {
    const queued: string[] = [];
    for (const experimentId of await this.catalog.experiments.unfinished()) {
      if (await this.repairOne(experimentId)) queued.push(experimentId);
    }
    return queued;
  }

  private async repairOne(experimentId: string): Promise<boolean> {
    const jobId = experimentJobId(experimentId);
    const job = await this.queue.getJob(jobId);
    const state = await job?.getState();
    const ended = state === 'completed' || state === 'failed' || state === 'unknown';
    if (job && !ended) return false;
    await job?.remove(); // a job that ended blocks its id
    await this.queue.add('run', { experimentId }, { jobId });
    return true;
  }
}
