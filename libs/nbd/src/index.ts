export {
  NbdClient,
  type NbdClientOptions,
  type NbdExportInfo,
  type NbdListEntry,
} from './client.ts';
export { NbdError, type NbdErrorCode, type NbdErrorContext } from './errors.ts';
export type { MaybePromise, NbdExport, NbdExtent } from './export.ts';
export { MAX_PAYLOAD_BYTES } from './limits.ts';
export { AllocationState, BASE_ALLOCATION, DEFAULT_PORT, type HeaderStyle } from './protocol.ts';
export type { ExportStats } from './served-export.ts';
export { type ListenAddress, NbdServer, type NbdServerOptions } from './server.ts';
export { formatNbdUri, type NbdUri, parseNbdUri } from './uri.ts';
