import { describe, expect, it } from '@jest/globals';
import { encodeFeatureNames, refuseUnsupportedFeatures } from './features.ts';
import {
  decodeHeader,
  EXTENSION,
  encodeHeader,
  HEADER_LENGTH,
  type Qcow2Header,
} from './header.ts';

const HEADER: Qcow2Header = {
  version: 3,
  clusterBits: 16,
  size: 2 ** 30,
  cryptMethod: 0,
  l1Entries: 2,
  l1TableOffset: 0x30000,
  refcountTableOffset: 0x10000,
  refcountTableClusters: 1,
  refcountOrder: 4,
  snapshotCount: 0,
  snapshotsOffset: 0,
  incompatibleFeatures: 0n,
  compatibleFeatures: 1n,
  autoclearFeatures: 1n << 62n,
  headerLength: HEADER_LENGTH,
  compressionType: 0,
  extraFields: Buffer.alloc(7),
  backingFile: undefined,
  extensions: [],
};

it('reads back what it writes, unknown extensions and the backing file name included', () => {
  const extensions = [
    { magic: 0x1234_5678, data: Buffer.from('odd length!') },
    { magic: EXTENSION.featureNames, data: encodeFeatureNames(true) },
  ];
  const bytes = encodeHeader({ ...HEADER, extensions, backingFile: 'base.qcow2' });
  const decoded = decodeHeader(bytes);
  expect({ ...decoded, extensions: [] }).toEqual({ ...HEADER, backingFile: 'base.qcow2' });
  expect(decoded.extensions.map(({ magic, data }) => ({ magic, data }))).toEqual(extensions);
});

describe('refuses, naming the field,', () => {
  const spoilt = (spoil: (bytes: Buffer) => void): Buffer => {
    const bytes = Buffer.alloc(65_536);
    encodeHeader(HEADER).copy(bytes);
    spoil(bytes);
    return bytes;
  };
  it.each<[string, (bytes: Buffer) => void, string, string]>([
    ['version 1', (b) => b.writeUInt32BE(1, 4), 'version', 'Unsupported qcow2 version 1'],
    [
      'clusters of 256 bytes',
      (b) => b.writeUInt32BE(8, 20),
      'cluster_bits',
      'Unsupported cluster size: 2^8',
    ],
    [
      'clusters of 4 MiB',
      (b) => b.writeUInt32BE(22, 20),
      'cluster_bits',
      'Unsupported cluster size: 2^22',
    ],
    ['a short header', (b) => b.writeUInt32BE(100, 100), 'header_length', 'qcow2 header too short'],
    [
      'a header past its cluster',
      (b) => b.writeUInt32BE(65_544, 100),
      'header_length',
      'exceeds cluster size',
    ],
    ['a size past 2^53', (b) => b.writeUInt32BE(0x0020_0000, 24), 'size', '0x20000040000000'],
    [
      'a huge L1 table',
      (b) => b.writeUInt32BE(0xffff_ffff, 36),
      'l1_size',
      'Active L1 table too large',
    ],
    [
      'an L1 table below the size',
      (b) => b.writeUInt32BE(1, 36),
      'l1_size',
      'L1 table is too small',
    ],
    [
      'an unaligned L1 table',
      (b) => b.writeUInt32BE(512, 44),
      'l1_table_offset',
      'Active L1 table offset invalid',
    ],
    [
      'no refcount table',
      (b) => b.writeUInt32BE(0, 56),
      'refcount_table_clusters',
      'does not contain a reference count table',
    ],
    [
      'a huge refcount table',
      (b) => b.writeUInt32BE(0x1000, 56),
      'refcount_table_clusters',
      'Reference count table too large',
    ],
    [
      'refcounts of 128 bits',
      (b) => b.writeUInt32BE(7, 96),
      'refcount_order',
      'may not exceed 64 bits',
    ],
    [
      'too many snapshots',
      (b) => b.writeUInt32BE(65_537, 60),
      'nb_snapshots',
      'Snapshot table too large',
    ],
    [
      'a compression type without its feature bit',
      (b) => b.writeUInt8(1, 104),
      'compression_type',
      'its feature bit is not set',
    ],
    [
      'the compression feature bit with zlib',
      (b) => b.writeUInt8(8, 79),
      'compression_type',
      'but the compression type is zlib',
    ],
    [
      'an unknown compression type',
      (b) => b.writeUInt8(2, b.writeUInt8(8, 79) + 24),
      'compression_type',
      'Unknown compression type 2',
    ],
    [
      'extended L2 entries in clusters of 8 KiB',
      (b) => b.writeUInt32BE(13, b.writeUInt8(16, 79) - 60),
      'cluster_bits',
      'too small for extended L2 entries',
    ],
    [
      'raw external data without a data file',
      (b) => b.writeUInt8(2, 95),
      'autoclear_features',
      'the image has no external data file',
    ],
    [
      'a disk that no L1 table maps',
      (b) => b.writeUInt32BE(0x0010_0000, 24),
      'size',
      'Image is too big',
    ],
    [
      'an unaligned snapshot table',
      (b) => b.writeUInt32BE(1, b.writeUInt32BE(1, 60) + 4),
      'snapshots_offset',
      'Snapshot table offset invalid',
    ],
    [
      'a backing file name outside the cluster',
      (b) => b.writeUInt32BE(65_537, 12),
      'backing_file_offset',
      'Invalid backing file offset',
    ],
    [
      'a backing file name of 1024 bytes',
      (b) => b.writeUInt32BE(1024, b.writeUInt32BE(600, 12)),
      'backing_file_size',
      'Backing file name too long',
    ],
    [
      'an endless extension',
      (b) => b.writeUInt32BE(0xffff_fff0, b.writeUInt32BE(1, 112)),
      'header extension',
      'Header extension too large',
    ],
  ])('%s', (_name, spoil, field, message) => {
    const decode = (): unknown => decodeHeader(spoilt(spoil));
    expect(decode).toThrow(message);
    expect(decode).toThrow(
      expect.objectContaining({ context: expect.objectContaining({ field }) }),
    );
  });

  it.each([73, 100, 103])('a file that ends after %i bytes', (length) => {
    expect(() => decodeHeader(encodeHeader(HEADER).subarray(0, length))).toThrow(
      'qcow2 header too short',
    );
  });

  it('what is no qcow2 image', () => {
    expect(() => decodeHeader(Buffer.from('conectix'.repeat(20)))).toThrow(
      expect.objectContaining({ code: 'not_qcow2' }),
    );
  });

  it('an unknown incompatible feature, by the name that the image gives it', () => {
    const names = Buffer.alloc(48);
    names.writeUInt8(40, 1);
    names.write('time travel', 2);
    const header = {
      ...HEADER,
      incompatibleFeatures: (1n << 40n) | (1n << 41n),
      extensions: [{ magic: EXTENSION.featureNames, data: names }],
    };
    expect(() => refuseUnsupportedFeatures(header, 0n)).toThrow(
      'time travel, unknown incompatible feature bit 41',
    );
  });
});
