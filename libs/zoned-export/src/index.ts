export type { ZonedBlockDevice } from './zoned-block-device.ts';
export { ZonedExport, type ZonedExportOptions } from './zoned-export.ts';
