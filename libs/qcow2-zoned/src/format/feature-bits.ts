/** Feature bits of the qcow2 header, by their meaning. */

/** qcow2 specification, header bytes 72-79. Bit 5 is the unmerged "zoned format" of 2024. */
export const INCOMPATIBLE = {
  dirty: 1n << 0n,
  corrupt: 1n << 1n,
  dataFile: 1n << 2n,
  compressionType: 1n << 3n,
  extendedL2: 1n << 4n,
  zonedFormat: 1n << 5n,
} as const;

/** Header bytes 80-87. */
export const COMPATIBLE = { lazyRefcounts: 1n << 0n } as const;

/** Header bytes 88-95. Bit 62 is ours: the zone table agrees with the data. */
export const AUTOCLEAR = {
  bitmaps: 1n << 0n,
  rawDataFile: 1n << 1n,
  zoneTableValid: 1n << 62n,
} as const;
