/** The one error class of this library: what the API answered instead of a result, or that it did not answer. */

import { describeFieldErrors, type Problem } from '@zonelab/contracts';

/** A code of the API, which passes on those of the device and the catalog; or one of these. */
export type ApiErrorCode = 'unreachable' | 'not_an_api' | (string & {});

export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    readonly code: ApiErrorCode,
    message: string,
    /** HTTP status; undefined without an answer. */
    readonly status?: number,
    readonly problem?: Problem,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** The answer's problem details as an error, all in one line. */
export async function toApiError(response: Response): Promise<ApiError> {
  const text = await response.text();
  const problem = parseProblem(text);
  if (!problem) {
    const message = `${response.url}: status ${response.status} without problem details`;
    return new ApiError('not_an_api', message, response.status);
  }
  const { code, detail, errors } = problem;
  return new ApiError(
    code,
    errors ? describeFieldErrors(errors) : detail,
    response.status,
    problem,
  );
}

function parseProblem(text: string): Problem | undefined {
  try {
    const body = JSON.parse(text) as Partial<Problem> | null;
    return typeof body?.code === 'string' ? (body as Problem) : undefined;
  } catch {
    return undefined;
  }
}
