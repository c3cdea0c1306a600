/** Refusals as answers: what a job's caller did wrong goes back with its code; faults fail the job. */

import type { GatewayRefusalCode, JobOutcome } from '@zonelab/contracts';
import { ImageError } from '@zonelab/qcow2-zoned';

/** A refusal of the gateway itself; those of a device are `ImageError`s. */
export class GatewayRefusal extends Error {
  override readonly name = 'GatewayRefusal';

  constructor(
    readonly code: GatewayRefusalCode,
    message: string,
  ) {
    super(message);
  }
}

/** The outcome of `action`: its value, or the refusal that it threw. Anything else is thrown on. */
export async function outcomeOf<T>(action: () => Promise<T>): Promise<JobOutcome<T>> {
  try {
    return { ok: true, value: await action() };
  } catch (error) {
    if (error instanceof ImageError) {
      const { code, message, context } = error;
      return { ok: false, refusal: { code, message, context } };
    }
    if (error instanceof GatewayRefusal) {
      const { code, message } = error;
      return { ok: false, refusal: { code, message, context: {} } };
    }
    throw error;
  }
}
