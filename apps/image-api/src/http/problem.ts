/** What the API answers instead of a result: thrown anywhere, written out by the filter. */

import type { FieldError } from '@zonelab/contracts';

export interface ProblemDetails {
  status: number;
  /** Stable and snake_case. */
  code: string;
  detail: string;
  errors?: FieldError[] | undefined;
  context?: object | undefined;
}

export class ProblemError extends Error {
  override readonly name = 'ProblemError';

  constructor(
    readonly problem: ProblemDetails,
    options?: { cause?: unknown },
  ) {
    super(problem.detail, options);
  }
}
