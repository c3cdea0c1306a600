/** Questions to gateways: jobs in their queues, whose answers are waited for. */

import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import {
  type GatewayJobName,
  type GatewayJobs,
  type GatewayPayload,
  gatewayQueue,
  type JobOutcome,
  QUEUE_PREFIX,
} from '@zonelab/contracts';
import { redisOptions } from '@zonelab/platform';
import { type Job, Queue, QueueEvents } from 'bullmq';
import { ProblemError } from '../http/problem.ts';
import { refusalError } from '../http/translate.ts';
import { GATEWAY_ANSWER_TIMEOUT_MS } from '../limits.ts';
import { type ImageApiOptions, OPTIONS } from '../options.ts';
import { withDeadline } from '../with-deadline.ts';

type Value<N extends GatewayJobName> =
  GatewayJobs[N]['result'] extends JobOutcome<infer T> ? T : never;

/** BullMQ's default, "from now on", begins only when Redis gets to read it: an answer before that would be lost. */
const FROM_THE_FIRST = { lastEventId: '0' } as const;

interface Line {
  queue: Queue;
  events: QueueEvents;
}

@Injectable()
export class Gateways implements OnApplicationShutdown {
  private readonly lines = new Map<string, Line>();
  private readonly timeoutMs: number;

  constructor(@Inject(OPTIONS) private readonly options: ImageApiOptions) {
    this.timeoutMs = options.gatewayTimeoutMs ?? GATEWAY_ANSWER_TIMEOUT_MS;
  }

  /**
   * Throws the problem that a refusal is; `gateway_timeout` where no answer comes in time, and then the gateway may or
   * may not have acted; `gateway_failed` where it could not.
   */
  async ask<N extends GatewayJobName>(
    gatewayId: string,
    name: N,
    payload: GatewayPayload<N>,
  ): Promise<Value<N>> {
    const { queue, events } = this.lineTo(gatewayId);
    let job: Job | undefined;
    const answer = async (): Promise<JobOutcome<Value<N>>> => {
      await events.waitUntilReady();
      const bounded = { removeOnComplete: { age: 60 }, removeOnFail: { age: 60 } };
      job = await queue.add(name, payload, bounded);
      return job.waitUntilFinished(events);
    };
    const outcome = await withDeadline(this.timeoutMs, answer()).catch(async (cause: unknown) => {
      // what went wrong there can name paths and rows: it is for the log alone
      if (cause !== 'late')
        throw gatewayProblem(502, 'gateway_failed', gatewayId, 'see its log', cause);
      // Not taken up yet: it must not be when the gateway comes back. Taken up: it cannot be removed.
      await withDeadline(this.timeoutMs, job?.remove() ?? Promise.resolve()).catch(() => undefined);
      const why = `no answer to ${name} in ${this.timeoutMs} ms`;
      throw gatewayProblem(504, 'gateway_timeout', gatewayId, why);
    });
    if (!outcome.ok) throw refusalError(outcome.refusal);
    return outcome.value;
  }

  async onApplicationShutdown(): Promise<void> {
    const closing = [...this.lines.values()].flatMap(({ queue, events }) => [
      queue.close(),
      events.close(),
    ]);
    await Promise.all(closing);
  }

  private lineTo(gatewayId: string): Line {
    const known = this.lines.get(gatewayId);
    if (known) return known;
    const { redisUrl, logger } = this.options;
    const settings = { connection: redisOptions(redisUrl), prefix: QUEUE_PREFIX };
    const line: Line = {
      queue: new Queue(gatewayQueue(gatewayId), settings),
      events: new QueueEvents(gatewayQueue(gatewayId), { ...settings, ...FROM_THE_FIRST }),
    };
    const warn = (err: Error) => logger.warn({ err, gatewayId }, 'Redis');
    line.queue.on('error', warn);
    line.events.on('error', warn);
    this.lines.set(gatewayId, line);
    return line;
  }
}

function gatewayProblem(
  status: number,
  code: string,
  gatewayId: string,
  why: string,
  cause?: unknown,
) {
  const detail = `gateway ${gatewayId}: ${why}`;
  return new ProblemError({ status, code, detail, context: { gatewayId } }, { cause });
}
