/** Every bound of the command line tools, with its reason. */

/** One read or write of `zonelab io`, bytes. Its data is held in memory whole: a refusal must change nothing. */
export const MAX_IO_BYTES = 1024 ** 3;

/** Zones asked for in one `zrp` or `zones` call at a time: keeps the rows held in memory small. */
export const REPORT_BATCH_ZONES = 4096;

/** Cells of a zone map; past it one cell stands for several zones. A map should fit on one screen. */
export const MAX_MAP_CELLS = 2048;
