/**
 * The qcow2 header (qcow2 specification, "Header") and its extensions. All fields big-endian.
 * `decodeHeader` validates what the header alone can tell, before anything is allocated by its numbers.
 */
import { ImageError } from '../errors.ts';
import {
  MAX_BACKING_NAME_BYTES,
  MAX_CLUSTER_BITS,
  MAX_HEADER_EXTENSIONS,
  MAX_L1_BYTES,
  MAX_REFCOUNT_ORDER,
  MAX_REFCOUNT_TABLE_BYTES,
  MAX_SNAPSHOTS,
  MIN_CLUSTER_BITS,
} from '../limits.ts';
import { readU64, roundUp, writeU64 } from './bytes.ts';
import { ENTRY_BYTES } from './entries.ts';

export const QCOW2_MAGIC = 0x5146_49fb; // "QFI\xfb"

/** Byte offsets of the header fields. */
const AT = {
  magic: 0, // u32
  version: 4, // u32
  backingFileOffset: 8, // u64
  backingFileSize: 16, // u32
  clusterBits: 20, // u32
  size: 24, // u64
  cryptMethod: 32, // u32
  l1Size: 36, // u32, entries
  l1TableOffset: 40, // u64
  refcountTableOffset: 48, // u64
  refcountTableClusters: 56, // u32
  snapshotCount: 60, // u32
  snapshotsOffset: 64, // u64
  // version 3 only
  incompatibleFeatures: 72, // u64
  compatibleFeatures: 80, // u64
  autoclearFeatures: 88, // u64
  refcountOrder: 96, // u32
  headerLength: 100, // u32
  compressionType: 104, // u8, then 7 bytes of padding
} as const;

const V2_LENGTH = 72;
const V3_MIN_LENGTH = 104;
/** What we write: the compression type byte and its padding included. */
export const HEADER_LENGTH = 112;

export const EXTENSION = {
  end: 0x0000_0000,
  backingFormat: 0xe279_2aca,
  featureNames: 0x6803_f857,
  bitmaps: 0x2385_2875,
  cryptoHeader: 0x0537_be77,
  dataFile: 0x4441_5441,
  zoned: 0x007a_6264,
  zoneTable: 0x7a6d_7462, // "zmtb"
} as const;

export interface HeaderExtension {
  readonly magic: number;
  readonly data: Buffer;
  /** Where the data stands in the file. */
  readonly position?: number;
}

/** Domain form of the header. Offsets, lengths and sizes are bytes. */
export interface Qcow2Header {
  readonly version: 2 | 3;
  readonly clusterBits: number;
  /** Virtual size of the disk. */
  readonly size: number;
  readonly cryptMethod: number;
  readonly l1Entries: number;
  readonly l1TableOffset: number;
  readonly refcountTableOffset: number;
  readonly refcountTableClusters: number;
  readonly refcountOrder: number;
  readonly snapshotCount: number;
  readonly snapshotsOffset: number;
  readonly incompatibleFeatures: bigint;
  readonly compatibleFeatures: bigint;
  readonly autoclearFeatures: bigint;
  readonly headerLength: number;
  readonly compressionType: number;
  readonly backingFile: string | undefined;
  /** In file order, the end marker left out; unknown ones are kept byte for byte. */
  readonly extensions: readonly HeaderExtension[];
}

function refuse(field: string, given: number | string, message: string, allowed?: string): never {
  throw new ImageError('invalid_image', message, { field, given, ...(allowed && { allowed }) });
}

/** Decodes the first cluster of an image (or the first 64 KiB of it). Throws `not_qcow2`, `invalid_image`. */
export function decodeHeader(bytes: Buffer): Qcow2Header {
  if (bytes.length < V2_LENGTH || bytes.readUInt32BE(AT.magic) !== QCOW2_MAGIC)
    throw new ImageError('not_qcow2', 'Image is not in qcow2 format', { field: 'magic' });
  const version = bytes.readUInt32BE(AT.version);
  if (version !== 2 && version !== 3)
    refuse('version', version, `Unsupported qcow2 version ${version}`, '2 or 3');
  const clusterBits = bytes.readUInt32BE(AT.clusterBits);
  if (clusterBits < MIN_CLUSTER_BITS || clusterBits > MAX_CLUSTER_BITS)
    refuse(
      'cluster_bits',
      clusterBits,
      `Unsupported cluster size: 2^${clusterBits}`,
      `${MIN_CLUSTER_BITS} to ${MAX_CLUSTER_BITS}`,
    );
  if (version === 3 && bytes.length < V3_MIN_LENGTH)
    refuse(
      'file length',
      bytes.length,
      'qcow2 header too short',
      `at least ${V3_MIN_LENGTH} bytes`,
    );
  const headerLength = version === 2 ? V2_LENGTH : bytes.readUInt32BE(AT.headerLength);
  if (version === 3 && headerLength < V3_MIN_LENGTH)
    refuse('header_length', headerLength, 'qcow2 header too short', `at least ${V3_MIN_LENGTH}`);
  const clusterSize = 2 ** clusterBits;
  if (headerLength > Math.min(clusterSize, bytes.length))
    refuse('header_length', headerLength, 'qcow2 header exceeds cluster size');
  const v3 = version === 3;
  const header: Qcow2Header = {
    version,
    clusterBits,
    size: readU64(bytes, AT.size, 'size'),
    cryptMethod: bytes.readUInt32BE(AT.cryptMethod),
    l1Entries: bytes.readUInt32BE(AT.l1Size),
    l1TableOffset: readU64(bytes, AT.l1TableOffset, 'l1_table_offset'),
    refcountTableOffset: readU64(bytes, AT.refcountTableOffset, 'refcount_table_offset'),
    refcountTableClusters: bytes.readUInt32BE(AT.refcountTableClusters),
    refcountOrder: v3 ? bytes.readUInt32BE(AT.refcountOrder) : 4,
    snapshotCount: bytes.readUInt32BE(AT.snapshotCount),
    snapshotsOffset: readU64(bytes, AT.snapshotsOffset, 'snapshots_offset'),
    incompatibleFeatures: v3 ? bytes.readBigUInt64BE(AT.incompatibleFeatures) : 0n,
    compatibleFeatures: v3 ? bytes.readBigUInt64BE(AT.compatibleFeatures) : 0n,
    autoclearFeatures: v3 ? bytes.readBigUInt64BE(AT.autoclearFeatures) : 0n,
    headerLength,
    compressionType: headerLength > AT.compressionType ? bytes.readUInt8(AT.compressionType) : 0,
    backingFile: decodeBackingFile(bytes, clusterSize),
    extensions: decodeExtensions(
      bytes.subarray(0, Math.min(clusterSize, bytes.length)),
      headerLength,
    ),
  };
  validateTables(header);
  return header;
}

function validateTables(header: Qcow2Header): void {
  const clusterSize = 2 ** header.clusterBits;
  const { l1Entries, l1TableOffset, refcountOrder, refcountTableClusters } = header;
  if (refcountOrder > MAX_REFCOUNT_ORDER)
    refuse(
      'refcount_order',
      refcountOrder,
      'Reference count entry width too large; may not exceed 64 bits',
    );
  if (refcountTableClusters === 0)
    refuse('refcount_table_clusters', 0, 'Image does not contain a reference count table');
  if (refcountTableClusters * clusterSize > MAX_REFCOUNT_TABLE_BYTES)
    refuse('refcount_table_clusters', refcountTableClusters, 'Reference count table too large');
  if (header.refcountTableOffset === 0 || header.refcountTableOffset % clusterSize !== 0)
    refuse('refcount_table_offset', header.refcountTableOffset, 'Refcount table offset invalid');
  if (l1Entries * ENTRY_BYTES > MAX_L1_BYTES)
    refuse('l1_size', l1Entries, 'Active L1 table too large');
  if (l1Entries > 0 && (l1TableOffset === 0 || l1TableOffset % clusterSize !== 0))
    refuse('l1_table_offset', l1TableOffset, 'Active L1 table offset invalid');
  const bytesPerL1Entry = clusterSize * (clusterSize / ENTRY_BYTES);
  if (l1Entries < Math.ceil(header.size / bytesPerL1Entry))
    refuse('l1_size', l1Entries, 'L1 table is too small');
  if (header.snapshotCount > MAX_SNAPSHOTS)
    refuse(
      'nb_snapshots',
      header.snapshotCount,
      'Snapshot table too large',
      `at most ${MAX_SNAPSHOTS}`,
    );
}

function decodeBackingFile(bytes: Buffer, clusterSize: number): string | undefined {
  const offset = readU64(bytes, AT.backingFileOffset, 'backing_file_offset');
  if (offset === 0) return undefined;
  const length = bytes.readUInt32BE(AT.backingFileSize);
  if (length > MAX_BACKING_NAME_BYTES || offset + length > Math.min(clusterSize, bytes.length))
    refuse('backing_file_size', length, 'Backing file name too long');
  return bytes.toString('utf8', offset, offset + length);
}

function decodeExtensions(bytes: Buffer, headerLength: number): HeaderExtension[] {
  const nameOffset = readU64(bytes, AT.backingFileOffset, 'backing_file_offset');
  const end = nameOffset > 0 ? Math.min(nameOffset, bytes.length) : bytes.length;
  const extensions: HeaderExtension[] = [];
  let at = headerLength;
  while (at + 8 <= end) {
    const magic = bytes.readUInt32BE(at);
    const length = bytes.readUInt32BE(at + 4);
    if (magic === EXTENSION.end) break;
    if (length > end - at - 8) refuse('header extension', length, 'Header extension too large');
    if (extensions.length === MAX_HEADER_EXTENSIONS)
      refuse('header extensions', extensions.length + 1, 'Too many header extensions');
    const data = Buffer.from(bytes.subarray(at + 8, at + 8 + length));
    extensions.push({ magic, data, position: at + 8 });
    at += 8 + roundUp(length, 8);
  }
  return extensions;
}

/** Encodes a version 3 header with its extensions and backing file name. The result fits the first cluster. */
export function encodeHeader(header: Qcow2Header): Buffer {
  const name = Buffer.from(header.backingFile ?? '', 'utf8');
  const extensionBytes = header.extensions.reduce(
    (sum, e) => sum + 8 + roundUp(e.data.length, 8),
    8,
  );
  const length = HEADER_LENGTH + extensionBytes + name.length;
  const clusterSize = 2 ** header.clusterBits;
  if (length > clusterSize)
    refuse('header', length, `Header of ${length} bytes does not fit a cluster of ${clusterSize}`);
  const bytes = Buffer.alloc(length);
  bytes.writeUInt32BE(QCOW2_MAGIC, AT.magic);
  bytes.writeUInt32BE(3, AT.version);
  if (name.length > 0) {
    writeU64(bytes, length - name.length, AT.backingFileOffset);
    bytes.writeUInt32BE(name.length, AT.backingFileSize);
    name.copy(bytes, length - name.length);
  }
  bytes.writeUInt32BE(header.clusterBits, AT.clusterBits);
  writePointers(bytes, header);
  bytes.writeBigUInt64BE(header.incompatibleFeatures, AT.incompatibleFeatures);
  bytes.writeBigUInt64BE(header.compatibleFeatures, AT.compatibleFeatures);
  bytes.writeBigUInt64BE(header.autoclearFeatures, AT.autoclearFeatures);
  bytes.writeUInt32BE(header.refcountOrder, AT.refcountOrder);
  bytes.writeUInt32BE(HEADER_LENGTH, AT.headerLength);
  bytes.writeUInt8(header.compressionType, AT.compressionType);
  let at: number = HEADER_LENGTH;
  for (const { magic, data } of header.extensions) {
    bytes.writeUInt32BE(magic, at);
    bytes.writeUInt32BE(data.length, at + 4);
    data.copy(bytes, at + 8);
    at += 8 + roundUp(data.length, 8);
  }
  return bytes;
}

export function findExtension(header: Qcow2Header, magic: number): Buffer | undefined {
  return header.extensions.find((extension) => extension.magic === magic)?.data;
}

/** The part of the header that says where everything is: bytes 24 to 71, inside one sector. */
export const POINTERS_AT = AT.size;

/** Encodes those bytes; one write of them switches an image from one set of tables to another. */
export function encodePointers(header: Qcow2Header): Buffer {
  const bytes = Buffer.alloc(V2_LENGTH);
  writePointers(bytes, header);
  return bytes.subarray(POINTERS_AT);
}

function writePointers(bytes: Buffer, header: Qcow2Header): void {
  writeU64(bytes, header.size, AT.size);
  bytes.writeUInt32BE(header.cryptMethod, AT.cryptMethod);
  bytes.writeUInt32BE(header.l1Entries, AT.l1Size);
  writeU64(bytes, header.l1TableOffset, AT.l1TableOffset);
  writeU64(bytes, header.refcountTableOffset, AT.refcountTableOffset);
  bytes.writeUInt32BE(header.refcountTableClusters, AT.refcountTableClusters);
  bytes.writeUInt32BE(header.snapshotCount, AT.snapshotCount);
  writeU64(bytes, header.snapshotsOffset, AT.snapshotsOffset);
}

/**
 * Writes that give an image on disk other autoclear bits and other data for extension `magic`, of the length that
 * it has. The rest of the header stays as it is, to the byte.
 */
export function headerPatches(
  header: Qcow2Header,
  autoclearFeatures: bigint,
  magic: number,
  data: Buffer,
): { bytes: Buffer; position: number }[] {
  const autoclear = Buffer.alloc(8);
  autoclear.writeBigUInt64BE(autoclearFeatures);
  const patches: { bytes: Buffer; position: number }[] = [
    { bytes: autoclear, position: AT.autoclearFeatures },
  ];
  for (const extension of header.extensions)
    if (extension.magic === magic && extension.position !== undefined)
      patches.push({ bytes: data, position: extension.position });
  return patches;
}

/** The header as `headerPatches` leaves it. */
export function withPatch(
  header: Qcow2Header,
  autoclearFeatures: bigint,
  magic: number,
  data: Buffer,
): Qcow2Header {
  const extensions = header.extensions.map((extension) =>
    extension.magic === magic ? { ...extension, data } : extension,
  );
  return { ...header, autoclearFeatures, extensions };
}
