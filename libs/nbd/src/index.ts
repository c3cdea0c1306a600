export {
  NbdClient,
  type NbdClientOptions,
  type NbdExportInfo,
  type NbdListEntry,
} from './client.ts';
export type { ConnectionEvent } from './connection.ts';
export { NbdError, type NbdErrorCode, type NbdErrorContext } from './errors.ts';
export type { MaybePromise, NbdExport, NbdExtent } from './export.ts';
export { LATENCY_BOUNDS, type LatencyCounts } from './histogram.ts';
export { MAX_PAYLOAD_BYTES } from './limits.ts';
export type { TlsMode } from './negotiation.ts';
export { AllocationState, BASE_ALLOCATION, DEFAULT_PORT, type HeaderStyle } from './protocol.ts';
export type {
  ExportOptions as NbdExportOptions,
  ExportStats,
  RequestKind,
} from './served-export.ts';
export {
  type ListenAddress,
  type ListenOptions,
  NbdServer,
  type NbdServerOptions,
} from './server.ts';
export type { Rates } from './throttle.ts';
export {
  type ClientCredentials,
  loadClientCredentials,
  loadServerCredentials,
  type ServerCredentials,
} from './tls.ts';
export { formatNbdUri, type NbdUri, parseNbdUri } from './uri.ts';
