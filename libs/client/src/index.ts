/** The typed REST client. */

export type { components, paths } from './api-types.ts';
export { type ApiClient, type ApiClientOptions, createApiClient, resultOf } from './client.ts';
export { ApiError, type ApiErrorCode, toApiError } from './errors.ts';
