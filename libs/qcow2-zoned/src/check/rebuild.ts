/**
 * New refcount structures from counted references, past the end of the file. One write of the header's first sector
 * switches to them, when they are durable: a crash before leaves the image as it was.
 */
import { ImageError, invalidOption } from '../errors.ts';
import type { BlockFile } from '../file.ts';
import { roundUp, writeU64 } from '../format/bytes.ts';
import { ENTRY_BYTES } from '../format/entries.ts';
import { encodePointers, POINTERS_AT, type Qcow2Header } from '../format/header.ts';
import { rewriteHeader } from '../format/header-rewrite.ts';
import { MAX_L1_BYTES, MAX_REFCOUNT_TABLE_BYTES } from '../limits.ts';
import { Findings } from './findings.ts';
import { openSubject } from './subject.ts';
import { type Survey, survey } from './survey.ts';

interface Layout {
  /** Indexes of the blocks that are needed, in order; each lies in the cluster `first` + its place here. */
  readonly blocks: readonly number[];
  readonly first: number;
  readonly tableClusters: number;
}

/**
 * The survey leaves the old structures out. Returns the header that holds now, durably. `commit` makes the file's header
 * the one it is given, with one write of one sector. Throws `no_space`.
 */
export function rebuildRefcounts(
  { references, stored }: Survey,
  commit: (file: BlockFile, header: Qcow2Header) => void = writePointers,
): Qcow2Header {
  const { subject, counts } = references;
  const { file, clusterSize, header } = subject;
  const { entriesPerBlock, codec } = stored;
  const layout = layOut(
    Math.max(subject.fileClusters, Math.ceil(file.length / clusterSize), counts.end),
    {
      entriesPerBlock,
      clusterSize,
      isUsed: (first, end) => counts.mayHave(first, end),
    },
  );
  const { blocks, first, tableClusters } = layout;
  const end = first + blocks.length + tableClusters;
  const table = Buffer.alloc(tableClusters * clusterSize);
  const block = Buffer.alloc(clusterSize);
  blocks.forEach((index, place) => {
    block.fill(0);
    for (let i = 0; i < entriesPerBlock; i++) {
      const cluster = index * entriesPerBlock + i;
      const isNew = cluster >= first && cluster < end;
      const count = isNew ? 1 : counts.get(cluster);
      if (count > 0) codec.set(block, i, count);
    }
    file.write(block, (first + place) * clusterSize);
    writeU64(table, (first + place) * clusterSize, index * ENTRY_BYTES);
  });
  const refcountTableOffset = (first + blocks.length) * clusterSize;
  file.write(table, refcountTableOffset);
  file.syncNow();
  const next = { ...header, refcountTableOffset, refcountTableClusters: tableClusters };
  commit(file, next);
  return next;
}

function writePointers(file: BlockFile, header: Qcow2Header): void {
  file.write(encodePointers(header), POINTERS_AT);
  file.syncNow();
}

/**
 * Gives the refcounts of a sound image another width, in the same way. The file must be open for writing and locked, and
 * nothing about it be held in memory. Throws `image_corrupt` where the image is not sound, `invalid_option` where a
 * cluster has more references than the width counts.
 */
export function changeRefcountWidth(file: BlockFile, bits: number): void {
  const subject = openSubject(file);
  const sound = new Findings();
  survey(subject, sound, { withoutRefcounts: true });
  if (sound.found.corruption + sound.found.failure > 0)
    throw new ImageError('image_corrupt', `${file.path}: the image has errors; repair it first`, {
      path: file.path,
    });
  const header = { ...subject.header, refcountOrder: Math.log2(bits) };
  const tooMany = new Findings();
  // the old blocks, read with the new width, say nothing of flags
  const options = { withoutRefcounts: true, flags: new Findings() };
  const counted = survey({ ...subject, header }, tooMany, options);
  if (tooMany.found.corruption + tooMany.found.failure > 0)
    throw invalidOption(
      'refcountBits',
      bits,
      'wide enough for the references of every cluster: snapshots share some',
    );
  rebuildRefcounts(counted, rewriteHeader);
}

/** Blocks count themselves and the table, so that their number is found by trying. */
function layOut(
  first: number,
  image: {
    entriesPerBlock: number;
    clusterSize: number;
    isUsed: (first: number, end: number) => boolean;
  },
): Layout {
  const { entriesPerBlock, clusterSize, isUsed } = image;
  const used: number[] = [];
  for (let index = 0; index * entriesPerBlock < first; index++)
    if (isUsed(index * entriesPerBlock, Math.min(first, (index + 1) * entriesPerBlock)))
      used.push(index);
  let blocks = new Set(used);
  let tableClusters = 1;
  for (;;) {
    const end = first + blocks.size + tableClusters;
    const needed = new Set(used);
    for (let i = Math.floor(first / entriesPerBlock); i * entriesPerBlock < end; i++) needed.add(i);
    const bytes = roundUp(Math.ceil(end / entriesPerBlock) * ENTRY_BYTES, clusterSize);
    if (bytes > MAX_REFCOUNT_TABLE_BYTES)
      throw new ImageError('no_space', 'the file is too long for one refcount table', {
        field: 'refcount table',
        given: bytes,
        allowed: `at most ${MAX_REFCOUNT_TABLE_BYTES} bytes`,
      });
    if (needed.size === blocks.size && bytes === tableClusters * clusterSize)
      return { blocks: [...needed], first, tableClusters };
    blocks = needed;
    tableClusters = bytes / clusterSize;
  }
}

/** Gives the image an L1 table of more entries, past the end of the file, in the same way. Throws `no_space`. */
export function growL1(file: BlockFile, entries: number): void {
  const { header, clusterSize } = openSubject(file);
  if (entries * ENTRY_BYTES > MAX_L1_BYTES)
    throw new ImageError('no_space', `an L1 table of ${entries} entries is too large`, {
      field: 'l1_size',
      given: entries,
      allowed: `at most ${MAX_L1_BYTES / ENTRY_BYTES}`,
    });
  const l1 = Buffer.alloc(roundUp(entries * ENTRY_BYTES, clusterSize));
  file.read(l1.subarray(0, header.l1Entries * ENTRY_BYTES), header.l1TableOffset);
  const l1TableOffset = roundUp(file.length, clusterSize);
  file.write(l1, l1TableOffset);
  const subject = {
    ...openSubject(file),
    header: { ...header, l1TableOffset, l1Entries: entries },
  };
  rebuildRefcounts(survey(subject, new Findings(), { withoutRefcounts: true }));
}
