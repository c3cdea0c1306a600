/** Images of many kinds made by stock QEMU, the places of their metadata, and random damage to it. */
import fs from 'node:fs';
import { KiB, run } from '../disk.fixture.ts';

const OFFSET_MASK = 0x00ff_ffff_ffff_fe00n;

export interface Place {
  readonly what: string;
  readonly offset: number;
  readonly length: number;
}

/** Options of `qemu-img create`, and what else happens to the image. */
const KINDS: readonly { options: string; snapshot?: true; bitmaps?: true; compressed?: true }[] = [
  { options: 'cluster_size=64k' },
  { options: 'cluster_size=4k' },
  { options: 'cluster_size=512' },
  { options: 'cluster_size=64k,compat=0.10' },
  { options: 'cluster_size=4k,refcount_bits=1' },
  { options: 'cluster_size=4k,refcount_bits=64' },
  { options: 'cluster_size=16k,extended_l2=on', snapshot: true },
  { options: 'cluster_size=4k', snapshot: true },
  { options: 'cluster_size=4k', bitmaps: true },
  { options: 'cluster_size=4k', compressed: true },
];

/** One image of each kind in `folder`, 2 MiB each, used here and there. */
export function stockImages(folder: string): Map<string, Buffer> {
  const images = new Map<string, Buffer>();
  KINDS.forEach(({ options, snapshot, bitmaps, compressed }, index) => {
    const file = `${folder}/kind-${index}.qcow2`;
    if (compressed) {
      fs.writeFileSync(
        `${folder}/raw`,
        Buffer.from(Array.from({ length: 300 * KiB }, (_, i) => (i * i) >> 8)),
      );
      run(
        'qemu-img',
        'convert',
        '-c',
        '-f',
        'raw',
        '-O',
        'qcow2',
        '-o',
        options,
        `${folder}/raw`,
        file,
      );
    } else run('qemu-img', 'create', '-q', '-f', 'qcow2', '-o', options, file, '2M');
    if (bitmaps)
      for (const name of ['a', 'b']) run('qemu-img', 'bitmap', '--add', '-g', '4k', file, name);
    use(file, 1);
    if (snapshot) run('qemu-img', 'snapshot', '-c', 'kept', file);
    if (snapshot) use(file, 2);
    images.set(
      `${options}${snapshot ? ' snapshot' : ''}${bitmaps ? ' bitmaps' : ''}${compressed ? ' compressed' : ''}`,
      fs.readFileSync(file),
    );
  });
  return images;
}

function use(file: string, pattern: number): void {
  const writes = ['0 20k', '64k 130k', '200k 4k'].map((place) => [
    '-c',
    `write -P ${pattern} ${place}`,
  ]);
  run('qemu-io', ...writes.flat(), '-c', 'write -z 128k 64k', '-c', 'write -z 64k 16k', file);
}

/** Where an image keeps metadata behind its header. */
export function metadataPlaces(image: Buffer): Place[] {
  const clusterSize = 2 ** image.readUInt32BE(20);
  const places: Place[] = [];
  const add = (what: string, offset: number, length: number): void => {
    if (offset > 0 && offset + 8 <= image.length)
      places.push({ what, offset, length: Math.min(length, image.length - offset) });
  };
  const l1Tables = [{ offset: Number(image.readBigUInt64BE(40)), entries: image.readUInt32BE(36) }];
  const table = Number(image.readBigUInt64BE(64));
  let at = table;
  for (let i = image.readUInt32BE(60); i > 0; i--) {
    l1Tables.push({
      offset: Number(image.readBigUInt64BE(at)),
      entries: image.readUInt32BE(at + 8),
    });
    const lengths =
      image.readUInt16BE(at + 12) + image.readUInt16BE(at + 14) + image.readUInt32BE(at + 36);
    at += Math.ceil((40 + lengths) / 8) * 8;
  }
  if (at > table) add('snapshot table', table, at - table);
  for (const { offset, entries } of l1Tables) {
    add('L1', offset, entries * 8);
    for (let entry = offset; entry < offset + entries * 8; entry += 8)
      add('L2', Number(image.readBigUInt64BE(entry) & OFFSET_MASK), Math.min(clusterSize, 4 * KiB));
  }
  const refcounts = Number(image.readBigUInt64BE(48));
  add('refcount table', refcounts, 64);
  for (let entry = refcounts; entry < refcounts + 64; entry += 8)
    add('refcount block', Number(image.readBigUInt64BE(entry)), Math.min(clusterSize, 256));
  const bitmaps = image.indexOf(Buffer.from([0x23, 0x85, 0x28, 0x75, 0, 0, 0, 24]));
  if (bitmaps > 0 && bitmaps < clusterSize)
    add(
      'bitmap directory',
      Number(image.readBigUInt64BE(bitmaps + 24)),
      Number(image.readBigUInt64BE(bitmaps + 16)),
    );
  return places;
}

/** Changes one word of a copy of `image`; tells what it did. */
export function damaged(image: Buffer, random: () => number): { bytes: Buffer; what: string } {
  const bytes = Buffer.from(image);
  const clusterSize = 2 ** image.readUInt32BE(20);
  const below = (limit: number): number => Math.floor(random() * limit);
  const places = metadataPlaces(image);
  const { what, offset, length } = places[below(places.length)] as Place;
  let at = 0;
  // words that say something are worth more than empty ones
  for (let attempt = 0; attempt < 20; attempt++) {
    at = Math.min(offset + 8 * below(length / 8), bytes.length - 8);
    if (bytes.readBigUInt64BE(at) !== 0n) break;
  }
  const word = bytes.readBigUInt64BE(at);
  const cluster = BigInt(below(image.length / clusterSize + 3) * clusterSize);
  const changes: (() => bigint)[] = [
    () => BigInt.asUintN(64, word ^ (1n << BigInt(below(64)))),
    () => 0n,
    () => (word & ~OFFSET_MASK) | cluster,
    () => (1n << 63n) | cluster,
    () => BigInt.asUintN(64, word + 512n),
    () => (word & ~0xffffn) | BigInt(below(4)),
    () => (word & ~0xff00n) | BigInt(below(256) << 8),
  ];
  const change = changes[below(changes.length)] as () => bigint;
  bytes.writeBigUInt64BE(change(), at);
  return {
    bytes,
    what: `${what} word at ${at}: ${word.toString(16)} -> ${bytes.toString('hex', at, at + 8)}`,
  };
}
