/** What the module gives to its providers by name. */

/** Module that simulation threads run. */
export const THREAD = Symbol('simulation thread');
export const LOGGER = Symbol('logger');
export const REDIS_URL = Symbol('Redis URL');
/** The pools that this worker reaches. */
export const POOLS = Symbol('pools');
/** `JobTiming`. */
export const TIMING = Symbol('timing');

/** When jobs are started again. */
export interface JobTiming {
  /** Before an experiment is started again that ended for reasons not its own. */
  readonly retryDelayMs: number;
  /** A worker that has not renewed its lock for so long is dead, … */
  readonly lockDurationMs: number;
  /** … and looked for so often. */
  readonly stalledIntervalMs: number;
}
