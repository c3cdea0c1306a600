/**
 * The queue as the catalog would have it. Postgres is the truth and Redis the wire: what the catalog calls unfinished
 * has a job, whoever lost it.
 */
import { Injectable } from '@nestjs/common';
import { Catalog } from '@zonelab/catalog';
import { type ExperimentJobs, experimentJobId, jobPriority, sweepJobId } from '@zonelab/contracts';
import { type Job, Queue } from 'bullmq';
import { SweepComparison } from './sweep-comparison.ts';

export type RunPayload = ExperimentJobs['run']['payload'];
export type RunJob = Job<RunPayload, null, 'run'>;
export type ComparePayload = ExperimentJobs['compare']['payload'];
export type AnyJob = Job<RunPayload | ComparePayload, null, keyof ExperimentJobs>;

@Injectable()
export class ExperimentQueue {
  constructor(
    private readonly catalog: Catalog,
    private readonly sweeps: SweepComparison,
    private readonly queue: Queue<RunPayload | ComparePayload, null, keyof ExperimentJobs>,
  ) {}

  /** Settles if Redis answers. */
  async ping(): Promise<void> {
    await this.queue.getWaitingCount();
  }

  /** Puts back what is missing; returns the ids of the experiments and sweeps that it queued. */
  async repair(): Promise<string[]> {
    const queued: string[] = [];
    for (const { id, priority } of await this.catalog.experiments.unfinished()) {
      const options = { priority: jobPriority(priority) };
      const add = (jobId: string) =>
        this.queue.add('run', { experimentId: id }, { ...options, jobId });
      if (await this.repairOne(experimentJobId(id), add)) queued.push(id);
    }
    for (const sweepId of await this.catalog.sweeps.unfinished()) {
      if (await this.sweeps.finish(sweepId)) continue; // its parent job may wait for a child that Redis lost
      const add = (jobId: string) => this.queue.add('compare', { sweepId }, { jobId });
      if (await this.repairOne(sweepJobId(sweepId), add)) queued.push(sweepId);
    }
    return queued;
  }

  private async repairOne(
    jobId: string,
    add: (jobId: string) => Promise<unknown>,
  ): Promise<boolean> {
    const job = await this.queue.getJob(jobId);
    const state = await job?.getState();
    const ended = state === 'completed' || state === 'failed' || state === 'unknown';
    if (job && !ended) return false;
    await job?.remove(); // a job that ended blocks its id
    await add(jobId);
    return true;
  }
}
