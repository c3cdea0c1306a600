/**
 * The qcow2 header (qcow2 specification, "Header") and its extensions. All fields big-endian.
 * `decodeHeader` validates what the header alone can tell, before anything is allocated by its numbers.
 */
import { ImageError } from '../errors.ts';
import type { BlockFile } from '../file.ts';
import {
  MAX_BACKING_NAME_BYTES,
  MAX_CLUSTER_BITS,
  MAX_HEADER_EXTENSIONS,
  MAX_L1_BYTES,
  MAX_REFCOUNT_ORDER,
  MAX_REFCOUNT_TABLE_BYTES,
  MAX_SNAPSHOTS,
  MIN_CLUSTER_BITS,
  MIN_EXTENDED_L2_CLUSTER_BITS,
} from '../limits.ts';
import { readU64, roundUp, writeU64 } from './bytes.ts';
import { ENTRY_BYTES, EXTENDED_ENTRY_BYTES } from './entries.ts';
import { AUTOCLEAR, INCOMPATIBLE } from './feature-bits.ts';

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
  extraFields: 105, // the padding, and whatever later versions of the format define
} as const;

/** A first read, enough for most headers. */
const HEADER_READ_BYTES = 65_536;
const V2_LENGTH = 72;
const V3_MIN_LENGTH = 104;
/** What we write at least: the compression type byte and its padding included. */
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
  /** What follows the compression type up to `headerLength`: kept as found. */
  readonly extraFields: Buffer;
  readonly backingFile: string | undefined;
  /** In file order, the end marker left out; unknown ones are kept byte for byte. */
  readonly extensions: readonly HeaderExtension[];
}

function refuse(field: string, given: number | string, message: string, allowed?: string): never {
  throw new ImageError('invalid_image', message, { field, given, ...(allowed && { allowed }) });
}

/** Reads and decodes the header of an image. Throws `not_qcow2`, `invalid_image`, `io_error`. */
export function readHeader(file: BlockFile): Qcow2Header {
  const start = Buffer.alloc(Math.min(HEADER_READ_BYTES, file.length));
  file.read(start, 0);
  const clusterSize = start.length < V2_LENGTH ? 0 : 2 ** start.readUInt32BE(AT.clusterBits);
  if (clusterSize <= start.length || clusterSize > 2 ** MAX_CLUSTER_BITS)
    return decodeHeader(start);
  const cluster = Buffer.alloc(Math.min(clusterSize, file.length));
  file.read(cluster, 0);
  return decodeHeader(cluster);
}

/** Decodes the first cluster of an image (or the file where it is shorter). Throws `not_qcow2`, `invalid_image`. */
export function decodeHeader(bytes: Buffer): Qcow2Header {
  const { version, clusterBits, headerLength } = decodeFrame(bytes);
  const v3 = version === 3;
  const cluster = bytes.subarray(0, Math.min(2 ** clusterBits, bytes.length));
  const hasExtra = headerLength > AT.extraFields;
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
    extraFields: Buffer.from(hasExtra ? bytes.subarray(AT.extraFields, headerLength) : []),
    backingFile: decodeBackingFile(cluster, 2 ** clusterBits),
    extensions: decodeExtensions(cluster, headerLength),
  };
  validateFeatures(header);
  validateTables(header);
  return header;
}

/** What says where the other fields are and how far they may reach. */
function decodeFrame(bytes: Buffer): Pick<Qcow2Header, 'version' | 'clusterBits' | 'headerLength'> {
  if (bytes.length < 8 || bytes.readUInt32BE(AT.magic) !== QCOW2_MAGIC)
    throw new ImageError('not_qcow2', 'Image is not in qcow2 format', { field: 'magic' });
  const version = bytes.readUInt32BE(AT.version);
  if (version !== 2 && version !== 3)
    refuse('version', version, `Unsupported qcow2 version ${version}`, '2 or 3');
  const least = version === 2 ? V2_LENGTH : V3_MIN_LENGTH;
  if (bytes.length < least)
    refuse('file length', bytes.length, 'qcow2 header too short', `at least ${least} bytes`);
  const clusterBits = bytes.readUInt32BE(AT.clusterBits);
  if (clusterBits < MIN_CLUSTER_BITS || clusterBits > MAX_CLUSTER_BITS)
    refuse(
      'cluster_bits',
      clusterBits,
      `Unsupported cluster size: 2^${clusterBits}`,
      `${MIN_CLUSTER_BITS} to ${MAX_CLUSTER_BITS}`,
    );
  const headerLength = version === 2 ? V2_LENGTH : bytes.readUInt32BE(AT.headerLength);
  if (headerLength < least)
    refuse('header_length', headerLength, 'qcow2 header too short', `at least ${least}`);
  if (headerLength > Math.min(2 ** clusterBits, bytes.length))
    refuse('header_length', headerLength, 'qcow2 header exceeds cluster size');
  return { version, clusterBits, headerLength };
}

/** Bits that contradict another field. Bits that we do not know are refused by those who open for data. */
function validateFeatures(header: Qcow2Header): void {
  const has = (bit: bigint): boolean => (header.incompatibleFeatures & bit) !== 0n;
  const { compressionType, clusterBits } = header;
  if (has(INCOMPATIBLE.compressionType) !== (compressionType !== 0))
    refuse(
      'compression_type',
      compressionType,
      has(INCOMPATIBLE.compressionType)
        ? 'The compression type feature bit is set, but the compression type is zlib'
        : 'The compression type is not zlib, but its feature bit is not set',
      '0 without the feature bit, 1 with it',
    );
  if (compressionType > 1)
    refuse(
      'compression_type',
      compressionType,
      `Unknown compression type ${compressionType}`,
      '0 (zlib) or 1 (zstd)',
    );
  if (has(INCOMPATIBLE.extendedL2) && clusterBits < MIN_EXTENDED_L2_CLUSTER_BITS)
    refuse(
      'cluster_bits',
      clusterBits,
      `Unsupported cluster size: 2^${clusterBits} is too small for extended L2 entries`,
      `at least ${MIN_EXTENDED_L2_CLUSTER_BITS}`,
    );
  if ((header.autoclearFeatures & AUTOCLEAR.rawDataFile) !== 0n && !has(INCOMPATIBLE.dataFile))
    refuse(
      'autoclear_features',
      'raw external data',
      'The raw external data bit is set, but the image has no external data file',
    );
}

/** Bytes of one L2 entry: 16 with extended L2 entries, 8 without. */
export function l2EntryBytes(header: Pick<Qcow2Header, 'incompatibleFeatures'>): 8 | 16 {
  return (header.incompatibleFeatures & INCOMPATIBLE.extendedL2) !== 0n
    ? EXTENDED_ENTRY_BYTES
    : ENTRY_BYTES;
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
    refuse(
      'refcount_table_offset',
      header.refcountTableOffset,
      'Reference count table offset invalid',
    );
  if (l1Entries * ENTRY_BYTES > MAX_L1_BYTES)
    refuse('l1_size', l1Entries, 'Active L1 table too large');
  if (l1Entries > 0 && (l1TableOffset === 0 || l1TableOffset % clusterSize !== 0))
    refuse('l1_table_offset', l1TableOffset, 'Active L1 table offset invalid');
  const needed = Math.ceil(header.size / (clusterSize * (clusterSize / l2EntryBytes(header))));
  if (needed * ENTRY_BYTES > MAX_L1_BYTES) refuse('size', header.size, 'Image is too big');
  if (l1Entries < needed) refuse('l1_size', l1Entries, 'L1 table is too small');
  if (header.snapshotCount > MAX_SNAPSHOTS)
    refuse(
      'nb_snapshots',
      header.snapshotCount,
      'Snapshot table too large',
      `at most ${MAX_SNAPSHOTS}`,
    );
  if (header.snapshotCount > 0 && header.snapshotsOffset % clusterSize !== 0)
    refuse('snapshots_offset', header.snapshotsOffset, 'Snapshot table offset invalid');
}

function decodeBackingFile(bytes: Buffer, clusterSize: number): string | undefined {
  const offset = readU64(bytes, AT.backingFileOffset, 'backing_file_offset');
  if (offset === 0) return undefined;
  if (offset > clusterSize) refuse('backing_file_offset', offset, 'Invalid backing file offset');
  const length = bytes.readUInt32BE(AT.backingFileSize);
  if (length > Math.min(MAX_BACKING_NAME_BYTES, bytes.length - offset))
    refuse('backing_file_size', length, 'Backing file name too long');
  return length === 0 ? undefined : bytes.toString('utf8', offset, offset + length);
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

/**
 * Encodes a header with its extensions, their end marker, and the backing file name. `nameOffset` moves the name
 * from its place behind the end marker; `name` gives its bytes, where they are not UTF-8. The result fits the first
 * cluster, or `invalid_option` is thrown.
 */
export function encodeHeader(
  header: Qcow2Header,
  { nameOffset, name = Buffer.from(header.backingFile ?? '') }: EncodeOptions = {},
): Buffer {
  const fields = encodeFields(header);
  const extensions = encodeExtensions(header.extensions);
  const nameAt = nameOffset ?? fields.length + extensions.length;
  const length = name.length > 0 ? nameAt + name.length : fields.length + extensions.length;
  const clusterSize = 2 ** header.clusterBits;
  if (length > clusterSize)
    throw new ImageError(
      'invalid_option',
      `The header of ${length} bytes (with its extensions and backing file name) does not fit a cluster of ${clusterSize}`,
      { field: 'header', given: length, allowed: `at most ${clusterSize}` },
    );
  const bytes = Buffer.alloc(length);
  fields.copy(bytes);
  extensions.copy(bytes, fields.length);
  if (name.length > 0) {
    writeU64(bytes, nameAt, AT.backingFileOffset);
    bytes.writeUInt32BE(name.length, AT.backingFileSize);
    name.copy(bytes, nameAt);
  }
  return bytes;
}

interface EncodeOptions {
  readonly nameOffset?: number;
  readonly name?: Buffer;
}

/** Everything before the extensions, the place of the backing file name left 0. */
function encodeFields(header: Qcow2Header): Buffer {
  const v3 = header.version === 3;
  const extra = header.extraFields;
  const length = v3 ? Math.max(HEADER_LENGTH, AT.extraFields + extra.length) : V2_LENGTH;
  const bytes = Buffer.alloc(length);
  bytes.writeUInt32BE(QCOW2_MAGIC, AT.magic);
  bytes.writeUInt32BE(header.version, AT.version);
  bytes.writeUInt32BE(header.clusterBits, AT.clusterBits);
  writePointers(bytes, header);
  if (!v3) return bytes;
  bytes.writeBigUInt64BE(header.incompatibleFeatures, AT.incompatibleFeatures);
  bytes.writeBigUInt64BE(header.compatibleFeatures, AT.compatibleFeatures);
  bytes.writeBigUInt64BE(header.autoclearFeatures, AT.autoclearFeatures);
  bytes.writeUInt32BE(header.refcountOrder, AT.refcountOrder);
  bytes.writeUInt32BE(length, AT.headerLength);
  bytes.writeUInt8(header.compressionType, AT.compressionType);
  extra.copy(bytes, AT.extraFields);
  return bytes;
}

/** The extensions one after the other, each padded to 8 bytes, and the end marker. */
function encodeExtensions(extensions: readonly HeaderExtension[]): Buffer {
  const pieces = extensions.map(({ magic, data }) => {
    const piece = Buffer.alloc(8 + roundUp(data.length, 8));
    piece.writeUInt32BE(magic, 0);
    piece.writeUInt32BE(data.length, 4);
    data.copy(piece, 8);
    return piece;
  });
  return Buffer.concat([...pieces, Buffer.alloc(8)]);
}

export function findExtension(
  header: Pick<Qcow2Header, 'extensions'>,
  magic: number,
): Buffer | undefined {
  return header.extensions.find((extension) => extension.magic === magic)?.data;
}

/** Format of the backing file as the image names it, if it does. */
export function backingFormatOf(header: Pick<Qcow2Header, 'extensions'>): string | undefined {
  return findExtension(header, EXTENSION.backingFormat)?.toString('utf8');
}

/** Name of the external data file, if the image has one and names it. */
export function dataFileOf(
  header: Pick<Qcow2Header, 'extensions' | 'incompatibleFeatures'>,
): string | undefined {
  if ((header.incompatibleFeatures & INCOMPATIBLE.dataFile) === 0n) return undefined;
  return findExtension(header, EXTENSION.dataFile)?.toString('utf8');
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

/** The write that gives an image of version 3 other incompatible bits. */
export function incompatiblePatch(incompatibleFeatures: bigint): {
  bytes: Buffer;
  position: number;
} {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(incompatibleFeatures);
  return { bytes, position: AT.incompatibleFeatures };
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
