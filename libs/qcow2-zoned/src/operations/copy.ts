/** Copies disks: what is stored in large pieces, what is zero not at all, or as zeroes. */
import type { Disk } from '../image/disk.ts';
import { OpenedDisk } from '../open.ts';
import { RawDisk } from '../raw-disk.ts';
import { type OperationOptions, Pace } from './pace.ts';
import { type Piece, type ReadPiece, readAhead } from './read-ahead.ts';
import { type PlacedExtent, pieces, walkExtents } from './walk.ts';
import { isZero, zeroRuns } from './zeroes.ts';

/** What is copied to. Offsets and lengths are bytes. */
export interface CopyTarget {
  write(offset: number, data: Uint8Array): void;
  writeZeroes(offset: number, length: number): void;
  /** Called between pieces: the place to make room in memory. */
  settleSome?(): Promise<void> | undefined;
}

export interface CopyOptions extends OperationOptions {
  /** Zeroes are told from data in units of so many bytes; 0: everything is written as data. Default 4096. */
  readonly sparseBytes?: number;
  /** The target reads as zeroes where nothing is written. */
  readonly targetIsZero?: boolean;
  /** Leaves out what files of the source's chain from this depth on answer for: the target has it already. */
  readonly belowDepth?: number | undefined;
  /** Where the disk's first byte goes. Default 0. */
  readonly targetOffset?: number;
}

export const DEFAULT_SPARSE_BYTES = 4096;

/** Copies all of `source`. Errors of either side come through as they are; what was written then stays. */
export async function copyDisk(
  source: Disk,
  target: CopyTarget,
  options: CopyOptions = {},
): Promise<void> {
  const pace = new Pace(options, source.size);
  const copier = new Copier(target, options);
  const toCopy = piecesOf(source, (extent) => copier.copies(extent));
  for await (const piece of readAhead(source, toCopy, ({ extent }) => copier.reads(extent))) {
    copier.copy(piece);
    await target.settleSome?.();
    await pace.advance(piece.length);
  }
  pace.finish();
}

function* piecesOf(disk: Disk, wanted: (extent: PlacedExtent) => boolean): Iterable<Piece> {
  for (const extent of extentsToCopy(disk))
    if (wanted(extent))
      for (const place of pieces(extent.start, extent.length)) yield { extent, ...place };
}

/** Where telling zeroes from data means reading them, the copy does that anyway. */
function extentsToCopy(source: Disk): Iterable<PlacedExtent> {
  const content = source instanceof OpenedDisk ? source.content : undefined;
  if (!(content instanceof RawDisk) || !content.looksForHoles) return walkExtents(source);
  const data = { depth: 0, present: true, zero: false, data: true, compressed: false };
  return [{ ...data, hostOffset: 0, start: 0, length: source.size }];
}

class Copier {
  readonly #sparseBytes: number;
  readonly #targetOffset: number;
  readonly #targetIsZero: boolean;
  readonly #belowDepth: number;

  constructor(
    private readonly target: CopyTarget,
    {
      sparseBytes = DEFAULT_SPARSE_BYTES,
      targetOffset = 0,
      targetIsZero = false,
      belowDepth = Number.POSITIVE_INFINITY,
    }: CopyOptions,
  ) {
    this.#sparseBytes = sparseBytes;
    this.#targetOffset = targetOffset;
    this.#targetIsZero = targetIsZero;
    this.#belowDepth = belowDepth;
  }

  /** False where the target has the extent already. */
  copies({ depth, zero }: PlacedExtent): boolean {
    const isThere = zero && this.#targetIsZero && this.#sparseBytes > 0;
    return depth < this.#belowDepth && !isThere;
  }

  /** True where the extent's bytes are needed. */
  reads({ zero }: PlacedExtent): boolean {
    return !zero || this.#sparseBytes === 0;
  }

  copy({ start, length, data }: ReadPiece): void {
    const to = this.#targetOffset + start;
    if (data === undefined) this.target.writeZeroes(to, length);
    else if (this.#sparseBytes === 0) this.target.write(to, data);
    else
      for (const run of zeroRuns(data, this.#sparseBytes, to % this.#sparseBytes)) {
        if (!run.zero) this.target.write(to + run.from, data.subarray(run.from, run.to));
        else if (!this.#targetIsZero) this.target.writeZeroes(to + run.from, run.to - run.from);
      }
  }
}

/** A target that packs clusters. */
export interface CompressingTarget extends CopyTarget {
  readonly clusterSize: number;
  /** One whole cluster; the last may reach past the end of the disk, with zeroes. */
  writeCompressed(offset: number, cluster: Uint8Array): void;
}

/** Copies all of `source`, each cluster compressed; clusters of zeroes are left out of a target that is zero. */
export async function copyCompressed(
  source: Disk,
  target: CompressingTarget,
  options: CopyOptions = {},
): Promise<void> {
  const { clusterSize } = target;
  const { targetOffset = 0, targetIsZero = false } = options;
  const { belowDepth = Number.POSITIVE_INFINITY } = options;
  const pace = new Pace(options, source.size);
  const cluster = Buffer.allocUnsafe(clusterSize);
  let done = 0;
  for (const extent of walkExtents(source)) {
    if (extent.zero && targetIsZero) continue;
    if (extent.depth >= belowDepth) continue;
    // an extent may begin inside a cluster that the one before it brought along
    const from = Math.max(done, Math.floor(extent.start / clusterSize) * clusterSize);
    for (let at = from; at < extent.start + extent.length; at += clusterSize) {
      source.read(at, cluster);
      if (!isZero(cluster)) target.writeCompressed(targetOffset + at, cluster);
      else if (!targetIsZero)
        target.writeZeroes(targetOffset + at, Math.min(clusterSize, source.size - at));
      done = at + clusterSize;
      await target.settleSome?.();
      await pace.advance(clusterSize);
    }
  }
  pace.finish();
}
