/** The REST API as typed calls. */

import createClient, { type Client } from 'openapi-fetch';
import type { paths } from './api-types.ts';
import { ApiError, toApiError } from './errors.ts';

export type ApiClient = Client<paths>;

export interface ApiClientOptions {
  /** Such as `http://127.0.0.1:3000`. */
  url: string;
  /** API key, `zl_…`. */
  token: string;
  /** For tests; the one of the runtime if left out. */
  fetch?: (request: Request) => Promise<Response>;
}

/**
 * A client whose calls resolve with `data` alone: whatever is no success is thrown as `ApiError`. `resultOf` takes the
 * data out.
 */
export function createApiClient({ url, token, fetch }: ApiClientOptions): ApiClient {
  const client = createClient<paths>({
    baseUrl: url,
    headers: { authorization: `Bearer ${token}` },
    ...(fetch && { fetch }),
  });
  client.use({
    onResponse: async ({ response }) => {
      if (!response.ok) throw await toApiError(response);
    },
    onError: ({ error, request }) => {
      if (error instanceof ApiError || request.signal.aborted) return undefined;
      return new ApiError('unreachable', `${url}: no answer`, undefined, undefined, {
        cause: error,
      });
    },
  });
  return client;
}

/** What a call answered: `await resultOf(client.GET('/v1/images'))`. Undefined where the answer has no body. */
export async function resultOf<T>(call: Promise<{ data?: T }>): Promise<T> {
  return (await call).data as T;
}
