export { ZONE_CONTEXTS } from './zone-contexts.ts';
export { ZoneReader } from './zone-reader.ts';
export type { ZonedBlockDevice } from './zoned-block-device.ts';
export { ZonedExport, type ZonedExportOptions } from './zoned-export.ts';
