/** A gateway's queue from the other end: asks about one image, and waits for the answers. */
import {
  type GatewayJobName,
  type GatewayPayload,
  gatewayQueue,
  type JobOutcome,
  QUEUE_PREFIX,
} from '@zonelab/contracts';
import { redisOptions } from '@zonelab/platform';
import { WorkloadError } from '@zonelab/zone-workload';
import { Queue, QueueEvents } from 'bullmq';
import { GATEWAY_ANSWER_TIMEOUT_MS, ZONES_PER_REPORT } from '../limits.ts';
import type { AskGateway, ReportedZones } from './target.ts';

/** BullMQ's default, "from now on", begins only when Redis gets to read it: an answer before that would be lost. */
const FROM_THE_FIRST = { lastEventId: '0' } as const;

export class GatewayLine {
  private readonly queue: Queue;
  private readonly events: QueueEvents;

  constructor(
    redisUrl: string,
    private readonly gatewayId: string,
    private readonly imageId: string,
  ) {
    const settings = { connection: redisOptions(redisUrl), prefix: QUEUE_PREFIX };
    this.queue = new Queue(gatewayQueue(gatewayId), settings);
    this.events = new QueueEvents(gatewayQueue(gatewayId), { ...settings, ...FROM_THE_FIRST });
    // whoever waits for an answer hears of it
    this.queue.on('error', () => undefined);
    this.events.on('error', () => undefined);
  }

  /** Throws `mirror_mismatch` where the gateway refuses what the simulated device accepted. */
  readonly ask: AskGateway = async (question) => {
    const { imageId } = this;
    if (question.name === 'report') {
      const payload = { imageId, from: question.from, count: ZONES_PER_REPORT };
      return this.answerTo<ReportedZones>('reportZones', payload);
    }
    const { action, zoneIndex } = question;
    const payload = { imageId, action, ...(zoneIndex !== undefined && { zoneIndex }) };
    await this.answerTo('manageZones', payload);
    return null;
  };

  async close(): Promise<void> {
    await Promise.all([this.queue.close(), this.events.close()]);
  }

  private async answerTo<T>(
    name: GatewayJobName,
    payload: GatewayPayload<GatewayJobName>,
  ): Promise<T> {
    await this.events.waitUntilReady();
    const bounded = { removeOnComplete: { age: 60 }, removeOnFail: { age: 60 } };
    const job = await this.queue.add(name, payload, bounded);
    const answer = await job.waitUntilFinished(this.events, GATEWAY_ANSWER_TIMEOUT_MS);
    const outcome = answer as JobOutcome<T>;
    if (outcome.ok) return outcome.value;
    const { code, message } = outcome.refusal;
    const what = `gateway ${this.gatewayId} refuses ${name}: ${message} (${code})`;
    throw code.startsWith('zone_') ? new WorkloadError('mirror_mismatch', what) : new Error(what);
  }
}
