/**
 * The table of images made to do harm: what is put where, and what each operation is to say of it. A refusal is one line
 * with the code of an `ImageError`; `found` is a finding of the check, `mended` means that a repair leaves nothing
 * behind, and `works` that there is nothing to refuse.
 */
import { MiB } from '../disk.fixture.ts';
import { sealZoneBlock, zoneBlocks } from './fields.fixture.ts';

const MAX_32 = 0xffff_ffff;
const OFFSET_MASK = 0x00ff_ffff_ffff_fe00n;

/** What one operation is to say: a pattern for the one line of its refusal, or how it ends. */
export type Outcome = RegExp | 'works' | 'found' | 'mended' | 'left';

export interface Attack {
  readonly attack: string;
  /** The image that it is done to: zones of 1 MiB on 8 MiB, or a plain disk. */
  readonly on?: 'zoned' | 'plain';
  readonly make: (image: Buffer) => void;
  readonly info: Outcome;
  readonly open: Outcome;
  /** As `open` where it is not given. */
  readonly write?: Outcome;
  readonly check: Outcome;
  readonly repair: Outcome;
}

const refused = (pattern: RegExp): Pick<Attack, 'info' | 'open' | 'check' | 'repair'> => ({
  info: pattern,
  open: pattern,
  check: pattern,
  repair: pattern,
});

const u32 =
  (at: number, value: number): Attack['make'] =>
  (image) =>
    void image.writeUInt32BE(value, at);
const u64 =
  (at: number, value: bigint): Attack['make'] =>
  (image) =>
    void image.writeBigUInt64BE(value, at);

const tableAt = (image: Buffer, at: number): number =>
  Number(image.readBigUInt64BE(at) & OFFSET_MASK);
const l1At = (image: Buffer): number => tableAt(image, 40);
const l2At = (image: Buffer): number => tableAt(image, l1At(image));
const refcountTableAt = (image: Buffer): number => tableAt(image, 48);

const HEADERS: readonly Attack[] = [
  ['a version 1 image', u32(4, 1), /Unsupported qcow2 version 1/],
  ['a cluster size below the least', u32(20, 8), /Unsupported cluster size: 2\^8/],
  ['a cluster size above the largest', u32(20, 63), /Unsupported cluster size: 2\^63/],
  ['a header shorter than its fields', u32(100, 8), /qcow2 header too short/],
  ['a header longer than a cluster', u32(100, MAX_32), /qcow2 header exceeds cluster size/],
  ['an L1 table that would fill memory', u32(36, MAX_32), /Active L1 table too large/],
  ['an L1 table at no cluster', u64(40, 3n * 65_536n + 8n), /Active L1 table offset invalid/],
  ['an L1 table at the header', u64(40, 0n), /Active L1 table offset invalid/],
  ['an L1 table that does not reach the end of the disk', u32(36, 0), /L1 table is too small/],
  ['a disk larger than any table maps', u64(24, 1n << 61n), /2\^53|too big|too small/],
  [
    'a disk of the largest size that fits a number',
    u64(24, (1n << 53n) - 512n),
    /Image is too big/,
  ],
  ['no refcount table', u32(56, 0), /Image does not contain a reference count table/],
  ['a refcount table that would fill memory', u32(56, MAX_32), /Reference count table too large/],
  ['a refcount table at no cluster', u64(48, 65_537n), /Reference count table offset invalid/],
  ['refcounts wider than 64 bits', u32(96, 7), /may not exceed 64 bits/],
  ['more snapshots than there may be', u32(60, 65_537), /Snapshot table too large/],
  [
    'a backing file name longer than there may be',
    (image: Buffer) => {
      u64(8, 512n)(image);
      u32(16, 1024)(image);
    },
    /Backing file name too long/,
  ],
  [
    'an extension that ends past the header',
    (image: Buffer) => u32(116, MAX_32)(image),
    /Header extension too large/,
  ],
].map(([attack, make, pattern]) => ({
  attack: attack as string,
  on: 'plain',
  make: make as Attack['make'],
  ...refused(pattern as RegExp),
}));

const TABLES: readonly Attack[] = [
  {
    attack: 'an L2 table at no cluster',
    make: (image: Buffer) => u64(l1At(image), (1n << 63n) | 0x50200n)(image),
    ...{
      info: 'works',
      open: /unaligned|not cluster aligned|cluster/i,
      check: 'found',
      repair: 'mended',
    },
  },
  {
    attack: 'an L2 table past the end of the file',
    make: (image: Buffer) => u64(l1At(image), (1n << 63n) | (1n << 40n))(image),
    ...{
      info: 'works',
      open: /L2 table: host offset is past the end of the file/,
      check: 'found',
      repair: 'mended',
    },
  },
  {
    attack: 'an L1 table that is its own L2 table',
    make: (image: Buffer) => u64(l1At(image), (1n << 63n) | BigInt(l1At(image)))(image),
    ...{ info: 'works', open: 'works', check: 'found', repair: 'mended' },
  },
  {
    attack: 'an entry that says COPIED and names no cluster',
    make: (image: Buffer) => u64(l2At(image) + 16, (1n << 63n) | 0n)(image),
    ...{ info: 'works', open: 'works', check: 'found', repair: 'mended' },
  },
  {
    attack: 'a data cluster at no cluster',
    make: (image: Buffer) => u64(l2At(image), (1n << 63n) | 0x50200n)(image),
    ...{
      info: 'works',
      open: /unaligned|not cluster aligned|cluster/i,
      check: 'found',
      repair: 'mended',
    },
  },
  {
    attack: 'a data cluster in the refcount table',
    make: (image: Buffer) => u64(l2At(image), (1n << 63n) | BigInt(refcountTableAt(image)))(image),
    ...{ info: 'works', open: 'works', check: 'found', repair: 'mended' },
  },
  {
    attack: 'a compressed cluster past the end of the file',
    make: (image: Buffer) => u64(l2At(image), (1n << 62n) | (1n << 50n))(image),
    ...{ info: 'works', open: /./, check: 'found', repair: 'mended' },
  },
  {
    attack: 'a refcount block at offset 0, so that a new cluster would be the header',
    make: (image: Buffer) => u64(refcountTableAt(image), 0n)(image),
    ...{ info: 'works', open: 'works', check: 'found', repair: 'mended' },
  },
  {
    attack: 'a refcount block that is the refcount table',
    make: (image: Buffer) => u64(refcountTableAt(image), BigInt(refcountTableAt(image)))(image),
    ...{ info: 'works', open: 'works', check: 'found', repair: 'mended' },
  },
  {
    attack: 'a refcount block at no cluster',
    make: (image: Buffer) => u64(refcountTableAt(image), 0x20200n)(image),
    ...{
      info: 'works',
      open: /refcount table entry 0: 131584 is not cluster aligned/,
      check: 'found',
      repair: 'mended',
    },
  },
  {
    attack: 'snapshots past the end of the file',
    make: (image: Buffer) => {
      u32(60, 3)(image);
      u64(64, 1n << 40n)(image);
    },
    ...{ info: 'works', open: 'works', check: 'found', repair: 'mended' },
  },
  {
    attack: '65,536 snapshots in the refcount table',
    make: (image: Buffer) => {
      u32(60, 65_536)(image);
      u64(64, BigInt(refcountTableAt(image)))(image);
    },
    ...{ info: /Too much extra metadata/, open: 'works', check: 'found', repair: 'mended' },
  },
].map((row) => ({ on: 'plain', ...row }) as Attack);

/** Where an extension's data stands in a header of ours. */
function extensionAt(image: Buffer, magic: number): number {
  for (let at = image.readUInt32BE(100); image.readUInt32BE(at) !== 0; ) {
    if (image.readUInt32BE(at) === magic) return at + 8;
    at += 8 + Math.ceil(image.readUInt32BE(at + 4) / 8) * 8;
  }
  throw new Error('no such extension');
}

const zoned =
  (at: number, value: number, width: 1 | 2 | 4 = 4): Attack['make'] =>
  (image) =>
    void image.writeUIntBE(value, extensionAt(image, 0x007a_6264) + at, width);

const zoneTable =
  (at: number, value: bigint, width: 4 | 8): Attack['make'] =>
  (image) => {
    const offset = extensionAt(image, 0x7a6d_7462) + at;
    if (width === 8) image.writeBigUInt64BE(value, offset);
    else image.writeUInt32BE(Number(value), offset);
  };

/** Puts a word into the entry of zone 1, under a checksum that holds. */
const zoneEntry =
  (word: 0 | 1, value: bigint): Attack['make'] =>
  (image) => {
    const block = zoneBlocks(image)[1] as number;
    image.writeBigUInt64BE(value, block + 8 + 16 + 8 * word);
    sealZoneBlock(image, block);
  };

/** The extension says nonsense: nothing but a person can say what was meant. */
const extensionAttack = ([attack, make, pattern]: readonly [
  string,
  Attack['make'],
  RegExp,
]): Attack => ({
  ...{ attack, make, info: pattern, open: pattern, check: 'found', repair: 'left' },
});

const ZONE_EXTENSIONS: readonly Attack[] = (
  [
    ['profile 0', zoned(0, 0, 1), /zoned_profile: 0, allowed is 1 \(zbc\) or 2 \(zns\)/],
    ['an unknown profile', zoned(0, 3, 1), /zoned_profile: 3/],
    ['a model of 0', zoned(1, 0, 1), /zoned: 0, allowed is 1/],
    ['the host-aware model', zoned(1, 2, 1), /zoned: 2, allowed is 1/],
    ['reserved bits', zoned(2, 1, 2), /reserved: 1, allowed is 0/],
    ['zones of no size', zoned(4, 0), /zone_size: 0/],
    ['zones of the largest size', zoned(4, MAX_32), /zone_size: 4294967295/],
    ['zones that share clusters', zoned(4, MiB + 512), /zone_size: 1049088/],
    ['a capacity larger than the zone', zoned(8, MiB + 512), /zoneCapacity/],
    ['a capacity of the largest number', zoned(8, MAX_32), /zoneCapacity/],
    ['a capacity below the zone size under zbc', zoned(8, MiB - 512), /zoneCapacity/],
    ['more conventional zones than zones', zoned(16, 9), /conventionalZones/],
    ['conventional zones of the largest number', zoned(16, MAX_32), /conventionalZones/],
    [
      'limits that are the wrong way round',
      (image: Buffer) => {
        zoned(20, 2)(image);
        zoned(24, 3)(image);
      },
      /maxOpenZones/,
    ],
    [
      'a zone table extension of another version',
      zoneTable(0, 0x0002_0010n, 4),
      /zone table version: 2/,
    ],
    ['zone table entries of another size', zoneTable(0, 0x0001_0011n, 4), /entry size: 17/],
    ['a logical block size of 0', zoneTable(24, 0n, 4), /logicalBlockSize/],
    [
      'a logical block size of the largest number',
      zoneTable(24, 0xffff_ffffn, 4),
      /logicalBlockSize/,
    ],
  ] as const
).map(extensionAttack);

const ZONE_TABLES: readonly Attack[] = [
  ...[1, 7, 9, MAX_32].map(
    (count): Attack => ({
      attack: `${count} zones where the disk has 8`,
      make: zoned(12, count),
      ...{
        info: new RegExp(`nr_zones: ${count}, allowed is 8`),
        open: /nr_zones/,
        check: 'found',
        repair: 'mended',
      },
    }),
  ),
  ...(
    [
      ['inside the disk', 0n],
      ['at no cluster', 513n],
      ['past the L1 table', 1n << 52n],
      ['one cluster further', 0n],
    ] as const
  ).map(
    ([attack, offset], index): Attack => ({
      attack: `a zone table ${attack}`,
      make: (image: Buffer) => {
        const at = extensionAt(image, 0x7a6d_7462) + 8;
        zoneTable(8, index === 3 ? image.readBigUInt64BE(at) + 65_536n : offset, 8)(image);
      },
      ...{ info: 'works', open: /zone table offset/, check: 'found', repair: 'mended' },
    }),
  ),
  {
    attack: 'a zone table of no length',
    make: zoneTable(16, 0n, 8),
    ...{ info: 'works', open: /zone table length/, check: 'found', repair: 'mended' },
  },
  {
    attack: 'a zone table block with another checksum',
    make: (image: Buffer) => void image.writeUInt32BE(1, zoneBlocks(image)[1] as number),
    ...{
      info: 'works',
      open: 'works',
      write: /block 1: the checksum does not hold/,
      check: 'found',
      repair: 'mended',
    },
  },
  ...(
    [
      ['an unknown condition', 0x5000_0000_0010_0000n, /unknown zone condition 5/],
      ['a write pointer below its zone', 0x4000_0000_0000_0000n, /write pointer 0 outside/],
      ['a write pointer past its zone', 0x4000_0000_0030_0000n, /write pointer 3145728 outside/],
      ['a write pointer of the largest number', 0x47ff_ffff_ffff_ffffn, /outside/],
      [
        'a write pointer inside a block',
        0x4000_0000_0010_0001n,
        /write pointer 1048577 inside a block of 512/,
      ],
      ['an empty zone that is written', 0x1000_0000_0014_0000n, /empty zone/],
      ['a conventional flag on a sequential zone', 0x4800_0000_0014_0000n, /conventional flag/],
      ['a sequential zone without a write pointer', 0x0000_0000_0010_0000n, /not-wp/],
    ] as const
  ).map(
    ([attack, word, pattern]): Attack => ({
      attack,
      make: zoneEntry(0, word),
      ...{ info: 'works', open: 'works', write: pattern, check: 'found', repair: 'mended' },
    }),
  ),
  {
    attack: 'a write pointer past everything that is stored, vouched for',
    make: zoneEntry(0, 0x4000_0000_001c_0000n),
    ...{ info: 'works', open: 'works', check: 'works', repair: 'mended' },
  },
].map((row) => row as Attack);

export const ATTACKS: readonly Attack[] = [
  ...HEADERS,
  ...TABLES,
  ...ZONE_EXTENSIONS,
  ...ZONE_TABLES,
];
