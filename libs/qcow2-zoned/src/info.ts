/** What an image's header tells. Opens no other file, and allocates nothing by the numbers it reads. */
import fs from 'node:fs';
import { HostFile } from './file.ts';
import { AUTOCLEAR, COMPATIBLE, INCOMPATIBLE } from './format/features.ts';
import { decodeHeader, type Qcow2Header } from './format/header.ts';
import { describeZoned, type ZonedDialect } from './format/zoned-dialects.ts';
import type { ZoneTableInfo } from './format/zoned-extension.ts';
import type { ZonedGeometry } from './zones/zone.ts';

/** Sizes are bytes. */
export interface ImageInfo {
  readonly path: string;
  readonly virtualSize: number;
  /** Space that the file occupies on its file system. */
  readonly actualSize: number;
  readonly clusterSize: number;
  readonly version: 2 | 3;
  readonly refcountBits: number;
  readonly lazyRefcounts: boolean;
  readonly dirty: boolean;
  readonly corrupt: boolean;
  readonly extendedL2: boolean;
  readonly compressionType: 'zlib' | 'zstd';
  readonly encrypted: boolean;
  readonly backingFile: string | undefined;
  readonly snapshotCount: number;
  readonly zoned: ZonedInfo | undefined;
}

export interface ZonedInfo {
  readonly dialect: ZonedDialect;
  readonly geometry: ZonedGeometry;
  /** Undefined where the image has the geometry alone, and so cannot be written. */
  readonly zoneTable: (ZoneTableInfo & { readonly valid: boolean }) | undefined;
}

const HEADER_READ_BYTES = 65_536;
const STAT_BLOCK_BYTES = 512;

/** Errors: `file_not_found`, `not_qcow2`, `invalid_image`, `unsupported_feature`, `io_error`. */
export async function inspectImage(path: string): Promise<ImageInfo> {
  const file = HostFile.open(path, { readOnly: true });
  const bytes = Buffer.alloc(Math.min(HEADER_READ_BYTES, file.length));
  try {
    file.read(bytes, 0);
  } finally {
    file.close();
  }
  const header = decodeHeader(bytes);
  const has = (bit: bigint): boolean => (header.incompatibleFeatures & bit) !== 0n;
  return {
    path,
    virtualSize: header.size,
    actualSize: fs.statSync(path).blocks * STAT_BLOCK_BYTES,
    clusterSize: 2 ** header.clusterBits,
    version: header.version,
    refcountBits: 2 ** header.refcountOrder,
    lazyRefcounts: (header.compatibleFeatures & COMPATIBLE.lazyRefcounts) !== 0n,
    dirty: has(INCOMPATIBLE.dirty),
    corrupt: has(INCOMPATIBLE.corrupt),
    extendedL2: has(INCOMPATIBLE.extendedL2),
    compressionType: header.compressionType === 1 ? 'zstd' : 'zlib',
    encrypted: header.cryptMethod !== 0,
    backingFile: header.backingFile,
    snapshotCount: header.snapshotCount,
    zoned: zonedInfo(header),
  };
}

function zonedInfo(header: Qcow2Header): ZonedInfo | undefined {
  const zones = describeZoned(header);
  if (zones === undefined) return undefined;
  const { dialect, geometry, info } = zones;
  const valid = (header.autoclearFeatures & AUTOCLEAR.zoneTableValid) !== 0n;
  return { dialect, geometry, zoneTable: info && { ...info, valid } };
}
