/**
 * The image under check: its file, its header, and what both imply. Nothing here goes through the write engine, which
 * the check is to judge.
 */
import { ImageError } from '../errors.ts';
import type { BlockFile } from '../file.ts';
import { INCOMPATIBLE } from '../format/feature-bits.ts';
import { refuseUnsupportedFeatures } from '../format/features.ts';
import { l2EntryBytes, type Qcow2Header, readHeader } from '../format/header.ts';
import { MAX_CHECK_CLUSTERS, MAX_CHECK_TABLE_BYTES } from '../limits.ts';

const MAX_CRYPT_METHOD = 2;
const KNOWN = Object.values(INCOMPATIBLE).reduce((all, bit) => all | bit, 0n);

export interface Subject {
  readonly file: BlockFile;
  readonly header: Qcow2Header;
  readonly clusterSize: number;
  /** Bytes of an L2 entry: 16 in images with extended L2 entries. */
  readonly entryBytes: number;
  /** Guest data lies in another file: the offsets of data clusters count nothing here. */
  readonly dataFile: boolean;
  /** Clusters that the file has, the last one perhaps in part. */
  readonly fileClusters: number;
  /** Reads a table, and refuses where an image makes the check read more than any honest one. */
  readTable(target: Buffer, offset: number): void;
}

/** Throws `not_qcow2`, `invalid_image`, `unsupported_feature`, `io_error`. */
export function openSubject(file: BlockFile): Subject {
  const header = readHeader(file);
  refuseUnsupportedFeatures(header, KNOWN);
  if (header.cryptMethod > MAX_CRYPT_METHOD)
    throw new ImageError(
      'unsupported_feature',
      `Unsupported encryption method ${header.cryptMethod}`,
      {
        field: 'crypt_method',
        given: header.cryptMethod,
        allowed: '0 (none), 1 (AES) or 2 (LUKS)',
      },
    );
  const clusterSize = 2 ** header.clusterBits;
  const fileClusters = Math.ceil(file.length / clusterSize);
  if (fileClusters > MAX_CHECK_CLUSTERS)
    throw new ImageError(
      'unsupported_feature',
      `${file.path}: ${fileClusters} host clusters, a check counts at most ${MAX_CHECK_CLUSTERS}`,
      {
        field: 'host clusters',
        given: fileClusters,
        allowed: `at most ${MAX_CHECK_CLUSTERS}`,
      },
    );
  let budget = MAX_CHECK_TABLE_BYTES;
  return {
    file,
    header,
    clusterSize,
    entryBytes: l2EntryBytes(header),
    dataFile: (header.incompatibleFeatures & INCOMPATIBLE.dataFile) !== 0n,
    fileClusters,
    readTable: (target, offset) => {
      budget -= target.length;
      if (budget < 0)
        throw new ImageError(
          'unsupported_feature',
          `${file.path}: a check reads at most ${MAX_CHECK_TABLE_BYTES} bytes of tables`,
          {
            field: 'tables',
            given: MAX_CHECK_TABLE_BYTES - budget,
            allowed: `at most ${MAX_CHECK_TABLE_BYTES}`,
          },
        );
      file.read(target, offset);
    },
  };
}
