/** What the API is made from. */

import type { Logger, Pool } from '@zonelab/platform';

export interface ImageApiOptions {
  databaseUrl: string;
  redisUrl: string;
  /** New images go to the first. */
  pools: readonly [Pool, ...Pool[]];
  /** Accepted as admin from now on. */
  adminKey?: string | undefined;
  /** Folder of the built dashboard, which is served at `/`; none is served if left out. */
  dashboard?: string | undefined;
  logger: Logger;
  /** How long reports of experiments are kept; 0: for ever; KEEP_REPORTS_DAYS if left out. */
  keepReportsDays?: number | undefined;
  /** How long a gateway may take to answer; for tests. */
  gatewayTimeoutMs?: number | undefined;
  /** How often downloads are looked at; for tests. */
  downloadWatchMs?: number | undefined;
}

/** Injection token of `ImageApiOptions`. */
export const OPTIONS = Symbol('ImageApiOptions');
